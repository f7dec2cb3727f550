// SPDX-License-Identifier: MIT
#include <descent/schedule/polynomial.hpp>

#include <catch2/catch_test_macros.hpp>

#include "support.hpp"

using namespace descent;
using namespace schedule_test;

TEST_CASE("schedule polynomial: numbers of torch PolynomialLR(total_iters=7, power=2.5)") {
    check_values(polynomial{.start = 0.2, .steps = 7, .power = 2.5},
                 {0.2, 0.13603887180331373, 0.08624023007433843, 0.04936678831140926, 0.024048502189272635,
                  0.008726897695099572, 0.0015427121347315416, 0.0, 0.0, 0.0});
}

TEST_CASE("schedule polynomial: power 1 is a straight line, as torch PolynomialLR(total_iters=5, power=1)") {
    check_values(polynomial{0.2, 5}, {0.2, 0.16, 0.12, 0.08, 0.04, 0, 0});
}

TEST_CASE("schedule polynomial: numbers of optax polynomial_schedule(0.2, 0.05, 3, 6)") {
    check_values(polynomial{.start = 0.2, .steps = 6, .end = 0.05, .power = 3},
                 {0.2, 0.1368055555555556, 0.09444444444444447, 0.06875, 0.05555555555555556,
                  0.050694444444444445, 0.05, 0.05});
}

TEST_CASE("schedule polynomial: may rise") { check_values(polynomial{1, 4, 3}, {1, 1.5, 2, 2.5, 3, 3}); }

TEST_CASE("schedule polynomial: bad members are named") {
    CHECK(complaint(polynomial{0.1, 1}) == "");
    CHECK(complaint(polynomial{0, 1}) == "polynomial: start = 0: must be finite and > 0");
    CHECK(complaint(polynomial{0.1, 0}) == "polynomial: steps = 0: must be >= 1");
    CHECK(complaint(polynomial{0.1, 1, -1}) == "polynomial: end = -1: must be finite and >= 0");
    CHECK(complaint(polynomial{0.1, 1, quiet_nan}) == "polynomial: end = nan: must be finite and >= 0");
    CHECK(complaint(polynomial{0.1, 1, 0, 0}) == "polynomial: power = 0: must be finite and > 0");
}
