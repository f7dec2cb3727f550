// SPDX-License-Identifier: MIT
#include <catch2/catch_test_macros.hpp>

#include <cmath>
#include <limits>

#include <descent/loss/logistic.hpp>
#include <descent/regularize/box.hpp>
#include <descent/solve/coordinate_descent.hpp>
#include <descent/solve/fista.hpp>
#include <descent/solve/owlqn.hpp>
#include <descent/solve/proximal_gradient.hpp>

#include "linear_table.hpp"

// proximal_gradient, fista and owlqn: three methods for one kind of problem.
namespace descent::linear_table {

namespace {

/// The mean loss of a table as f(x, g), x = (w, b).
template <class Loss, class T>
struct smooth_part {
    data::dataset<T> const& table;
    Loss loss = {};

    double operator()(vector_view<T const> x, vector_view<T> g) const {
        g.setZero();
        double total = 0;
        index const d = table.features();
        for (index i = 0; i < table.samples(); ++i) {
            T const z = table.x.row(i).dot(x.head(d)) + x[d], n = T(table.samples());
            total += double(loss.value(z, table.y[i])) / double(n);
            g.head(d) += loss.slope(z, table.y[i]) / n * table.x.row(i).transpose();
            g[d] += loss.slope(z, table.y[i]) / n;
        }
        return total;
    }
};

template <class Method, class F, class T, class Watch = solve::unwatched>
solve::outcome minimize(Method const& method, F f, vector<T>& x, Watch const& watch = {}) {
    return method.template run<F, T>(f, vector_view<T>(x.data(), x.size()), watch);
}

/// (x - center)^2 weighted / 2: the solution under a separable penalty is known.
struct bowl {
    vector<double> center, curve;
    double operator()(vector_view<double const> x, vector_view<double> g) const {
        g = curve.cwiseProduct(x - center);
        return 0.5 * g.dot(x - center);
    }
};

}  // namespace

TEST_CASE("solve proximal_gradient: three methods find coordinate descent's lasso, bias and all") {
    auto const table = labelled<double>(50, 9);
    auto const exact = run(solve::coordinate_descent{.l1 = 0.03, .tolerance = 1e-15},
                           solve::linear_problem{data::all_of(table), loss::squared{}}, true);
    auto const off = [&](auto const& method) {
        vector<double> x = vector<double>::Zero(10);
        auto const end = minimize(method, smooth_part<loss::squared, double>{table}, x);
        bool const zeros = ((x.head(9).array() == 0) == (exact.w.array() == 0)).all();
        return end.status == status::converged && zeros && std::abs(end.value - exact.end.value) < 1e-12
                   ? (x.head(9) - exact.w).norm() + std::abs(x[9] - exact.b)
                   : 1.0;
    };
    CHECK(off(solve::proximal_gradient<>{.penalty = {0.03}, .tolerance = 1e-10, .free = 1}) < 1e-8);
    CHECK(off(solve::fista<>{.penalty = {0.03}, .tolerance = 1e-10, .free = 1}) < 1e-8);
    CHECK(off(solve::owlqn{.l1 = 0.03, .tolerance = 1e-10, .free = 1}) < 1e-8);
}

TEST_CASE("solve fista: l1 logistic regression as owlqn, in float near it") {
    auto const table = labelled<double>(80, 12);
    auto const small = labelled<float>(80, 12);
    vector<double> a = vector<double>::Zero(13), b = a, c = a;
    smooth_part<loss::logistic, double> const f{table};
    auto const one = minimize(solve::fista<>{.penalty = {0.02}, .tolerance = 1e-9, .free = 1}, f, a);
    auto const two = minimize(solve::owlqn{.l1 = 0.02, .tolerance = 1e-9, .free = 1}, f, b);
    auto const slow =
        minimize(solve::proximal_gradient<>{.penalty = {0.02}, .tolerance = 1e-9, .free = 1}, f, c);
    CHECK(std::abs(one.value - two.value) < 1e-8 * two.value);
    CHECK((a - b).norm() < 1e-6);
    CHECK((a - c).norm() < 1e-6);
    CHECK(one.iterations < slow.iterations);
    CHECK(((a.array() == 0) == (b.array() == 0)).all());
    vector<float> d = vector<float>::Zero(13), e = d;
    smooth_part<loss::logistic, float> const single{small};
    auto const near = minimize(solve::fista<>{.penalty = {0.02}, .free = 1}, single, d);
    auto const nearer = minimize(solve::owlqn{.l1 = 0.02, .free = 1}, single, e);
    CHECK(std::abs(near.value / one.value - 1) < 1e-5);
    CHECK(std::abs(nearer.value / one.value - 1) < 1e-5);
    CHECK(near.status != status::finished);
    CHECK(nearer.status != status::finished);
}

TEST_CASE("solve fista: constraints and curved penalties with known solutions") {
    bowl const f{vector<double>{{3, -2, 0.5, 8}}, vector<double>{{1, 10, 100, 1000}}};
    vector<double> const inside{{1, -1, 0.5, 1}};
    for (double const start : {0.0, 50.0}) {
        vector<double> x = vector<double>::Constant(4, start), y = x;
        minimize(solve::fista<regularize::box>{.penalty = {-1, 1}, .tolerance = 1e-10}, f, x);
        minimize(solve::proximal_gradient<regularize::box>{.penalty = {-1, 1}, .tolerance = 1e-10}, f, y);
        CHECK((x - inside).norm() < 1e-10);
        CHECK((y - inside).norm() < 1e-10);
    }
    // Values never rise, and x holds what progress tells.
    vector<double> x = vector<double>::Zero(4);
    double last = std::numeric_limits<double>::infinity();
    bool falls = true, told = true;
    auto const end =
        minimize(solve::fista<>{.penalty = {0.5}, .tolerance = 1e-11}, f, x, [&](solve::progress const& now) {
            vector<double> g(4);
            double const here = f({x.data(), 4}, {g.data(), 4}) + 0.5 * x.lpNorm<1>();
            falls = falls && now.value <= last * (1 + 1e-14);
            told = told && std::abs(here - now.value) <= 1e-12 * std::abs(here);
            last = now.value;
            return verdict{};
        });
    CHECK(falls);
    CHECK(told);
    CHECK(end.status == status::converged);
    CHECK((x - vector<double>{{2.5, -1.95, 0.495, 7.9995}}).norm() < 1e-9);
}

TEST_CASE("solve owlqn: no penalty, stops, bad input, values that are not finite") {
    bowl const f{vector<double>{{3, -2, 0.5, 8}}, vector<double>{{1, 10, 100, 1000}}};
    vector<double> x = vector<double>::Zero(4);
    minimize(solve::owlqn{.l1 = 0, .tolerance = 1e-9}, f, x);
    CHECK((x - f.center).norm() < 1e-8);
    auto const ends = [&](auto const& method) {
        vector<double> y = vector<double>::Zero(4);
        auto const stopped = minimize(method, f, y, [](solve::progress const& now) {
            return verdict{now.iteration == 2, status::out_of_time, "late"};
        });
        auto broken = [](vector_view<double const>, vector_view<double> g) {
            g.setZero();
            return std::nan("");
        };
        auto const bad = minimize(method, broken, y);
        return stopped.iterations == 2 && stopped.status == status::out_of_time && stopped.reason == "late" &&
               bad.status == status::diverged;
    };
    CHECK(ends(solve::owlqn{.tolerance = 0}));
    CHECK(ends(solve::fista<>{.tolerance = 0}));
    CHECK(ends(solve::proximal_gradient<>{.tolerance = 0}));
    auto const complaint = [](auto const& method, index n) { return message_of([&] { method.check(n); }); };
    CHECK(complaint(solve::owlqn{.l1 = -1}, 1) == "owlqn: l1 = -1: must be finite and >= 0");
    CHECK(complaint(solve::owlqn{.memory = 0}, 1) == "owlqn: memory = 0: must be >= 1");
    CHECK(complaint(solve::owlqn{.free = 2}, 1) == "owlqn: free = 2: must be in [0, 1]");
    CHECK(complaint(solve::owlqn{}, 0) == "owlqn: x is empty");
    CHECK(complaint(solve::fista<>{.iterations = -1}, 1) == "fista: iterations = -1: must be >= 0");
    CHECK(complaint(solve::fista<>{.free = -1}, 1) == "fista: free = -1: must be in [0, 1]");
    CHECK(complaint(solve::proximal_gradient<>{.tolerance = -1}, 1) ==
          "proximal_gradient: tolerance = -1: must be >= 0");
}

}  // namespace descent::linear_table
