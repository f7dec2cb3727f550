// SPDX-License-Identifier: MIT
#include <descent/schedule/warmup_stable_decay.hpp>

#include <catch2/catch_test_macros.hpp>

#include "support.hpp"

using namespace descent;
using namespace schedule_test;

TEST_CASE("schedule warmup_stable_decay: rises, stays, falls, ends") {
    check_values(warmup_stable_decay{.peak = 1, .warmup_steps = 4, .stable_steps = 3, .decay_steps = 4},
                 {0.25, 0.5, 0.75, 1, 1, 1, 1, 1, 0.75, 0.5, 0.25, 0, 0});
}

TEST_CASE("schedule warmup_stable_decay: the three curves end on the floor") {
    auto const s = [](anneal curve) { return warmup_stable_decay{1, 0, 1, 4, 0.2, curve}; };
    auto const half = std::sqrt(0.5);
    check_values(s(anneal::linear), {1, 1, 0.8, 0.6, 0.4, 0.2, 0.2});
    check_values(s(anneal::cosine), {1, 1, 0.6 + 0.4 * half, 0.6, 0.6 - 0.4 * half, 0.2, 0.2});
    check_values(s(anneal::one_minus_sqrt), {1, 1, 0.6, 1 - 0.8 * half, 1 - 0.8 * std::sqrt(0.75), 0.2, 0.2});
}

TEST_CASE("schedule warmup_stable_decay: any part may be empty") {
    check_values(warmup_stable_decay{1, 0, 0, 2}, {1, 0.5, 0});
    check_values(warmup_stable_decay{1, 2, 0, 0, 0.5}, {0.5, 1, 0.5});
    check_values(warmup_stable_decay{1, 0, 2, 0}, {1, 1, 0});
    check_values(warmup_stable_decay{1, 0, 0, 0}, {0, 0});
}

TEST_CASE("schedule warmup_stable_decay: bad members are named") {
    CHECK(complaint(warmup_stable_decay{1, 0, 0, 0}) == "");
    CHECK(complaint(warmup_stable_decay{0, 1, 1, 1}) ==
          "warmup_stable_decay: peak = 0: must be finite and > 0");
    CHECK(complaint(warmup_stable_decay{1, -1, 1, 1}) ==
          "warmup_stable_decay: warmup_steps = -1: must be >= 0");
    CHECK(complaint(warmup_stable_decay{1, 1, -1, 1}) ==
          "warmup_stable_decay: stable_steps = -1: must be >= 0");
    CHECK(complaint(warmup_stable_decay{1, 1, 1, -1}) == "warmup_stable_decay: decay_steps = -1: must be >= 0");
    CHECK(complaint(warmup_stable_decay{1, 1, 1, 1, 2}) == "warmup_stable_decay: floor = 2: must be in [0, 1]");
}
