// SPDX-License-Identifier: MIT
#include <descent/schedule/one_cycle.hpp>

#include <catch2/catch_test_macros.hpp>

#include "support.hpp"

using namespace descent;
using namespace schedule_test;

TEST_CASE(
    "schedule one_cycle: numbers of torch OneCycleLR(pct_start=0.35, div_factor=20, final_div_factor=50)") {
    SECTION("cosine") {
        check_values(
            one_cycle{.peak = 0.4, .steps = 13, .rise = 0.35, .divide_start = 20, .divide_end = 50},
            {0.020000000000000018, 0.08966847742087108, 0.2475823649872483, 0.37793513522165667,
             0.39721026086226546, 0.3716636167323605, 0.32268817469303207, 0.2569759418063683,
             0.18350584114548799, 0.11231683125782219, 0.05313618232357162, 0.014050341429603501, 0.0004});
    }
    SECTION("cosine, three phases") {
        check_values(
            one_cycle{.peak = 0.4,
                      .steps = 13,
                      .rise = 0.35,
                      .divide_start = 20,
                      .divide_end = 50,
                      .three_phases = true},
            {0.020000000000000018, 0.08966847742087108, 0.2475823649872483, 0.37793513522165667,
             0.3851322720206869, 0.26389573788351633, 0.1031346353482517, 0.020743503805760486,
             0.018413263427940037, 0.013584577533328814, 0.007411629651015882, 0.002346146505694026, 0.0004});
    }
    SECTION("linear") {
        check_values(one_cycle{.peak = 0.4,
                               .steps = 13,
                               .rise = 0.35,
                               .divide_start = 20,
                               .divide_end = 50,
                               .curve = anneal::linear},
                     {0.02, 0.12704225352112677, 0.23408450704225353, 0.3411267605633803, 0.37871952662721897,
                      0.33142958579881654, 0.2841396449704142, 0.23684970414201184, 0.18955976331360946,
                      0.1422698224852071, 0.09497988165680471, 0.04768994082840233, 0.00040000000000001146});
    }
    SECTION("linear, three phases") {
        check_values(one_cycle{.peak = 0.4,
                               .steps = 13,
                               .rise = 0.35,
                               .divide_start = 20,
                               .divide_end = 50,
                               .curve = anneal::linear,
                               .three_phases = true},
                     {0.02, 0.12704225352112677, 0.23408450704225353, 0.3411267605633803, 0.35183098591549294,
                      0.2447887323943662, 0.13774647887323943, 0.030704225352112646, 0.016399999999999998,
                      0.0124, 0.008400000000000001, 0.004400000000000001, 0.00040000000000000105});
    }
}

TEST_CASE("schedule one_cycle: defaults of torch OneCycleLR") {
    check_values(one_cycle{0.4, 10},
                 {0.016000000000000014, 0.20800000000000002, 0.4, 0.38019385280538953, 0.3246982615799052,
                  0.24450480877451572, 0.1554967912254843, 0.0753033384200948, 0.019807747194610516, 1.6e-06});
}

TEST_CASE("schedule one_cycle: peak at the very start, at the very end, and a cycle of one step, as torch") {
    check_values(one_cycle{.peak = 0.4, .steps = 4, .rise = 0},
                 {0.34142159055188454, 0.2000008, 0.05858000944811546, 1.6e-06});
    check_values(one_cycle{.peak = 0.4, .steps = 4, .rise = 1},
                 {0.016000000000000014, 0.11199999999999999, 0.304, 0.4});
    check_values(one_cycle{0.4, 1}, {1.6e-06});
}

TEST_CASE("schedule one_cycle: a rise of one step is the peak, where torch divides by zero") {
    one_cycle const s{.peak = 0.4, .steps = 4, .rise = 0.25};
    CHECK(s(0) == 0.4);
    CHECK(s(1) < 0.4);
}

TEST_CASE("schedule one_cycle: stays at its last value") {
    one_cycle const s{0.5, 10};
    CHECK(std::abs(s(9) - 0.5 / 25e4) <= 1e-18);
    CHECK(s(10) == s(9));
    CHECK(s(1'000) == s(9));
}

TEST_CASE("schedule one_cycle: bad members are named") {
    CHECK(complaint(one_cycle{0.1, 10}) == "");
    CHECK(complaint(one_cycle{-0.1, 10}) == "one_cycle: peak = -0.1: must be finite and > 0");
    CHECK(complaint(one_cycle{0.1, 0}) == "one_cycle: steps = 0: must be >= 1");
    CHECK(complaint(one_cycle{0.1, 10, 1.5}) == "one_cycle: rise = 1.5: must be in [0, 1]");
    CHECK(complaint(one_cycle{0.1, 10, quiet_nan}) == "one_cycle: rise = nan: must be in [0, 1]");
    CHECK(complaint(one_cycle{.peak = 0.1, .steps = 10, .rise = 0.6, .three_phases = true}) ==
          "one_cycle: rise = 0.6: must be in [0, 0.5]");
    CHECK(complaint(one_cycle{0.1, 10, 0.3, 0}) == "one_cycle: divide_start = 0: must be finite and > 0");
    CHECK(complaint(one_cycle{0.1, 10, 0.3, 25, -1}) == "one_cycle: divide_end = -1: must be finite and > 0");
}
