// SPDX-License-Identifier: MIT
#include <descent/schedule/exponential.hpp>

#include <catch2/catch_test_macros.hpp>

#include "support.hpp"

using namespace descent;
using namespace schedule_test;

TEST_CASE("schedule exponential: numbers of torch ExponentialLR(gamma=0.9)") {
    check_values(exponential{.start = 0.2, .factor = 0.9},
                 {0.2, 0.18000000000000002, 0.16200000000000003, 0.14580000000000004, 0.13122000000000003,
                  0.11809800000000004, 0.10628820000000004, 0.09565938000000004});
}

TEST_CASE("schedule exponential: a factor above 1 rises, as a range test needs it") {
    check_values(exponential{1e-3, 2}, {1e-3, 2e-3, 4e-3, 8e-3});
}

TEST_CASE("schedule exponential: bad members are named") {
    CHECK(complaint(exponential{0.1, 0.9}) == "");
    CHECK(complaint(exponential{quiet_nan, 0.9}) == "exponential: start = nan: must be finite and > 0");
    CHECK(complaint(exponential{0.1, 0}) == "exponential: factor = 0: must be finite and > 0");
    CHECK(complaint(exponential{0.1, inf}) == "exponential: factor = inf: must be finite and > 0");
}
