// SPDX-License-Identifier: MIT
#include <descent/linear/logistic_regression.hpp>
#include <descent/optim/chain.hpp>
#include <descent/optim/rate.hpp>
#include <descent/optim/sgd.hpp>
#include <descent/solve/lbfgs.hpp>
#include <descent/train/early_stopping.hpp>
#include <descent/train/fit.hpp>
#include <descent/train/minimize.hpp>

#include <cmath>
#include <string>

#include <catch2/catch_test_macros.hpp>

#include "message.hpp"

using namespace descent;

namespace {

auto const bowl = [](auto const& x, auto& g) {
    g = 2 * (x.array() - 1).matrix();
    return (x.array() - 1).square().sum();
};

/// Counts its calls, and asks to stop after a given epoch.
struct counter {
    std::int64_t stop_at = -1;
    int begun = 0, epochs = 0, ended = 0;
    double last = 0;

    void begin(training<double> const&) { ++begun; }
    bool epoch_done(training<double> const& now) {
        ++epochs;
        last = now.weights["x"].flat()[0];
        return now.epoch == stop_at;
    }
    void end(training<double> const&) { ++ended; }
};

/// A method that knows the value after every third of six steps alone.
struct silent_steps {
    using problem = solve::smooth;

    template <class F, class T, class Watch>
    solve::outcome run(F&, vector_view<T> x, Watch const& watch) const {
        for (std::int64_t i = 1; i <= 6; ++i) {
            x[0] += T(0.1);
            solve::progress now{.iteration = i};
            if (i % 3 == 0)
                now.value = -double(x[0]);
            if (auto const told = watch(now); told.stop)
                return {told.status, told.reason, i};
        }
        return {.iterations = 6, .value = -double(x[0])};
    }
};

}  // namespace

TEST_CASE("train solving: a method minimizes functions of vectors, of params and sums over samples") {
    vector<double> x = vector<double>::Constant(3, 5);
    auto const report = minimize(bowl, x, solve::lbfgs{.tolerance = 1e-10});
    CHECK((x.array() - 1).abs().maxCoeff() < 1e-10);
    CHECK(report.status == status::converged);
    CHECK(report.loss < 1e-20);
    CHECK(report.evaluations >= 2);
    CHECK(report.best.data()[0] == x[0]);

    auto const named = [](Eigen::VectorXd const& at, Eigen::VectorXd& g) { return bowl(at, g); };
    Eigen::VectorXd y = Eigen::VectorXd::Constant(3, 5);
    CHECK(minimize(named, y, solve::lbfgs{.tolerance = 1e-10}).evaluations == report.evaluations);
    CHECK(y == x);
    y.setConstant(5);
    minimize(named, y, chain(sgd{}, rate{0.25}), {.epochs = 1});
    CHECK(y[0] == 3);
    CHECK(message_of([&] {
              minimize([](Eigen::VectorXd const&, Eigen::VectorXd& g) { return g.resize(2), 0.0; }, y,
                       solve::lbfgs{});
          }) == "minimize: the gradient has 2 numbers, x 3");

    params<double> two{{"a", {3}}, {"b", {1}}};
    minimize(
        [](auto const& at, auto& g) {
            g["a"].flat() = at["a"].flat().array() - 2;
            g["b"].flat() = at["b"].flat().array() + 3;
            return 0.5 * (g["a"].flat().squaredNorm() + g["b"].flat().squaredNorm());
        },
        two, solve::lbfgs{.tolerance = 1e-10});
    CHECK(std::fabs(two["a"].flat()[1] - 2) < 1e-9);
    CHECK(std::fabs(two["b"].flat()[0] + 3) < 1e-9);

    vector<double> mean = vector<double>::Zero(1);  // the mean of 0 .. 9 minimizes the sum of squares
    minimize(sum_over{10,
                      [](descent::index i, auto const& at, auto& g) {
                          g[0] += at[0] - double(i);
                          return 0.5 * (at[0] - double(i)) * (at[0] - double(i));
                      }},
             mean, solve::lbfgs{.tolerance = 1e-10});
    CHECK(std::fabs(mean[0] - 4.5) < 1e-9);
}

TEST_CASE("train solving: callbacks see each iteration with its point, stop it, and always end") {
    vector<double> x = vector<double>::Constant(2, 5);
    counter all;
    auto const report = minimize(bowl, x, solve::lbfgs{}, all);
    CHECK(all.begun == 1);
    CHECK(all.ended == 1);
    CHECK(all.epochs == std::int64_t(report.history.size()));
    CHECK(all.last == x[0]);

    x.setConstant(5);
    counter first{.stop_at = 1};
    CHECK(minimize(bowl, x, solve::lbfgs{}, first).status == status::stopped);
    CHECK(first.ended == 1);

    counter failing;
    auto const broken = [](auto const&, auto&) -> double { throw descent::error("no value"); };
    CHECK(message_of([&] { minimize(broken, x, solve::lbfgs{}, failing); }) == "no value");
    CHECK(failing.ended == 1);
    CHECK(message_of(
              [&] { minimize(bowl, x, solve::lbfgs{}, [](training<double> const& now) { now.take(); }); }) ==
          "take: a method of solve/ cannot be resumed, it has no snapshot; its point is training::weights");
    vector<double> none;
    CHECK(message_of([&] { minimize(bowl, none, solve::lbfgs{}); }) == "minimize: x is empty");
}

TEST_CASE("train solving: validation data judges a fit by a method") {
    data::dataset<double> table;
    table.x = matrix<double>::Zero(8, 1);
    table.y = vector<double>::Zero(8);
    for (descent::index i = 0; i < 8; ++i) {
        table.x(i, 0) = double(i) - 3.5;
        table.y[i] = i > 3 || i == 1;
    }
    linear::logistic_regression<double> model{1};
    auto const report = fit(model, table, solve::lbfgs{}, validate_on{table});
    REQUIRE(!report.history.empty());
    CHECK(std::fabs(report.history.back().validation - report.loss) < 1e-12);
    CHECK(report.best_loss <= report.history.front().validation);

    // Targets the other way round: the start is best, and what is told is told of the weights that are left.
    auto opposite = table;
    opposite.y = 1 - table.y.array();
    model = linear::logistic_regression<double>{1};
    auto const early = fit(model, table, solve::lbfgs{}, validate_on{opposite}, early_stopping{.patience = 2});
    CHECK(early.status == status::stopped);
    CHECK(early.best_epoch < early.epochs);
    CHECK(early.loss == model.loss(data::all_of(table)));
    CHECK(early.gradient_norm == early.history[std::size_t(early.best_epoch) - 1].gradient_norm);
    CHECK(early.best_loss == model.loss(data::all_of(opposite)));
}

TEST_CASE("train solving: early stopping does not count iterations that tell no loss") {
    vector<double> x = vector<double>::Zero(1);
    auto const told = minimize(bowl, x, silent_steps{}, early_stopping{.patience = 2});
    CHECK(told.status == status::finished);
    CHECK(told.epochs == 6);
}
