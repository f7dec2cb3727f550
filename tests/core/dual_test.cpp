// SPDX-License-Identifier: MIT
#include <descent/core/dual.hpp>
#include <descent/core/math.hpp>

#include <cmath>
#include <limits>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

using namespace descent;

namespace {

using number = dual<double, 2>;

number along(double value, double first, double second = 0) {
    number x(value);
    x.slope[0] = first;
    x.slope[1] = second;
    return x;
}

/// Value and slope of f at x against std's f and its derivative from the table.
template <class F, class G>
void check(F const& f, G const& derivative, std::initializer_list<double> points) {
    for (double const at : points) {
        INFO("x = " << at);
        number const got = f(along(at, 1, -3));
        double const slope = derivative(at), scale = 4e-16 * (1 + std::fabs(slope));
        CHECK(got.value == f(at));
        CHECK(std::fabs(got.slope[0] - slope) <= 2 * scale);
        CHECK(std::fabs(got.slope[1] + 3 * slope) <= 6 * scale);
    }
}

}  // namespace

TEST_CASE("core dual: arithmetic") {
    number const x = along(3, 1, 0), y = along(2, 0, 1);
    auto const is = [](number const& got, double value, double by_x, double by_y) {
        CHECK(got.value == value);
        CHECK(got.slope[0] == by_x);
        CHECK(got.slope[1] == by_y);
    };
    is(x + y, 5, 1, 1);
    is(x - y, 1, 1, -1);
    is(x * y, 6, 2, 3);
    is(x / y, 1.5, 0.5, -0.75);
    is(-x, -3, -1, 0);
    is(+x, 3, 1, 0);
    is(x * x, 9, 6, 0);
    is(2 * x + 1, 7, 2, 0);
    is(1.0 / y, 0.5, 0, -0.25);
    is(x - 1, 2, 1, 0);
    is(number(4), 4, 0, 0);
    is(number(), 0, 0, 0);
    number z = x;
    z += y, z -= 1, z *= y, z /= 2;
    is(z, 4, 1, 3);
    z = x;
    number const& same = z;
    z *= same;
    is(z, 9, 6, 0);
    z = x;
    z /= same;
    is(z, 1, 0, 0);
}

TEST_CASE("core dual: comparisons look at the value alone") {
    number const x = along(1, 5), y = along(1, -5), z = along(2, 0);
    CHECK(x == y);
    CHECK(x != z);
    CHECK((x < z && x <= z && x <= y && z > x && z >= x));
    CHECK_FALSE(x < y);
    CHECK((x < 2 && 0.5 < x && x == 1.0));
    number const nan(std::numeric_limits<double>::quiet_NaN());
    CHECK_FALSE((nan == nan || nan < x || nan > x));
}

TEST_CASE("core dual: functions and their derivatives") {
    using std::acos, std::asin, std::atan, std::cbrt, std::cos, std::cosh, std::erf, std::exp, std::expm1,
        std::log, std::log10, std::log1p, std::log2, std::sin, std::sinh, std::sqrt, std::tan, std::tanh,
        std::abs;
    double const pi = 3.14159265358979323846;
    check([](auto v) { return sqrt(v); }, [](double v) { return 0.5 / std::sqrt(v); }, {0.25, 2, 9});
    check([](auto v) { return cbrt(v); }, [](double v) { return std::cbrt(v) / (3 * v); }, {-8, 0.5, 27});
    check([](auto v) { return exp(v); }, [](double v) { return std::exp(v); }, {-3, 0, 1.5});
    check([](auto v) { return expm1(v); }, [](double v) { return std::exp(v); }, {-3, 0, 1.5});
    check([](auto v) { return log(v); }, [](double v) { return 1 / v; }, {0.1, 1, 7});
    check([](auto v) { return log1p(v); }, [](double v) { return 1 / (1 + v); }, {-0.5, 0, 7});
    check([](auto v) { return log2(v); }, [](double v) { return 1 / (v * std::log(2.0)); }, {0.1, 1, 8});
    check([](auto v) { return log10(v); }, [](double v) { return 1 / (v * std::log(10.0)); }, {0.1, 1, 100});
    check([](auto v) { return sin(v); }, [](double v) { return std::cos(v); }, {-1, 0, 2});
    check([](auto v) { return cos(v); }, [](double v) { return -std::sin(v); }, {-1, 0, 2});
    check([](auto v) { return tan(v); }, [](double v) { return 1 / (std::cos(v) * std::cos(v)); },
          {-1, 0, 0.5});
    check([](auto v) { return asin(v); }, [](double v) { return 1 / std::sqrt(1 - v * v); }, {-0.5, 0, 0.75});
    check([](auto v) { return acos(v); }, [](double v) { return -1 / std::sqrt(1 - v * v); }, {-0.5, 0, 0.75});
    check([](auto v) { return atan(v); }, [](double v) { return 1 / (1 + v * v); }, {-2, 0, 1});
    check([](auto v) { return sinh(v); }, [](double v) { return std::cosh(v); }, {-2, 0, 1});
    check([](auto v) { return cosh(v); }, [](double v) { return std::sinh(v); }, {-2, 0, 1});
    check([](auto v) { return tanh(v); }, [](double v) { return 1 / (std::cosh(v) * std::cosh(v)); },
          {-2, 0, 1});
    check([](auto v) { return erf(v); }, [=](double v) { return 2 / std::sqrt(pi) * std::exp(-v * v); },
          {-1, 0, 0.5});
    check([](auto v) { return abs(v); }, [](double v) { return v < 0 ? -1.0 : v > 0 ? 1.0 : 0.0; }, {-2, 0, 3});
}

TEST_CASE("core dual: powers") {
    number const x = along(3, 1), negative = along(-2, 1), zero = along(0, 1), p = along(2, 0, 1);
    CHECK(pow(x, 2).value == 9);
    CHECK(pow(x, 2).slope[0] == 6);
    CHECK(pow(negative, 3.0).slope[0] == 12);
    CHECK(pow(zero, 2).slope[0] == 0);
    CHECK(pow(zero, 1).slope[0] == 1);
    CHECK(pow(zero, 0).value == 1);
    CHECK(pow(zero, 0).slope[0] == 0);
    CHECK(pow(x, number(2)).slope[0] == 6);
    CHECK(pow(negative, number(2)).slope[0] == -4);  // no logarithm where the exponent is constant
    CHECK(pow(x, p).slope[0] == 6);
    CHECK(std::fabs(pow(x, p).slope[1] - 9 * std::log(3.0)) < 1e-14);
    CHECK(pow(zero, p).slope[1] == 0);
    CHECK(std::fabs(pow(2.0, p).slope[1] - 4 * std::log(2.0)) < 1e-15);
    CHECK(pow(2, p).value == 4);
    CHECK(pow(0.0, p).slope[1] == 0);
}

TEST_CASE("core dual: functions of two") {
    number const y = along(3, 1, 0), x = along(4, 0, 1);
    CHECK(hypot(y, x).value == 5);
    CHECK(hypot(y, x).slope[0] == 0.6);
    CHECK(hypot(y, x).slope[1] == 0.8);
    CHECK(atan2(y, x).value == std::atan2(3.0, 4.0));
    CHECK(std::fabs(atan2(y, x).slope[0] - 4.0 / 25) < 1e-16);
    CHECK(std::fabs(atan2(y, x).slope[1] + 3.0 / 25) < 1e-16);
}

TEMPLATE_TEST_CASE("core dual: Eigen vectors and matrices of duals", "", float, double) {
    using T = TestType;
    using D = dual<T, 3>;
    Eigen::Matrix<D, Eigen::Dynamic, 1> x(3);
    for (int i = 0; i < 3; ++i) {
        x[i] = D(T(i + 1));
        x[i].slope[i] = 1;
    }
    auto const is = [](D const& got, T value, T a, T b, T c) {
        CHECK(got.value == value);
        CHECK(got.slope[0] == a);
        CHECK(got.slope[1] == b);
        CHECK(got.slope[2] == c);
    };
    is(x.sum(), 6, 1, 1, 1);
    is(x.squaredNorm(), 14, 2, 4, 6);
    is(x.dot(x), 14, 2, 4, 6);
    is(x.prod(), 6, 6, 3, 2);
    is(x.maxCoeff(), 3, 0, 0, 1);
    is((x * T(2)).sum(), 12, 2, 2, 2);
    is((T(2) * x - x / T(2)).sum(), 9, T(1.5), T(1.5), T(1.5));
    is(x.array().square().sum(), 14, 2, 4, 6);
    is((x.array() * x.array() + T(1)).sum(), 17, 2, 4, 6);
    is(x.head(2).cwiseAbs().sum(), 3, 1, 1, 0);
    CHECK(std::fabs(x.norm().slope[0] - 1 / std::sqrt(T(14))) < T(1e-6));
    CHECK(std::fabs(x.array().exp().sum().slope[2] - std::exp(T(3))) < T(1e-5));
    Eigen::Matrix<T, 2, 3> m;
    m << 1, 2, 3, 4, 5, 6;
    Eigen::Matrix<D, Eigen::Dynamic, 1> const product = m * x;
    is(product[0], 14, 1, 2, 3);
    is(product[1], 32, 4, 5, 6);
    Eigen::Matrix<T, 3, 1> constant(3, 2, 1);
    is(constant.dot(x), 10, 3, 2, 1);
    is(x.dot(constant), 10, 3, 2, 1);
}
