// SPDX-License-Identifier: MIT
#pragma once

#include <descent/schedule/anneal.hpp>
#include <descent/schedule/detail/check.hpp>
#include <descent/schedule/schedule.hpp>

#include <cmath>
#include <cstdint>
#include <limits>

namespace descent {

/// SGDR (Loshchilov & Hutter, 2017): cosine waves one after another. Wave k = 0, 1, ... lasts period *
/// multiplier^k steps and falls from floor + (peak - floor) * shrink^k towards the floor. Same numbers as torch
/// CosineAnnealingWarmRestarts for shrink = 1 (T_0 = period, T_mult = multiplier).
struct cosine_restarts {
    double peak;                  ///< value of the first step, > 0
    std::int64_t period;          ///< steps of the first wave, >= 1
    std::int64_t multiplier = 1;  ///< each wave is this many times longer, >= 1
    double shrink = 1;            ///< each wave is this many times as high, in (0, 1]
    double floor = 0;             ///< in [0, peak]

    double operator()(std::int64_t done) const {
        auto wave = std::int64_t{0}, length = period;
        if (multiplier == 1) {
            wave = done / period;
            done %= period;
        }
        while (done >= length) {
            done -= length;
            // A longer wave than can be counted lasts forever.
            constexpr auto most = std::numeric_limits<std::int64_t>::max();
            length = length > most / multiplier ? most : length * multiplier;
            ++wave;
        }
        auto const top = floor + (peak - floor) * std::pow(shrink, static_cast<double>(wave));
        return anneal_between(anneal::cosine, top, floor,
                              static_cast<double>(done) / static_cast<double>(length));
    }

    /// Throws descent::error for a member out of its range.
    void check() const {
        detail::expect_positive("cosine_restarts", "peak", peak);
        detail::expect_at_least("cosine_restarts", "period", period, 1);
        detail::expect_at_least("cosine_restarts", "multiplier", multiplier, 1);
        expect(shrink > 0 && shrink <= 1, "cosine_restarts: shrink = ", shrink, ": must be in (0, 1]");
        detail::expect_within("cosine_restarts", "floor", floor, 0, peak);
    }
};
static_assert(memoryless_schedule<cosine_restarts>);

}  // namespace descent
