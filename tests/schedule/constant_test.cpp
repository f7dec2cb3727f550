// SPDX-License-Identifier: MIT
#include <descent/schedule/constant.hpp>

#include <catch2/catch_test_macros.hpp>

#include "support.hpp"

using namespace descent;
using namespace schedule_test;

TEST_CASE("schedule constant: the same at every step") {
    constant const s{0.25};
    CHECK(s(0) == 0.25);
    CHECK(s(1'000'000'000'000) == 0.25);
}

TEST_CASE("schedule constant: the rate must be finite and > 0") {
    CHECK(complaint(constant{1e-300}) == "");
    CHECK(complaint(constant{0}) == "constant: rate = 0: must be finite and > 0");
    CHECK(complaint(constant{-0.1}) == "constant: rate = -0.1: must be finite and > 0");
    CHECK(complaint(constant{quiet_nan}) == "constant: rate = nan: must be finite and > 0");
    CHECK(complaint(constant{inf}) == "constant: rate = inf: must be finite and > 0");
}

TEST_CASE("schedule constant: as_schedule makes one from a number and leaves schedules alone") {
    CHECK(as_schedule(0.5)(7) == 0.5);
    CHECK(as_schedule(2)(7) == 2.0);
    CHECK(as_schedule(0.5F)(7) == 0.5);
    CHECK(as_schedule(constant{3})(7) == 3.0);
    auto const lambda = as_schedule([](std::int64_t done) { return 1 / static_cast<double>(done + 1); });
    CHECK(lambda(3) == 0.25);
}
