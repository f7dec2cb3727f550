// SPDX-License-Identifier: MIT
#include <descent/solve/augmented_lagrangian.hpp>
#include <descent/solve/gauss_newton.hpp>
#include <descent/solve/levenberg_marquardt.hpp>
#include <descent/solve/saga.hpp>
#include <descent/train/minimize.hpp>

#include <cmath>

#include <catch2/catch_test_macros.hpp>

#include "message.hpp"

using namespace descent;

namespace {

/// Counts its calls, and asks to stop after a given epoch.
template <class T>
struct counter {
    std::int64_t stop_at = -1;
    int begun = 0, epochs = 0, ended = 0;
    vector<T> last = {};

    void begin(training<T> const&) { ++begun; }
    bool epoch_done(training<T> const& now) {
        ++epochs;
        last = now.weights["x"].flat();
        return now.epoch == stop_at;
    }
    void end(training<T> const&) { ++ended; }
};

/// y = 2 e^(-t / 2) at t = 0 .. 4, exactly: residuals 0 at (2, 1/2).
template <class T>
auto decay() {
    return solve::vector_function{5, [](auto const& x, auto& r, auto* jacobian) {
                                      for (int i = 0; i < 5; ++i) {
                                          T const e = std::exp(-x[1] * T(i));
                                          r[i] = x[0] * e - T(2) * std::exp(T(-0.5) * T(i));
                                          if (jacobian)
                                              jacobian->row(i) << e, T(-i) * x[0] * e;
                                      }
                                  }};
}

template <class T, class Method>
double off_decay(Method const& method) {
    vector<T> x = vector<T>::Ones(2);
    counter<T> all;
    auto const report = minimize(decay<T>(), x, method, all);
    CHECK(report.status == status::converged);
    CHECK((all.begun == 1 && all.ended == 1));
    CHECK(all.epochs == std::int64_t(report.history.size()));
    CHECK(all.epochs == report.epochs);
    CHECK(all.last == x);
    CHECK(report.best.data()[1] == x[1]);
    CHECK(report.history.front().loss > report.loss);
    return std::hypot(double(x[0]) - 2, double(x[1]) - 0.5) + report.loss;
}

/// x^2 + y^2 where x + y = 1.
auto const on_line = solve::constrained{[](auto const& x, auto& g) {
                                            g = 2 * x;
                                            return x.squaredNorm();
                                        },
                                        solve::vector_function{1, [](auto const& x, auto& c, auto* jacobian) {
                                                                   c[0] = x[0] + x[1] - 1;
                                                                   if (jacobian)
                                                                       jacobian->row(0) << 1, 1;
                                                               }}};

}  // namespace

TEST_CASE("train minimize: residuals, by gauss_newton and levenberg_marquardt, watched and stopped") {
    CHECK(off_decay<double>(solve::gauss_newton{.tolerance = 1e-10}) < 1e-8);
    CHECK(off_decay<double>(solve::levenberg_marquardt{.tolerance = 1e-10}) < 1e-8);
    CHECK(off_decay<float>(solve::levenberg_marquardt{.tolerance = 1e-4}) < 1e-3);

    vector<double> x = vector<double>::Ones(2);
    counter<double> one{.stop_at = 1};
    auto const report = minimize(decay<double>(), x, solve::levenberg_marquardt{}, one);
    CHECK(report.status == status::stopped);
    CHECK((report.epochs == 1 && report.history.size() == 1 && one.ended == 1));
    CHECK(one.last == x);
    CHECK(report.loss == report.history[0].loss);

    vector<double> none;
    CHECK(message_of([&] { minimize(decay<double>(), none, solve::gauss_newton{}); }) ==
          "minimize: x is empty");
    CHECK(message_of([&] { minimize(decay<double>(), x, solve::gauss_newton{.tolerance = -1}); }) ==
          "gauss_newton: tolerance = -1: must be >= 0");
    counter<double> failing;
    auto const broken =
        solve::vector_function{1, [](auto const&, auto&, auto*) { throw descent::error("no residuals"); }};
    CHECK(message_of([&] { minimize(broken, x, solve::levenberg_marquardt{}, failing); }) == "no residuals");
    CHECK(failing.ended == 1);
}

TEST_CASE("train minimize: constraints, by augmented_lagrangian, watched and stopped") {
    vector<double> x = vector<double>::Constant(2, 3);
    counter<double> all;
    auto const report = minimize(on_line, x, solve::augmented_lagrangian{.tolerance = 1e-8}, all);
    CHECK(report.status == status::converged);
    CHECK((x.array() - 0.5).abs().maxCoeff() < 1e-7);
    CHECK(std::abs(report.loss - 0.5) < 1e-7);
    CHECK(report.gradient_norm <= 1e-8);
    CHECK(all.epochs == std::int64_t(report.history.size()));
    CHECK(all.ended == 1);

    x.setConstant(3);
    counter<double> one{.stop_at = 1};
    CHECK(minimize(on_line, x, solve::augmented_lagrangian{}, one).status == status::stopped);
    CHECK((one.epochs == 1 && one.ended == 1));
    CHECK(message_of([&] { minimize(on_line, x, solve::augmented_lagrangian{.growth = 1}); }) ==
          "augmented_lagrangian: growth = 1: must be finite and > 1");
}

TEST_CASE("train minimize: a sum over samples, by a method that draws them") {
    vector<double> x = vector<double>::Zero(1);  // the mean of 0 .. 9
    auto const squares = [](descent::index i, auto const& at, auto& g) {
        g[0] += at[0] - double(i);
        return 0.5 * (at[0] - double(i)) * (at[0] - double(i));
    };
    counter<double> all;
    auto const report = minimize(sum_over{10, squares}, x, solve::saga{.tolerance = 1e-9}, all);
    CHECK(report.status == status::converged);
    CHECK(std::abs(x[0] - 4.5) < 1e-8);
    CHECK(std::abs(report.loss - 4.125) < 1e-12);
    CHECK(all.epochs == report.epochs);
    CHECK(message_of([&] {
              minimize(sum_over{0, squares}, x, solve::saga{});
          }) == "sum_over: samples = 0: must be > 0");
}
