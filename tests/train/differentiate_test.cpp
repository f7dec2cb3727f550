// SPDX-License-Identifier: MIT
#include <descent/optim/adam.hpp>
#include <descent/optim/chain.hpp>
#include <descent/optim/rate.hpp>
#include <descent/optim/sgd.hpp>
#include <descent/train/differentiate.hpp>
#include <descent/train/minimize.hpp>

#include <cmath>
#include <limits>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

using namespace descent;

TEMPLATE_TEST_CASE("train differentiate: exact for any number of variables around the chunk of 8", "", float,
                   double) {
    using T = TestType;
    // sum of sin(x_i) x_(i+1): slopes cos(x_i) x_(i+1) + sin(x_(i-1)).
    int calls = 0;
    auto const f = differentiate([&](auto const& x) {
        ++calls;
        using std::sin;
        auto total = x[0] * 0;
        for (descent::index i = 0; i + 1 < x.size(); ++i)
            total += sin(x[i]) * x[i + 1];
        return total;
    });
    for (descent::index const n : {1, 2, 7, 8, 9, 16, 17}) {
        vector<T> x(n), g(n);
        for (descent::index i = 0; i < n; ++i)
            x[i] = T(i) / 3 - 1;
        calls = 0;
        double value = 0;
        for (descent::index i = 0; i + 1 < n; ++i)
            value += std::sin(double(x[i])) * double(x[i + 1]);
        T const ulp = 20 * std::numeric_limits<T>::epsilon();
        CHECK(std::fabs(f(x, g) - value) <= double(ulp) * 10);
        CHECK(calls == (n + 7) / 8);
        for (descent::index i = 0; i < n; ++i) {
            T const expected =
                (i + 1 < n ? std::cos(x[i]) * x[i + 1] : T(0)) + (i > 0 ? std::sin(x[i - 1]) : T(0));
            CHECK(std::fabs(g[i] - expected) <= ulp);
        }
    }
}

TEST_CASE("train differentiate: Eigen's own functions") {
    vector<double> const x{{1, -2, 3}};
    vector<double> g(3);
    CHECK(differentiate([](auto const& v) { return v.squaredNorm(); })(x, g) == 14);
    CHECK(g == vector<double>{{2, -4, 6}});
    differentiate([](auto const& v) { return v.dot(v) * 2.0 + v.sum(); })(x, g);
    CHECK(g == vector<double>{{5, -7, 13}});
    differentiate([](auto const& v) { return v.norm(); })(x, g);
    CHECK((g - x / std::sqrt(14.0)).norm() < 1e-15);
    Eigen::Matrix2d const a{{2, 1}, {0, 3}};
    differentiate([&](auto const& v) { return v.head(2).dot(a * v.head(2)); })(x, g);
    CHECK(g == vector<double>{{2, -11, 0}});
    differentiate([](auto const& v) { return v.array().cube().sum() + v.cwiseAbs().maxCoeff(); })(x, g);
    CHECK(g == vector<double>{{3, 12, 28}});
}

TEST_CASE("train differentiate: a constant has no slope") {
    vector<double> const x{{1, 2}};
    vector<double> g{{7, 7}};
    CHECK(differentiate([](auto const& v) { return v[0] * 0 + 4; })(x, g) == 4);
    CHECK(g == vector<double>{{0, 0}});
}

TEST_CASE("train differentiate: Rosenbrock's valley without writing a gradient") {
    vector<double> x{{-1.2, 1}};
    auto const report = minimize(differentiate([](auto const& at) {
                                     auto const a = 1 - at[0], b = at[1] - at[0] * at[0];
                                     return a * a + 100 * b * b;
                                 }),
                                 x, chain(adam{}, rate{0.02}), {.epochs = 20000, .tolerance = 1e-9});
    CHECK(report.status == status::converged);
    CHECK((x - vector<double>{{1, 1}}).norm() < 1e-8);
}

TEST_CASE("train differentiate: a sum over samples") {
    vector<double> x{{100}};
    minimize(sum_over{10, differentiate([](descent::index i, auto const& at) {
                          auto const off = at[0] - double(i);
                          return off * off / 2;
                      })},
             x, chain(sgd{}, rate{1.0}), {.epochs = 1});
    CHECK(std::fabs(x[0] - 4.5) < 1e-13);
}
