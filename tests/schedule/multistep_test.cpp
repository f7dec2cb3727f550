// SPDX-License-Identifier: MIT
#include <descent/schedule/multistep.hpp>

#include <catch2/catch_test_macros.hpp>

#include "support.hpp"

using namespace descent;
using namespace schedule_test;

TEST_CASE("schedule multistep: numbers of torch MultiStepLR(milestones=[2, 5, 6], gamma=0.3)") {
    check_values(
        multistep{.start = 0.2, .at = {2, 5, 6}, .factor = 0.3},
        {0.2, 0.2, 0.06, 0.06, 0.06, 0.018, 0.005399999999999999, 0.005399999999999999, 0.005399999999999999});
}

TEST_CASE("schedule multistep: without drops it stays") {
    multistep const s{0.5, {}};
    CHECK(complaint(s) == "");
    CHECK(s(1'000'000) == 0.5);
}

TEST_CASE("schedule multistep: bad members are named") {
    CHECK(complaint(multistep{0.1, {1, 2}}) == "");
    CHECK(complaint(multistep{-1, {1, 2}}) == "multistep: start = -1: must be finite and > 0");
    CHECK(complaint(multistep{0.1, {0, 2}}) == "multistep: at[0] = 0: must be >= 1");
    CHECK(complaint(multistep{0.1, {30, 80, 80}}) == "multistep: at[2] = 80: must be > at[1] = 80");
    CHECK(complaint(multistep{0.1, {30, 20}}) == "multistep: at[1] = 20: must be > at[0] = 30");
    CHECK(complaint(multistep{0.1, {30}, 0}) == "multistep: factor = 0: must be finite and > 0");
}
