// SPDX-License-Identifier: MIT
#include <descent/schedule/constant.hpp>
#include <descent/schedule/plateau.hpp>
#include <descent/schedule/polynomial.hpp>
#include <descent/schedule/warmup.hpp>

#include <catch2/catch_test_macros.hpp>

#include "support.hpp"

using namespace descent;
using namespace schedule_test;

TEST_CASE("schedule warmup: rises in equal parts, never 0, then hands over from the start") {
    check_values(warmup{4, polynomial{0.8, 4}}, {0.2, 0.4, 0.6, 0.8, 0.8, 0.6, 0.4, 0.2, 0, 0});
}

TEST_CASE("schedule warmup: of one step starts at the inner value, of none is the inner schedule") {
    check_values(warmup{1, polynomial{0.8, 4}}, {0.8, 0.8, 0.6});
    check_values(warmup{0, polynomial{0.8, 4}}, {0.8, 0.6, 0.4});
}

TEST_CASE("schedule warmup: before any callable, itself included") {
    check_values(warmup{2, [](std::int64_t done) { return 1 / static_cast<double>(done + 1); }},
                 {0.5, 1, 1, 0.5});
    check_values(warmup{2, warmup{2, constant{1}}}, {0.25, 0.5, 0.5, 1, 1});
}

TEST_CASE("schedule warmup: forwards the memory of the inner schedule") {
    warmup const s{2, plateau{.rate = 0.5, .factor = 0.5, .patience = 0}};
    static_assert(stateful_schedule<decltype(s)> && !memoryless_schedule<decltype(s)>);
    static_assert(memory_of<decltype(s)> == memory_of<plateau>);
    static_assert(memory_of<warmup<constant>> == 0);
    std::vector<double> memory(memory_of<decltype(s)>);
    schedule_start(s, memory.data());
    CHECK(schedule_value(s, 0, memory.data()) == 0.25);
    CHECK(schedule_value(s, 1, memory.data()) == 0.5);
    CHECK(schedule_value(s, 2, memory.data()) == 0.5);
    schedule_observe(s, 1.0, memory.data());
    schedule_observe(s, 1.0, memory.data());
    CHECK(schedule_value(s, 0, memory.data()) == 0.125);
    CHECK(schedule_value(s, 3, memory.data()) == 0.25);
}

TEST_CASE("schedule warmup: bad members are named, the inner ones too") {
    CHECK(complaint(warmup{0, constant{1}}) == "");
    CHECK(complaint(warmup{-1, constant{1}}) == "warmup: steps = -1: must be >= 0");
    CHECK(complaint(warmup{10, constant{quiet_nan}}) == "constant: rate = nan: must be finite and > 0");
    CHECK(complaint(warmup{10, [](std::int64_t) { return 1.0; }}) == "");
}
