// SPDX-License-Identifier: MIT
#include <cmath>
#include <functional>
#include <limits>
#include <vector>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include <descent/solve/gauss_newton.hpp>
#include <descent/solve/levenberg_marquardt.hpp>
#include <solve/solvers.hpp>
#include "message.hpp"

using namespace descent;
using solve::gauss_newton;
using solve::levenberg_marquardt;

namespace {

/// Residuals model(x, t_i) - y_i, in double inside; slope(x, t, row) writes the derivatives.
struct curve {
    std::vector<double> t, y;
    std::function<double(std::vector<double> const&, double, std::vector<double>&)> model;
    descent::index size = descent::index(t.size());
    std::int64_t calls = 0;

    template <class X, class V, class J>
    void operator()(X const& x, V& r, J* jacobian) {
        using T = typename V::Scalar;
        ++calls;
        std::vector<double> at(x.data(), x.data() + x.size()), slope(at.size());
        for (descent::index i = 0; i < size; ++i) {
            r[i] = T(model(at, t[std::size_t(i)], slope) - y[std::size_t(i)]);
            for (descent::index j = 0; jacobian && j < x.size(); ++j)
                (*jacobian)(i, j) = T(slope[std::size_t(j)]);
        }
    }
};

/// NIST StRD Misra1a: 0.12455138894 / 2 at (238.94212918, 5.5015643181e-4).
curve misra1a() {
    return {{77.6, 114.9, 141.1, 190.8, 239.9, 289.0, 332.8, 378.4, 434.8, 477.3, 536.8, 593.1, 689.1, 760.0},
            {10.07, 14.73, 17.94, 23.93, 29.61, 35.18, 40.02, 44.82, 50.76, 55.05, 61.01, 66.40, 75.47, 81.78},
            [](auto const& b, double t, auto& slope) {
                double const e = std::exp(-b[1] * t);
                slope = {1 - e, b[0] * t * e};
                return b[0] * (1 - e);
            }};
}

/// NIST StRD MGH09 (Kowalik & Osborne), of higher difficulty: 3.0750560385e-4 / 2.
curve mgh09() {
    return {{4, 2, 1, 0.5, 0.25, 0.167, 0.125, 0.1, 0.0833, 0.0714, 0.0625},
            {0.1957, 0.1947, 0.1735, 0.16, 0.0844, 0.0627, 0.0456, 0.0342, 0.0323, 0.0235, 0.0246},
            [](auto const& b, double t, auto& slope) {
                double const above = t * t + t * b[1], below = t * t + t * b[2] + b[3];
                slope = {above / below, b[0] * t / below, -b[0] * above * t / (below * below),
                         -b[0] * above / (below * below)};
                return b[0] * above / below;
            }};
}

/// Rosenbrock's function as two residuals.
auto valley = [](auto const& x, auto& r, auto* J) {
    r[0] = 10 * (x[1] - x[0] * x[0]);
    r[1] = 1 - x[0];
    if (J)
        *J << -20 * x[0], 10, -1, 0;
};

template <class T>
vector<T> point(std::initializer_list<double> numbers) {
    vector<T> x(std::ssize(numbers));
    for (descent::index i = 0; i < x.size(); ++i)
        x[i] = T(numbers.begin()[i]);
    return x;
}

/// What differs from NIST's certified numbers by more than `within`, relative.
template <class M>
std::string wrong(M const& m, curve f, vector<double> x, double twice, std::initializer_list<double> certified,
                  double within) {
    auto const r = solve_by<double>(m, f, x);
    auto const differs = [within](double a, double b) { return !(std::fabs(a - b) <= within * std::fabs(b)); };
    std::string all = differs(2 * r.value, twice) ? text("sum ", 2 * r.value, " ") : "";
    for (descent::index i = 0; i < x.size(); ++i)
        all += differs(x[i], certified.begin()[i]) ? text("x[", i, "] = ", x[i], " ") : "";
    all += r.status != status::converged && r.status != status::stalled ? text(to_text(r.status)) : "";
    return all + (r.evaluations != f.calls ? "evaluations" : "");
}

}  // namespace

TEST_CASE("solve levenberg_marquardt: NIST's certified parameters from both starts") {
    levenberg_marquardt const m{.tolerance = 1e-12};
    double const sum = 1.2455138894e-01, hard = 3.0750560385e-04;
    auto const misra = {2.3894212918e+02, 5.5015643181e-04};
    auto const mgh = {1.9280693458e-01, 1.9128232873e-01, 1.2305650693e-01, 1.3606233068e-01};
    CHECK(wrong(m, misra1a(), point<double>({500, 1e-4}), sum, misra, 1e-9) == "");
    CHECK(wrong(m, misra1a(), point<double>({250, 5e-4}), sum, misra, 1e-9) == "");
    CHECK(wrong(m, mgh09(), point<double>({25, 39, 41.5, 39}), hard, mgh, 1e-6) == "");
    CHECK(wrong(m, mgh09(), point<double>({0.25, 0.39, 0.415, 0.39}), hard, mgh, 1e-6) == "");
    CHECK(wrong(gauss_newton{}, misra1a(), point<double>({250, 5e-4}), sum, misra, 1e-9) == "");
    CHECK(wrong(gauss_newton{}, misra1a(), point<double>({500, 1e-4}), sum, misra, 1e-7) == "");
}

TEMPLATE_TEST_CASE("solve levenberg_marquardt: Rosenbrock's valley, too few residuals, columns of zeros", "",
                   float, double) {
    using T = TestType;
    auto const both = [](auto f, vector<T> start, vector<T> end) {
        vector<T> x = start, y = start;
        auto const a = solve_by<T>(levenberg_marquardt{.tolerance = 1e-5}, f, x);
        auto const b = solve_by<T>(gauss_newton{.tolerance = 1e-5}, f, y);
        bool const near =
            (x - end).cwiseAbs().maxCoeff() < T(1e-4) && (y - end).cwiseAbs().maxCoeff() < T(1e-4);
        return near && a.status == status::converged && b.status == status::converged && a.iterations <= 20 &&
               b.iterations <= 20;
    };
    CHECK(both(solve::vector_function{2, valley}, point<T>({-1.2, 1}), point<T>({1, 1})));
    // x0 + x1 = 2 from (5, 3): the nearest of all solutions for both, since the columns are of one length.
    solve::vector_function few{1, [](auto const& x, auto& r, auto* J) {
                                   r[0] = x[0] + x[1] - 2;
                                   if (J)
                                       *J << 1, 1;
                               }};
    CHECK(both(few, point<T>({5, 3}), point<T>({2, 0})));
    solve::vector_function idle{3, [](auto const& x, auto& r, auto* J) {  // x1 plays no part
                                    for (int i = 0; i < 3; ++i) {
                                        r[i] = x[0] - 4;
                                        if (J)
                                            J->row(i) << 1, 0;
                                    }
                                }};
    CHECK(both(idle, point<T>({0, 7}), point<T>({4, 7})));
}

TEST_CASE("solve levenberg_marquardt: the optimum, values that are not finite, wrong Jacobians, watchers") {
    double const inf = std::numeric_limits<double>::infinity();
    auto const check = [&](auto const& m) {
        solve::vector_function f{2, valley};
        vector<double> x = point<double>({1, 1});
        auto const still = solve_by<double>(m, f, x);
        CHECK((still.status == status::converged && still.iterations == 0 && x == point<double>({1, 1})));

        solve::vector_function broken{1, [&](auto const&, auto& r, auto* J) {
                                          r[0] = inf;
                                          if (J)
                                              J->setOnes();
                                      }};
        auto const lost = solve_by<double>(m, broken, x);
        CHECK((lost.status == status::diverged && x == point<double>({1, 1})));

        // log x1 = 1 from 1e-3: full steps of Gauss and Newton leave the domain.
        solve::vector_function edge{1, [](auto const& x_, auto& r, auto* J) {
                                        r[0] = std::log(x_[0]) - 1;
                                        if (J)
                                            *J << 1 / x_[0];
                                    }};
        vector<double> z = point<double>({20});
        CHECK(
            (solve_by<double>(m, edge, z).status == status::converged && std::fabs(z[0] - std::exp(1)) < 1e-4));

        solve::vector_function lying{2, [](auto const& x_, auto& r, auto* J) {
                                         valley(x_, r, J);
                                         if (J)
                                             *J = -*J;
                                     }};
        vector<double> y = point<double>({-1.2, 1});
        auto const stuck = solve_by<double>(m, lying, y);
        CHECK((stuck.status == status::stalled && (y - point<double>({-1.2, 1})).norm() < 1e-6));

        auto const stopped = solve_by<double>(m, f, y, [](solve::progress const& p) {
            return verdict{p.iteration == 2, status::stopped, "enough"};
        });
        CHECK((stopped.status == status::stopped && stopped.iterations == 2 && stopped.reason == "enough"));
    };
    check(levenberg_marquardt{});
    check(gauss_newton{});
}

TEST_CASE("solve levenberg_marquardt: settings out of range are named") {
    auto const message = [](auto const& m, descent::index n, descent::index size) {
        return message_of([&] { m.check(n, size); });
    };
    CHECK(message(levenberg_marquardt{}, 0, 1) == "levenberg_marquardt: x is empty");
    CHECK(message(levenberg_marquardt{}, 1, 0) == "levenberg_marquardt: f.size = 0: must be > 0");
    CHECK(message(levenberg_marquardt{.damping = 0}, 1, 1) == "levenberg_marquardt: damping = 0: must be > 0");
    CHECK(message(levenberg_marquardt{.cosine = 1}, 1, 1) ==
          "levenberg_marquardt: cosine = 1: must be in [0, 1)");
    CHECK(message(gauss_newton{.iterations = -1}, 1, 1) == "gauss_newton: iterations = -1: must be >= 0");
    CHECK(message(gauss_newton{}, 1, -2) == "gauss_newton: f.size = -2: must be > 0");
}
