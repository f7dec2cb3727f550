// SPDX-License-Identifier: MIT
#include <cmath>
#include <limits>
#include <vector>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include <descent/solve/lbfgsb.hpp>
#include <solve/solvers.hpp>
#include "message.hpp"

using namespace descent;
using solve::lbfgsb;

namespace {

constexpr double none = std::numeric_limits<double>::infinity();

template <class T>
vector<T> filled(descent::index n, double number) {
    return vector<T>::Constant(n, T(number));
}

/// f that notes whether it was asked outside of [low, high].
template <class T, class P>
any_problem<T> watched(P p, double low, double high, bool& left) {
    return {[p, low, high, &left](auto const& x, auto& g) mutable {
        left = left || x.minCoeff() < T(low) || x.maxCoeff() > T(high);
        return p(x, g);
    }};
}

/// The function of the first driver of the L-BFGS-B code (Zhu, Byrd, Lu & Nocedal, 1997): 0 at (1, 1, ...).
struct driver {
    template <class X, class G>
    double operator()(X const& x, G& g) const {
        g.setZero();
        double value = (x[0] - 1) * (x[0] - 1);
        g[0] = 2 * (x[0] - 1);
        for (descent::index i = 1; i < x.size(); ++i) {
            double const t = x[i] - x[i - 1] * x[i - 1];
            value += 4 * t * t;
            g[i] += 8 * t;
            g[i - 1] -= 16 * t * x[i - 1];
        }
        return value;
    }
};

}  // namespace

TEMPLATE_TEST_CASE("solve lbfgsb: the named problems in a box end where SciPy's L-BFGS-B ends", "", float,
                   double) {
    using T = TestType;
    bool left = false;
    lbfgsb const box{.low = {-1.5}, .high = {0.5}, .tolerance = 1e-4};
    auto const wrong = [&](auto p, vector<T> x, double value, double at0, double at1) {
        auto f = watched<T>(p, -1.5, 0.5, left);
        auto const r = solve_by<T>(box, f, x);
        bool const near = std::fabs(double(x[0]) - at0) < 1e-3 && std::fabs(double(x[1]) - at1) < 1e-3;
        return r.status == status::converged && near && std::fabs(r.value - value) <= 1e-6 * value ? 0 : 1;
    };
    CHECK(wrong(problems::rosenbrock{}, problems::rosenbrock::start<T>(2), 0.25, 0.5, 0.25) == 0);
    CHECK(wrong(problems::rosenbrock{}, problems::rosenbrock::start<T>(10), 7.59481295, 0.5, 0.26306598) == 0);
    CHECK(wrong(problems::rosenbrock{}, problems::rosenbrock::start<T>(100), 96.6855316, 0.5, 0.26306598) == 0);
    CHECK(wrong(problems::beale{}, filled<T>(2, 1), 7.85063661, 0.5, -1.19036288) == 0);  // a start outside
    CHECK(wrong(problems::himmelblau{}, filled<T>(2, 0), 144.125, 0.5, 0.5) == 0);
    CHECK(!left);
}

TEST_CASE("solve lbfgsb: the code's own first driver, bounds one by one") {
    // 25 variables, the odd ones in [1, 100], the others in [-100, 100], start 3, 5 pairs. SciPy 1.17: 34
    // calls.
    lbfgsb method{.memory = 5};
    for (int i = 0; i < 25; ++i) {
        method.low.push_back(i % 2 ? -100 : 1);
        method.high.push_back(100);
    }
    any_problem<double> f{driver{}};
    vector<double> x = filled<double>(25, 3);
    auto const r = solve_by<double>(method, f, x);
    CHECK((r.status == status::converged && r.value < 1e-10 && r.evaluations <= 51));
}

TEST_CASE("solve lbfgsb: the optimality conditions hold at the end, for bounds of every kind") {
    for (int kind = 0; kind < 4; ++kind) {  // none, below, above, both; some variables fixed
        lbfgsb method{.tolerance = 1e-8};
        descent::index const n = 21;
        for (int i = 0; i < n; ++i) {
            double const middle = 0.3 * (i % 9);
            method.low.push_back(kind & 1 ? middle - 0.2 * (i % 3) : -none);
            method.high.push_back(kind & 2 ? middle + 0.1 * (i % 2) : none);
        }
        auto f = problem_of<double>(problems::quadratic{300});
        vector<double> x = filled<double>(n, -4);
        auto const r = solve_by<double>(method, f, x);
        // The optimum of a separable quadratic is that of each variable: 1, moved into its bounds.
        double away = 0;
        for (int i = 0; i < n; ++i)
            away = std::max(away, std::fabs(x[i] - std::min(std::max(1.0, method.low[std::size_t(i)]),
                                                            method.high[std::size_t(i)])));
        CHECK((r.status == status::converged && away < 1e-8));
    }
    // One point is left.
    auto f = problem_of<double>(problems::rosenbrock{});
    vector<double> x = filled<double>(3, 0);
    auto const r = solve_by<double>(lbfgsb{.low = {2}, .high = {2}}, f, x);
    CHECK((r.status == status::converged && r.iterations == 0 && x == filled<double>(3, 2)));
}

TEST_CASE("solve lbfgsb: boxes that fit no x are named") {
    auto const message = [](lbfgsb const& m) { return message_of([&] { m.check(3); }); };
    CHECK(message({.low = {0, 1}}) == "lbfgsb: low has 2 numbers, x has 3");
    CHECK(message({.high = {0, 1, 2, 3}}) == "lbfgsb: high has 4 numbers, x has 3");
    CHECK(message({.low = {0, 1, 2}, .high = {1, 1, 1}}) == "lbfgsb: low[2] = 2: must be <= high[2] = 1");
    CHECK(message({.low = {0}, .high = {0, 0, -1}}) == "lbfgsb: low[2] = 0: must be <= high[2] = -1");
    CHECK(message({.low = {0, std::nan(""), 0}}) == "lbfgsb: low[1] = nan: must be a number");
    CHECK(message({.memory = 0}) == "lbfgsb: memory = 0: must be >= 1");
}
