// SPDX-License-Identifier: MIT
#include <descent/optim.hpp>
#include <descent/train/minimize.hpp>

#include <cmath>
#include <limits>
#include <string>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include "message.hpp"

using namespace descent;

namespace {

constexpr double inf = std::numeric_limits<double>::infinity(),
                 not_a_number = std::numeric_limits<double>::quiet_NaN();

/// |x|^2 / 2
struct sphere {
    template <class X, class G>
    double operator()(X const& x, G& g) const {
        g = x;
        return double(x.squaredNorm()) / 2;
    }
};

}  // namespace

TEMPLATE_TEST_CASE("train minimize: gradient descent on a sphere shrinks by 1 - rate a step", "", float,
                   double) {
    vector<TestType> x{{3, -4}};
    auto const report = minimize(sphere{}, x, chain(sgd{}, rate{0.5}), {.epochs = 4});
    CHECK(x == vector<TestType>{{TestType(0.1875), TestType(-0.25)}});
    CHECK(report.status == status::finished);
    CHECK(report.reason == "4 epochs done");
    CHECK(minimize(sphere{}, x, chain(sgd{}, rate{0.5}), {.epochs = 1}).reason == "1 epoch done");
    CHECK(report.epochs == 4);
    CHECK(report.steps == 4);
    CHECK(report.evaluations == 5);  // the last one tells the loss of the weights that are left
    CHECK(report.loss == 25 / 2.0 / 256);
    CHECK(report.best_loss == report.loss);
    CHECK(report.best_epoch == 4);
    CHECK(report.gradient_norm == 5.0 / 16);
    REQUIRE(report.history.size() == 4);
    for (std::size_t i = 0; i < 4; ++i) {
        CHECK(report.history[i].epoch == std::int64_t(i) + 1);
        CHECK(report.history[i].loss == 12.5 / std::pow(4, i));
        CHECK(report.history[i].gradient_norm == 5 / std::pow(2, i));
        CHECK(std::isnan(report.history[i].validation));
    }
    CHECK(report.seconds >= report.history.back().seconds);
}

TEST_CASE("train minimize: converges to the tolerance and says so") {
    vector<double> x{{3, -4}};
    auto const report = minimize(sphere{}, x, chain(sgd{}, rate{0.5}), {.epochs = 1000, .tolerance = 0.4});
    CHECK(report.status == status::converged);
    CHECK(report.reason == "gradient norm 0.3125");
    CHECK(report.epochs == 4);
    CHECK(report.evaluations == 5);
    CHECK(report.loss == 12.5 / 256);
    vector<double> there{{0, 0}};
    auto const at_once = minimize(sphere{}, there, chain(sgd{}, rate{0.5}), {.epochs = 10});
    CHECK(at_once.status == status::converged);
    CHECK(at_once.steps == 0);
}

TEST_CASE("train minimize: nothing to do") {
    vector<double> x{{3, -4}};
    auto const report = minimize(sphere{}, x, chain(sgd{}, rate{0.5}), {.epochs = 0});
    CHECK(report.status == status::finished);
    CHECK(report.steps == 0);
    CHECK(report.history.empty());
    CHECK(x == vector<double>{{3, -4}});
}

TEST_CASE("train minimize: a run that diverges leaves the best point") {
    vector<double> x{{1}};
    auto const cliff = [](auto const& at, auto& g) {  // falls slowly up to 3, then there is nothing
        g[0] = -1;
        return at[0] > 3 ? not_a_number : -at[0];
    };
    auto const report = minimize(cliff, x, chain(sgd{}, rate{1.0}), {.epochs = 10});
    CHECK(report.status == status::diverged);
    CHECK(report.reason == "epoch 4: loss is nan");
    CHECK(x[0] == 3);
    CHECK(report.best_loss == -3);
    CHECK(report.best["x"].data[0] == 3);
}

TEST_CASE("train minimize: a loss or weights that overflow are named") {
    auto const linear = [](double value, double slope) {
        return [=](auto const&, auto& g) {
            g[0] = slope;
            return value;
        };
    };
    vector<double> x{{1}};
    auto const loss = minimize(linear(-inf, 1), x, chain(sgd{}, rate{1.0}), {.epochs = 3});
    CHECK(loss.reason == "epoch 1: loss is -inf");
    auto const weight = minimize(linear(1, inf), x, chain(sgd{}, rate{1.0}), {.epochs = 3});
    CHECK(weight.status == status::diverged);
    CHECK(weight.reason == "epoch 1: a weight is not finite");
    CHECK(x[0] == 1);
    // The weights are finite, but the loss of the last ones is not.
    auto const last = minimize(
        [](auto const& at, auto& g) {
            g[0] = 1;
            return at[0] < 0.5 ? inf : 1.0;
        },
        x, chain(sgd{}, rate{1.0}), {.epochs = 1});
    CHECK(last.status == status::diverged);
    CHECK(last.reason == "after epoch 1: loss is inf");
    CHECK(x[0] == 1);
}

TEST_CASE("train minimize: several tensors") {
    params<double> p{{"a", {2, 2}}, {"b", {3}}};
    p["a"].flat().setConstant(2);
    p["b"].flat().setConstant(-1);
    auto const report = minimize(
        [](params<double> const& w, params<double>& g) {
            g["a"].flat() = w["a"].flat();
            g["b"].flat() = 2 * w["b"].flat();
            return w["a"].flat().squaredNorm() / 2 + w["b"].flat().squaredNorm();
        },
        p, chain(sgd{}, rate{0.5}), {.epochs = 1});
    CHECK(p["a"].flat() == vector<double>::Constant(4, 1));
    CHECK(p["b"].flat() == vector<double>::Zero(3));
    CHECK(report.loss == 2);
}

TEST_CASE("train minimize: a sum over samples is their mean, in every batch size") {
    // f_i = (x - i)^2 / 2 over i = 0 .. 9 has its minimum at 4.5 with value 8.25 / 2.
    auto const sum = sum_over{descent::index(10), [](descent::index i, auto const& x, auto& g) {
                                  g[0] += x[0] - double(i);
                                  return (x[0] - double(i)) * (x[0] - double(i)) / 2;
                              }};
    vector<double> x{{100}};
    auto const report = minimize(sum, x, chain(sgd{}, rate{1.0}), {.epochs = 1});
    CHECK(std::fabs(x[0] - 4.5) < 1e-13);
    CHECK(std::fabs(report.loss - 4.125) < 1e-13);
    CHECK(report.evaluations == 20);

    vector<double> y{{100}};
    auto const in_order =
        minimize(sum, y, chain(sgd{}, rate{1.0}), {.epochs = 1, .batch = mini_batch{5, false}});
    CHECK(std::fabs(y[0] - 7) < 1e-13);  // the mean of the last batch
    CHECK(in_order.steps == 2);
    CHECK(in_order.evaluations == 10);
    CHECK(std::isnan(in_order.gradient_norm));

    for (batch_policy const policy : {batch_policy(mini_batch{3}), batch_policy(single_sample{})}) {
        vector<double> z{{100}};
        minimize(sum, z, chain(sgd{}, rate{polynomial{.start = 0.5, .steps = 1200}}),
                 {.epochs = 300, .batch = policy});
        CHECK(std::fabs(z[0] - 4.5) < 1);
    }
}

TEST_CASE("train minimize: Rosenbrock's valley") {
    vector<double> x{{-1.2, 1}};
    auto const report = minimize(
        [](auto const& at, auto& g) {
            double const a = 1 - at[0], b = at[1] - at[0] * at[0];
            g[0] = -2 * a - 400 * at[0] * b;
            g[1] = 200 * b;
            return a * a + 100 * b * b;
        },
        x, chain(adam{}, rate{0.02}), {.epochs = 20000, .tolerance = 1e-9});
    CHECK(report.status == status::converged);
    CHECK(std::fabs(x[0] - 1) < 1e-8);
    CHECK(std::fabs(x[1] - 1) < 1e-8);
}

TEST_CASE("train minimize: setup freezes and groups, before the first step") {
    params<double> p{{"a", {1}}, {"b", {1}}, {"c", {1}}};
    for (char const* const name : {"a", "b", "c"})
        p[name].data[0] = 1;
    auto const recipe = chain(sgd{}, rate{0.5});
    minimize(
        [](params<double> const& w, params<double>& g) {
            g = w;
            return w.sum_of_squares() / 2;
        },
        p, recipe, {.epochs = 1},
        setup{[](auto& optimizer) { optimizer.freeze("b").group("c", chain(sgd{}, rate{0.25})); }});
    CHECK(p["a"].data[0] == 0.5);
    CHECK(p["b"].data[0] == 1);
    CHECK(p["c"].data[0] == 0.75);
}

TEST_CASE("train minimize: bad input") {
    vector<double> x{{1, 2}}, none;
    auto const plain = [](auto const& recipe, fit_options const& options = {}) {
        vector<double> at{{1, 2}};
        return message_of([&] { minimize(sphere{}, at, recipe, options); });
    };
    CHECK(message_of([&] { minimize(sphere{}, none, chain(sgd{}, rate{1.0})); }) == "minimize: x is empty");
    CHECK(plain(chain(sgd{}, rate{1.0}), {.batch = mini_batch{4}}) ==
          "minimize: batch size = 4: a plain function has no samples; see sum_over");
    CHECK(plain(chain(sgd{}, rate{1.0}), {.epochs = -3}) == "options: epochs = -3: must be >= 0");
    auto const one = [](descent::index, auto const&, auto&) { return 0.0; };
    CHECK(message_of([&] {
              minimize(sum_over{descent::index(0), one}, x, chain(sgd{}, rate{1.0}));
          }) == "sum_over: samples = 0: must be > 0");
    params<double> two{{"a", {1}}, {"b", {1}}};
    CHECK(message_of([&] {
              minimize(sum_over{descent::index(3), one}, two, chain(sgd{}, rate{1.0}));
          }) == "minimize: a sum over samples takes one tensor, x has 2");

    CHECK(plain(chain(sgd{}, rate{-0.1})) == "rate = -0.1: must be finite and > 0");
    CHECK(plain(chain(sgd{}, rate{0.0})) == "rate = 0: must be finite and > 0");
    CHECK(plain(chain(sgd{}, rate{not_a_number})) == "rate = nan: must be finite and > 0");
    CHECK(plain(chain(sgd{}, rate{inf})) == "rate = inf: must be finite and > 0");
    CHECK(plain(chain(adam{.beta1 = 1}, rate{0.1})) == "adam: beta1 = 1: must be in [0, 1)");
    CHECK(plain(chain(adam{.beta2 = -0.1}, rate{0.1})) == "adam: beta2 = -0.1: must be in [0, 1)");
    CHECK(plain(chain(momentum{1.5}, rate{0.1})) == "momentum: beta = 1.5: must be in [0, 1)");
    CHECK(plain(chain(sgd{}, rate{[](std::int64_t step) { return step < 2 ? 0.1 : -1.0; }}), {.epochs = 5}) ==
          "rate: the schedule's value = -1: must be finite and >= 0");
}
