// SPDX-License-Identifier: MIT
#include <descent/schedule.hpp>

#include <catch2/catch_test_macros.hpp>

#include <cmath>
#include <cstdint>

namespace {

using namespace descent;

double noam(std::int64_t done) { return 1 / std::sqrt(static_cast<double>(done + 1)); }

struct counter {
    static constexpr int memory = 1;
    void start(double* seen) const { seen[0] = 1; }
    double operator()(std::int64_t done, double const* seen) const {
        return seen[0] * static_cast<double>(done);
    }
    void observe(double metric, double* seen) const { seen[0] += metric; }
};

struct deaf {  // says that it has memory, but cannot listen
    static constexpr int memory = 1;
    void start(double* seen) const { seen[0] = 1; }
    double operator()(std::int64_t, double const* seen) const { return seen[0]; }
};

}  // namespace

TEST_CASE("schedule schedule: the concepts tell the kinds apart") {
    auto const lambda = [](std::int64_t) { return 1.0F; };
    static_assert(memoryless_schedule<decltype(lambda)> && !stateful_schedule<decltype(lambda)>);
    static_assert(memoryless_schedule<decltype(&noam)>);
    static_assert(memoryless_schedule<cosine> && memoryless_schedule<warmup<cosine>>);
    static_assert(stateful_schedule<plateau> && !memoryless_schedule<plateau> && schedule<plateau>);
    static_assert(stateful_schedule<counter> && schedule<counter>);
    static_assert(!schedule<deaf> && !schedule<double> && !schedule<int*>);
    static_assert(memory_of<cosine> == 0 && memory_of<plateau> == 4 && memory_of<counter> == 1);
    CHECK(lambda(0) == 1.0F);
}

TEST_CASE("schedule schedule: the helpers serve plain callables without memory") {
    schedule_check(noam);
    schedule_start(&noam, nullptr);
    schedule_observe(&noam, 1.0, nullptr);
    CHECK(schedule_value(&noam, 3, nullptr) == 0.5);
    double const offset = schedule_value(constant{2}, 0, nullptr);
    auto const lambda = [offset](std::int64_t done) { return static_cast<double>(done) + offset; };
    CHECK(schedule_value(lambda, 3, nullptr) == 5);
}

TEST_CASE("schedule schedule: the helpers serve schedules with memory") {
    double memory[1] = {-7};
    schedule_check(counter{});
    schedule_start(counter{}, memory);
    CHECK(memory[0] == 1);
    schedule_observe(counter{}, 4, memory);
    CHECK(schedule_value(counter{}, 3, memory) == 15);
}
