// SPDX-License-Identifier: MIT
#include <descent/schedule/cosine.hpp>

#include <catch2/catch_test_macros.hpp>

#include "support.hpp"

using namespace descent;
using namespace schedule_test;

TEST_CASE("schedule cosine: numbers of torch CosineAnnealingLR(T_max=9, eta_min=0.01)") {
    check_values(cosine{.peak = 0.2, .steps = 9, .floor = 0.01},
                 {0.2, 0.19427079897466132, 0.17777422209630292, 0.15250000000000002, 0.12149657687835841,
                  0.08850342312164163, 0.05750000000000003, 0.0322257779036971, 0.01572920102533871, 0.01});
}

TEST_CASE("schedule cosine: stays on the floor after the last step") {
    cosine const s{1, 10, 0.125};
    CHECK(s(10) == 0.125);
    CHECK(s(11) == 0.125);
    CHECK(s(20) == 0.125);
    CHECK(cosine{1, 10}(1'000) == 0);
}

TEST_CASE("schedule cosine: starts at the peak exactly") {
    CHECK(cosine{0.3, 7}(0) == 0.3);
    CHECK(cosine{1e-3, 10'000}(0) == 1e-3);
}

TEST_CASE("schedule cosine: bad members are named") {
    CHECK(complaint(cosine{1e-3, 10'000}) == "");
    CHECK(complaint(cosine{1e-3, 1, 1e-3}) == "");
    CHECK(complaint(cosine{-1, 10}) == "cosine: peak = -1: must be finite and > 0");
    CHECK(complaint(cosine{quiet_nan, 10}) == "cosine: peak = nan: must be finite and > 0");
    CHECK(complaint(cosine{1, 0}) == "cosine: steps = 0: must be >= 1");
    CHECK(complaint(cosine{1, 10, -0.5}) == "cosine: floor = -0.5: must be in [0, 1]");
    CHECK(complaint(cosine{1, 10, 2}) == "cosine: floor = 2: must be in [0, 1]");
    CHECK(complaint(cosine{1, 10, quiet_nan}) == "cosine: floor = nan: must be in [0, 1]");
}
