// SPDX-License-Identifier: MIT
#include <descent/schedule/cosine_restarts.hpp>

#include <catch2/catch_test_macros.hpp>

#include "support.hpp"

using namespace descent;
using namespace schedule_test;

TEST_CASE(
    "schedule cosine_restarts: numbers of torch CosineAnnealingWarmRestarts(T_0=3, T_mult=2, eta_min=0.01)") {
    check_values(cosine_restarts{.peak = 0.2, .period = 3, .multiplier = 2, .floor = 0.01},
                 {0.2,
                  0.15250000000000002,
                  0.05750000000000002,
                  0.2,
                  0.1872724133595217,
                  0.15250000000000002,
                  0.105,
                  0.05750000000000002,
                  0.022727586640478324,
                  0.2,
                  0.19676295349746148,
                  0.1872724133595217,
                  0.172175144212722,
                  0.15250000000000002,
                  0.12958780928473948,
                  0.105,
                  0.08041219071526054,
                  0.05750000000000002,
                  0.03782485578727799,
                  0.022727586640478324,
                  0.01323704650253852,
                  0.2});
}

TEST_CASE("schedule cosine_restarts: numbers of torch CosineAnnealingWarmRestarts(T_0=4)") {
    check_values(cosine_restarts{0.2, 4},
                 {0.2, 0.17071067811865476, 0.1, 0.029289321881345254, 0.2, 0.17071067811865476, 0.1,
                  0.029289321881345254, 0.2, 0.17071067811865476});
}

TEST_CASE("schedule cosine_restarts: each wave starts lower by the shrink, counted from the floor") {
    cosine_restarts const s{.peak = 1, .period = 2, .multiplier = 3, .shrink = 0.5, .floor = 0.2};
    CHECK(s(0) == 1);
    CHECK(std::abs(s(1) - 0.6) <= 1e-12);   // half way from 1 to 0.2
    CHECK(std::abs(s(2) - 0.6) <= 1e-12);   // 0.2 + 0.8 * 0.5
    CHECK(std::abs(s(5) - 0.4) <= 1e-12);   // half way from 0.6 to 0.2
    CHECK(std::abs(s(8) - 0.4) <= 1e-12);   // 0.2 + 0.8 * 0.25, after 2 + 6 steps
    CHECK(std::abs(s(26) - 0.3) <= 1e-12);  // 0.2 + 0.8 * 0.125, after 2 + 6 + 18 steps
}

TEST_CASE("schedule cosine_restarts: no step is too late") {
    constexpr auto last = std::numeric_limits<std::int64_t>::max();
    CHECK(cosine_restarts{1, 1}(last) == 1);
    auto const value = cosine_restarts{1, 3, 10}(last);
    CHECK(value >= 0);
    CHECK(value <= 1);
    CHECK(std::abs(cosine_restarts{1, 4, 1}(last)-0.5 * (1 - std::sqrt(0.5))) <=
          1e-12);  // 2^63 - 1 is 3 modulo 4
}

TEST_CASE("schedule cosine_restarts: bad members are named") {
    CHECK(complaint(cosine_restarts{1, 1}) == "");
    CHECK(complaint(cosine_restarts{0, 1}) == "cosine_restarts: peak = 0: must be finite and > 0");
    CHECK(complaint(cosine_restarts{1, 0}) == "cosine_restarts: period = 0: must be >= 1");
    CHECK(complaint(cosine_restarts{1, 1, 0}) == "cosine_restarts: multiplier = 0: must be >= 1");
    CHECK(complaint(cosine_restarts{1, 1, 1, 0}) == "cosine_restarts: shrink = 0: must be in (0, 1]");
    CHECK(complaint(cosine_restarts{1, 1, 1, 1.5}) == "cosine_restarts: shrink = 1.5: must be in (0, 1]");
    CHECK(complaint(cosine_restarts{1, 1, 1, quiet_nan}) == "cosine_restarts: shrink = nan: must be in (0, 1]");
    CHECK(complaint(cosine_restarts{0.5, 1, 1, 1, 1}) == "cosine_restarts: floor = 1: must be in [0, 0.5]");
}
