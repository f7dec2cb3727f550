// SPDX-License-Identifier: MIT
#include <descent/schedule/plateau.hpp>

#include <catch2/catch_test_macros.hpp>

#include "support.hpp"

using namespace descent;
using namespace schedule_test;

namespace {

void check_rates(plateau const& s, std::vector<double> const& metrics, std::vector<double> const& expected) {
    REQUIRE(metrics.size() == expected.size());
    std::vector<double> memory(plateau::memory);
    s.start(memory.data());
    CHECK(s(0, memory.data()) == s.rate);
    for (std::size_t i = 0; i < metrics.size(); ++i) {
        INFO("evaluation " << i);
        s.observe(metrics[i], memory.data());
        CHECK(std::abs(s(static_cast<std::int64_t>(i), memory.data()) - expected[i]) <= 1e-12);
    }
}

}  // namespace

TEST_CASE("schedule plateau: numbers of torch ReduceLROnPlateau") {
    std::vector<double> const loss{1.0, 0.9, 0.9, 0.89995, 0.95, 0.8, quiet_nan, 0.81, 0.82, 0.79,
                                   0.9, 0.9, 0.9, 0.9,     0.9,  0.5, 0.6,       0.6,  0.6,  0.6};
    SECTION("patience=1, factor=0.5") {
        check_rates({.rate = 0.2, .factor = 0.5, .patience = 1}, loss,
                    {0.2,  0.2,   0.2,   0.1,    0.1,    0.1,    0.1,    0.05,    0.05,    0.05,
                     0.05, 0.025, 0.025, 0.0125, 0.0125, 0.0125, 0.0125, 0.00625, 0.00625, 0.003125});
    }
    SECTION("patience=1, factor=0.5, cooldown=2") {
        check_rates({.rate = 0.2, .factor = 0.5, .patience = 1, .cooldown = 2}, loss,
                    {0.2,  0.2,   0.2,   0.1,   0.1,   0.1,   0.1,   0.05,   0.05,   0.05,
                     0.05, 0.025, 0.025, 0.025, 0.025, 0.025, 0.025, 0.0125, 0.0125, 0.0125});
    }
    SECTION("patience=0, factor=0.3, threshold=0.05, threshold_mode=abs, min_lr=0.01") {
        check_rates(
            {.rate = 0.2, .factor = 0.3, .patience = 0, .threshold = 0.05, .relative = false, .min_rate = 0.01},
            loss, {0.2,  0.2,  0.06, 0.018, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01,
                   0.01, 0.01, 0.01, 0.01,  0.01, 0.01, 0.01, 0.01, 0.01, 0.01});
    }
    SECTION("mode=max, patience=2, factor=0.5") {
        check_rates({.rate = 0.2, .factor = 0.5, .patience = 2, .maximize = true}, loss,
                    {0.2,   0.2,   0.2,    0.1,    0.1,    0.1,     0.05,    0.05,    0.05,     0.025,
                     0.025, 0.025, 0.0125, 0.0125, 0.0125, 0.00625, 0.00625, 0.00625, 0.003125, 0.003125});
    }
    SECTION("mode=max, patience=2, factor=0.5, threshold=0.02, threshold_mode=abs, cooldown=1") {
        check_rates({.rate = 0.2,
                     .factor = 0.5,
                     .patience = 2,
                     .maximize = true,
                     .threshold = 0.02,
                     .relative = false,
                     .cooldown = 1},
                    loss, {0.2,  0.2,   0.2,   0.1,   0.1,   0.1,    0.1,    0.05,   0.05,   0.05,
                           0.05, 0.025, 0.025, 0.025, 0.025, 0.0125, 0.0125, 0.0125, 0.0125, 0.00625});
    }
    SECTION("metrics that are infinite, NaN and negative") {
        check_rates({.rate = 0.2, .factor = 0.5, .patience = 0},
                    {inf, quiet_nan, 3, -1, -1, -1.00005, -1.1, -inf, 5},
                    {0.1, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05, 0.025});
    }
    SECTION("eps=0.04") {
        check_rates({.rate = 0.2, .factor = 0.5, .patience = 0, .min_drop = 0.04}, {1, 1, 1, 1},
                    {0.2, 0.1, 0.05, 0.05});
    }
    SECTION("defaults") {
        check_rates({.rate = 0.2}, std::vector<double>(13, 1.0),
                    {0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.020000000000000004,
                     0.020000000000000004});
    }
}

TEST_CASE("schedule plateau: the memory is all there is, so a copy of it goes on alike") {
    plateau const s{.rate = 1, .factor = 0.5, .patience = 1, .cooldown = 1};
    std::vector<double> memory(plateau::memory), twin;
    s.start(memory.data());
    for (auto const metric : {1.0, 2.0})
        s.observe(metric, memory.data());
    twin = memory;
    for (auto const metric : {2.0, 2.0, 2.0, 2.0}) {
        s.observe(metric, memory.data());
        s.observe(metric, twin.data());
        CHECK(memory == twin);
    }
    CHECK(s(0, memory.data()) == 0.25);
}

TEST_CASE("schedule plateau: bad members are named") {
    CHECK(complaint(plateau{.rate = 0.1}) == "");
    CHECK(complaint(plateau{.rate = 0}) == "plateau: rate = 0: must be finite and > 0");
    CHECK(complaint(plateau{.rate = 0.1, .factor = 1.5}) == "plateau: factor = 1.5: must be in (0, 1)");
    CHECK(complaint(plateau{.rate = 0.1, .factor = 0}) == "plateau: factor = 0: must be in (0, 1)");
    CHECK(complaint(plateau{.rate = 0.1, .factor = quiet_nan}) == "plateau: factor = nan: must be in (0, 1)");
    CHECK(complaint(plateau{.rate = 0.1, .patience = -1}) == "plateau: patience = -1: must be >= 0");
    CHECK(complaint(plateau{.rate = 0.1, .threshold = -1}) ==
          "plateau: threshold = -1: must be finite and >= 0");
    CHECK(complaint(plateau{.rate = 0.1, .threshold = 1}) ==
          "plateau: threshold = 1: must be < 1 where relative");
    CHECK(complaint(plateau{.rate = 0.1, .threshold = 1, .relative = false}) == "");
    CHECK(complaint(plateau{.rate = 0.1, .cooldown = -2}) == "plateau: cooldown = -2: must be >= 0");
    CHECK(complaint(plateau{.rate = 0.1, .min_rate = 0.2}) == "plateau: min_rate = 0.2: must be in [0, 0.1]");
    CHECK(complaint(plateau{.rate = 0.1, .min_drop = inf}) ==
          "plateau: min_drop = inf: must be finite and >= 0");
}
