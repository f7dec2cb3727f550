// SPDX-License-Identifier: MIT
#include <descent/exec/serial.hpp>
#include <descent/optim/chain.hpp>
#include <descent/optim/momentum.hpp>
#include <descent/optim/rate.hpp>
#include <descent/optim/sgd.hpp>
#include <descent/train/minimize.hpp>
#include <descent/train/numeric_gradient.hpp>

#include <cmath>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

using namespace descent;

TEMPLATE_TEST_CASE("train numeric_gradient: about two thirds of the digits", "", float, double) {
    using T = TestType;
    auto const f =
        numeric_gradient([](auto const& x) { return std::exp(x[0]) * std::sin(x[1]) + x[2] * x[2]; });
    vector<T> const x{{T(0.3), T(-1.2), T(1000)}};
    vector<T> g(3);
    double const value = f(x, g), tolerance = sizeof(T) == 4 ? 1e-2 : 1e-9;
    CHECK(std::fabs(value - (std::exp(0.3) * std::sin(-1.2) + 1e6)) < (sizeof(T) == 4 ? 0.1 : 1e-9));
    if (sizeof(T) == 8) {
        CHECK(std::fabs(double(g[0]) - std::exp(0.3) * std::sin(-1.2)) < 1e-4);  // beside a sum of a million
        CHECK(std::fabs(double(g[1]) - std::exp(0.3) * std::cos(-1.2)) < 1e-4);
    }
    CHECK(std::fabs(double(g[2]) / 2000 - 1) < tolerance);
}

TEST_CASE("train numeric_gradient: exact on a quadratic of small numbers, x stays as it was") {
    int calls = 0;
    auto const f = numeric_gradient([&](auto const& x) {
        ++calls;
        return 3 * x[0] * x[0] - 2 * x[0] * x[1] + x[1];
    });
    vector<double> x{{1, 2}}, g(2);
    CHECK(f(x, g) == 1);
    CHECK(calls == 5);
    CHECK(std::fabs(g[0] - 2) < 1e-10);
    CHECK(std::fabs(g[1] + 1) < 1e-10);
    CHECK(x == vector<double>{{1, 2}});
}

TEST_CASE("train numeric_gradient: minimizes a function without a gradient") {
    vector<double> x{{-1.2, 1}};
    auto const report = minimize(numeric_gradient([](auto const& at) {
                                     double const a = 1 - at[0], b = at[1] - at[0] * at[0];
                                     return a * a + 5 * b * b;
                                 }),
                                 x, chain(momentum{0.9}, rate{0.01}), {.epochs = 5000, .tolerance = 1e-9});
    CHECK(report.status == status::converged);
    CHECK((x - vector<double>{{1, 1}}).norm() < 1e-7);
}

TEST_CASE("train numeric_gradient: several tensors, padding untouched") {
    params<double> p{{"a", {3}}, {"b", {2, 2}}};
    p["a"].flat() << 1, 2, 3;
    p["b"].flat() << 4, 5, 6, 7;
    auto g = p.like();
    auto const f = numeric_gradient(
        [](params<double> const& w) { return w["a"].flat().squaredNorm() / 2 + w["b"].flat().sum(); });
    CHECK(f(p, g) == 29);
    for (int i = 0; i < 3; ++i)
        CHECK(std::fabs(g["a"].data[i] - (i + 1)) < 1e-9);
    for (int i = 0; i < 4; ++i)
        CHECK(std::fabs(g["b"].data[i] - 1) < 1e-9);
    for (auto const& tensor : g.entries())
        for (std::ptrdiff_t i = tensor.size(); (tensor.offset + i) % 8 != 0; ++i)
            CHECK(g.data()[tensor.offset + i] == 0);
}

TEST_CASE("train numeric_gradient: a sum over samples") {
    vector<double> x{{100}};
    minimize(sum_over{10, numeric_gradient([](descent::index i, auto const& at) {
                          return (at[0] - double(i)) * (at[0] - double(i)) / 2;
                      })},
             x, chain(sgd{}, rate{0.5}), {.epochs = 60});
    CHECK(std::fabs(x[0] - 4.5) < 1e-7);
}
