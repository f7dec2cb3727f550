// SPDX-License-Identifier: MIT
#include <catch2/catch_test_macros.hpp>

#include <cmath>
#include <limits>

#include <descent/loss/logistic.hpp>
#include <descent/solve/averaged_sgd.hpp>
#include <descent/solve/saga.hpp>
#include <descent/solve/svrg.hpp>

#include "linear_table.hpp"

// saga, svrg and averaged_sgd on a sum over samples of the user's own.
namespace descent::linear_table {

namespace {

template <class T>
struct found {
    vector<T> x;
    solve::outcome end;
};
template <class T, class Method, class F, class Watch = solve::unwatched>
found<T> solved_by(Method const& method, F f, vector<T> x, Watch const& watch = {}) {
    found<T> made{std::move(x), {}};
    made.end = method.template run<F, T>(f, vector_view<T>(made.x.data(), made.x.size()), watch);
    return made;
}

/// A line through 21 points, half of squared distances: the optimum is that of the normal equations, here
/// diagonal.
struct line {
    double t(index i) const { return double(i - 10) / 10; }
    double y(index i) const { return 0.7 - 1.3 * t(i) + (i % 3 ? 0.4 : -0.6); }

    template <class T>
    auto sum() const {
        return sum_over{21, [*this](index i, auto const& x, auto& g) {
                            double const off = double(x[0]) + double(x[1]) * t(i) - y(i);
                            g[0] += T(off);
                            g[1] += T(off * t(i));
                            return 0.5 * off * off;
                        }};
    }
    /// Least value; the coefficients to x.
    double best(double* x) const {
        double mean = 0, with = 0, square = 0, value = 0;
        for (index i = 0; i < 21; ++i) {
            mean += y(i) / 21;
            with += y(i) * t(i);
            square += t(i) * t(i);
        }
        x[0] = mean;
        x[1] = with / square;
        for (index i = 0; i < 21; ++i)
            value += std::pow(x[0] + x[1] * t(i) - y(i), 2) / 42;
        return value;
    }
};

template <class T, class Method>
double off_line(Method const& method) {
    double best[2];
    double const least = line{}.best(best);
    auto const made = solved_by<T>(method, line{}.sum<T>(), vector<T>::Zero(2));
    double const above = made.end.value / least - 1;
    REQUIRE(std::abs(above) < 0.01);
    return std::hypot(double(made.x[0]) - best[0], double(made.x[1]) - best[1]);
}

}  // namespace

TEST_CASE("solve saga: a sum over samples to its optimum, without a rate, in float and double") {
    CHECK(off_line<double>(solve::saga{.tolerance = 1e-10}) < 1e-9);
    CHECK(off_line<double>(solve::svrg{.tolerance = 1e-10}) < 1e-9);
    CHECK(off_line<float>(solve::saga{.tolerance = 1e-5}) < 3e-5);
    CHECK(off_line<float>(solve::svrg{.tolerance = 1e-5}) < 3e-5);
    CHECK(off_line<double>(solve::averaged_sgd{.passes = 60}) < 0.07);
    CHECK(off_line<float>(solve::averaged_sgd{.passes = 60, .batch = 4}) < 0.07);
}

TEST_CASE("solve saga: a sum over samples with l1: the soft threshold of the mean") {
    double const at[3][4] = {{2, 4, 5, 1}, {-1, 0, -1, 0}, {0.5, 0.1, 0, 0.2}};  // means 3, -0.5, 0.2
    sum_over const f{4, [&](index i, auto const& x, auto& g) {
                         double value = 0;
                         for (index j = 0; j < 3; ++j) {
                             double const off = x[j] - at[j][i];
                             value += 0.5 * off * off;
                             g[j] += off;
                         }
                         return value;
                     }};
    for (auto const& made :
         {solved_by<double>(solve::saga{.l1 = 1, .tolerance = 1e-9}, f, vector<double>::Ones(3)),
          solved_by<double>(solve::svrg{.l1 = 1, .tolerance = 1e-9}, f, vector<double>::Ones(3))}) {
        CHECK(made.end.status == status::converged);
        CHECK(std::abs(made.x[0] - 2) < 1e-8);
        CHECK(made.x[1] == 0);
        CHECK(made.x[2] == 0);
    }
}

TEST_CASE("solve saga: a sum over rows steps like the linear problem; orders repeat, watchers stop") {
    auto const table = labelled<double>(50, 6);
    auto const rows = data::all_of(table);
    sum_over const f{50, [&](index i, auto const& x, auto& g) {
                         double const z = table.x.row(i).dot(x.transpose());
                         g += loss::logistic{}.slope(z, table.y[i]) * table.x.row(i).transpose();
                         return loss::logistic{}.value(z, table.y[i]);
                     }};
    solve::linear_problem const p{rows, loss::logistic{}};
    vector<double> const zero = vector<double>::Zero(6);
    auto const alike = [&](auto const& method) {
        auto const a = run(method, p, false);
        auto const b = solved_by<double>(method, f, zero);
        return (a.w - b.x).norm() < 1e-12 && a.w.norm() > 0.1 && a.end.evaluations == b.end.evaluations;
    };
    CHECK(alike(solve::saga{.passes = 3, .rate = 0.05}));
    CHECK(alike(solve::svrg{.passes = 3, .rate = 0.05}));

    auto const repeats_and_stops = [&](auto method) {
        auto const once = solved_by<double>(method, f, zero), again = solved_by<double>(method, f, zero);
        auto const stopped = solved_by<double>(method, f, zero, [](solve::progress const& now) {
            return verdict{now.iteration == 2, status::stopped, "enough"};
        });
        method.seed = 7;
        bool const repeats = once.x == again.x && once.x != solved_by<double>(method, f, zero).x;
        return repeats && stopped.end.status == status::stopped && stopped.end.iterations == 2;
    };
    CHECK(repeats_and_stops(solve::saga{.passes = 4}));
    CHECK(repeats_and_stops(solve::svrg{.passes = 4}));
    CHECK(repeats_and_stops(solve::averaged_sgd{.passes = 4, .batch = 3}));
}

TEST_CASE("solve saga: a sum that is not finite gives the start back, bad input its name") {
    sum_over const broken{5, [](index i, auto const& x, auto& g) {
                              g[0] += i == 3 ? std::numeric_limits<double>::quiet_NaN() : x[0] - 1;
                              return 0.5 * (x[0] - 1) * (x[0] - 1);
                          }};
    auto const diverges = [&](auto const& method) {
        auto const made = solved_by<double>(method, broken, vector<double>::Constant(1, 4));
        return made.end.status == status::diverged && made.x[0] == 4;
    };
    CHECK(diverges(solve::saga{}));
    CHECK(diverges(solve::svrg{}));
    CHECK(diverges(solve::averaged_sgd{}));

    auto f = broken;
    auto const complaint = [&](auto const& method, index size = 1) {
        return message_of([&] { solved_by<double>(method, f, vector<double>::Zero(size)); });
    };
    CHECK(complaint(solve::saga{.rate = -1}) == "saga: rate = -1: must be finite and >= 0");
    CHECK(complaint(solve::svrg{.l1 = -1}) == "svrg: l1 = -1: must be finite and >= 0");
    CHECK(complaint(solve::averaged_sgd{.batch = 0}) == "averaged_sgd: batch = 0: must be > 0");
    CHECK(complaint(solve::saga{}, 0) == "saga: x is empty");
    CHECK(complaint(solve::averaged_sgd{}, 0) == "averaged_sgd: x is empty");
    f.samples = 0;
    CHECK(complaint(solve::svrg{}) == "sum_over: samples = 0: must be > 0");
    CHECK(complaint(solve::averaged_sgd{}) == "sum_over: samples = 0: must be > 0");
}

}  // namespace descent::linear_table
