// SPDX-License-Identifier: MIT
#include <descent/core/pack.hpp>
#include <descent/loss/logistic.hpp>

#include <cmath>
#include <limits>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

using namespace descent;
using descent::loss::logistic;

namespace {

/// log(1 + e^z) - y z without cancellation, in long double.
long double reference_value(long double z, bool positive) {
    long double const wrong = positive ? -z : z;  // the margin by which it is wrong
    return std::fmax(wrong, 0.0L) + std::log1p(std::exp(-std::fabs(wrong)));
}

/// 1 / (1 + e^-z) - y: for the positive class - 1 / (1 + e^z).
long double reference_slope(long double z, bool positive) {
    return positive ? -1 / (1 + std::exp(z)) : 1 / (1 + std::exp(-z));
}

constexpr double scores[] = {0, 1e-9, 1e-3, 0.1, 0.5, 1, 2, 5, 10, 17, 36, 50, 88, 100, 700, 1e3, 1e4};

}  // namespace

TEMPLATE_TEST_CASE("loss logistic: value and slope against long double, for scores up to 1e4", "", float,
                   double) {
    using T = TestType;
    long double const ulp = std::numeric_limits<T>::epsilon(), tiny = std::numeric_limits<T>::min();
    logistic const loss;
    for (double const magnitude : scores)
        for (T const z : {T(magnitude), T(-magnitude)})
            for (bool const positive : {false, true}) {
                INFO("z = " << z << ", y = " << positive);
                long double const value = reference_value(z, positive), slope = reference_slope(z, positive);
                CHECK(std::fabs(loss.value(z, T(positive)) - value) <= 4 * ulp * value + tiny);
                // P(y = 1) - 1 is a difference: its error is that of a number near 1.
                CHECK(std::fabs(loss.slope(z, T(positive)) - slope) <= 4 * ulp);
            }
}

TEST_CASE("loss logistic: known values") {
    logistic const loss;
    CHECK(loss.value(0.0, 0.0) == std::log(2.0));
    CHECK(loss.value(0.0, 1.0) == std::log(2.0));
    CHECK(loss.slope(0.0, 0.0) == 0.5);
    CHECK(loss.slope(0.0, 1.0) == -0.5);
    CHECK(loss.value(1e4, 0.0) == 1e4);
    CHECK(loss.value(1e4, 1.0) == 0.0);
    CHECK(loss.value(-1e4, 1.0) == 1e4);
    CHECK(loss.slope(1e4, 0.0) == 1.0);
    CHECK(loss.slope(-1e4, 1.0) == -1.0);
    CHECK(loss.slope(1e4, 1.0) == 0.0);
}

TEST_CASE("loss logistic: the slope is the central difference of the value") {
    logistic const loss;
    for (double const z : {-8.0, -1.0, -0.1, 0.0, 0.3, 2.0, 9.0})
        for (double const y : {0.0, 1.0}) {
            double const h = 1e-5, difference = (loss.value(z + h, y) - loss.value(z - h, y)) / (2 * h);
            CHECK(std::fabs(loss.slope(z, y) - difference) < 1e-9);
        }
}

TEMPLATE_TEST_CASE("loss logistic: what is not finite", "", float, double) {
    using T = TestType;
    T const inf = std::numeric_limits<T>::infinity(), nan = std::numeric_limits<T>::quiet_NaN();
    logistic const loss;
    CHECK(loss.value(inf, T(0)) == inf);
    CHECK(loss.value(-inf, T(1)) == inf);
    CHECK(loss.value(inf, T(1)) == T(0));
    CHECK(loss.value(-inf, T(0)) == T(0));
    CHECK(loss.slope(inf, T(0)) == T(1));
    CHECK(std::isnan(loss.value(nan, T(0))));
    CHECK(std::isnan(loss.value(nan, T(1))));
    CHECK(std::isnan(loss.slope(nan, T(0))));
}

TEMPLATE_TEST_CASE("loss logistic: a pack gives the bits of its numbers", "", float, double) {
    using T = TestType;
    using V = native_pack<T>;
    constexpr int lanes = lanes_of<V>;
    logistic const loss;
    for (double const magnitude : scores) {
        alignas(alignment) T z[lanes], y[lanes], value[lanes], slope[lanes];
        for (int i = 0; i < lanes; ++i) {
            z[i] = T(i % 2 ? magnitude : -magnitude) / T(1 + i);
            y[i] = T(i / 2 % 2);
        }
        store(value, loss.value(load<V>(z), load<V>(y)));
        store(slope, loss.slope(load<V>(z), load<V>(y)));
        for (int i = 0; i < lanes; ++i) {
            CHECK(value[i] == loss.value(z[i], y[i]));
            CHECK(slope[i] == loss.slope(z[i], y[i]));
        }
    }
}
