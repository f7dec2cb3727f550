// SPDX-License-Identifier: MIT
#include <descent/loss/squared.hpp>

#include <cmath>
#include <limits>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

using descent::loss::squared;

TEMPLATE_TEST_CASE("loss squared: half the squared residual, whose slope is the residual", "", float, double) {
    using T = TestType;
    squared const loss;
    CHECK(loss.value(T(3), T(1)) == T(2));
    CHECK(loss.slope(T(3), T(1)) == T(2));
    CHECK(loss.value(T(-1.5), T(1)) == T(3.125));
    CHECK(loss.slope(T(-1.5), T(1)) == T(-2.5));
    CHECK(loss.value(T(7), T(7)) == T(0));
    CHECK(loss.slope(T(7), T(7)) == T(0));
    CHECK(loss.value(T(1e4), T(-1e4)) == T(2e8));
}

TEMPLATE_TEST_CASE("loss squared: what is not finite stays visible", "", float, double) {
    using T = TestType;
    T const inf = std::numeric_limits<T>::infinity(), nan = std::numeric_limits<T>::quiet_NaN();
    squared const loss;
    CHECK(loss.value(inf, T(0)) == inf);
    CHECK(loss.slope(-inf, T(0)) == -inf);
    CHECK(std::isnan(loss.value(nan, T(0))));
    CHECK(std::isnan(loss.slope(T(0), nan)));
}
