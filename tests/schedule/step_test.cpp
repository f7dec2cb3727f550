// SPDX-License-Identifier: MIT
#include <descent/schedule/step.hpp>

#include <catch2/catch_test_macros.hpp>

#include "support.hpp"

using namespace descent;
using namespace schedule_test;

TEST_CASE("schedule step: numbers of torch StepLR(step_size=3, gamma=0.5)") {
    check_values(step{.start = 0.2, .every = 3, .factor = 0.5},
                 {0.2, 0.2, 0.2, 0.1, 0.1, 0.1, 0.05, 0.05, 0.05, 0.025});
}

TEST_CASE("schedule step: a tenth per stair if not said otherwise") {
    check_values(step{1, 1}, {1, 0.1, 0.01, 0.001});
}

TEST_CASE("schedule step: bad members are named") {
    CHECK(complaint(step{0.1, 1, 1}) == "");
    CHECK(complaint(step{0, 3}) == "step: start = 0: must be finite and > 0");
    CHECK(complaint(step{inf, 3}) == "step: start = inf: must be finite and > 0");
    CHECK(complaint(step{0.1, 0}) == "step: every = 0: must be >= 1");
    CHECK(complaint(step{0.1, 3, -0.5}) == "step: factor = -0.5: must be finite and > 0");
    CHECK(complaint(step{0.1, 3, quiet_nan}) == "step: factor = nan: must be finite and > 0");
}
