// SPDX-License-Identifier: MIT
#pragma once

#include <descent/schedule/anneal.hpp>
#include <descent/schedule/detail/check.hpp>
#include <descent/schedule/schedule.hpp>

#include <cstdint>

namespace descent {

/// WSD, a trapezoid (Hu et al., 2024; the 1 - sqrt decay by Hägele et al., 2024): peak * (done + 1) /
/// warmup_steps, then the peak for stable_steps, then along the curve to the floor in decay_steps, then the
/// floor for good. The stable part may be lengthened later without changing what came before.
struct warmup_stable_decay {
    double peak;                    ///< > 0
    std::int64_t warmup_steps;      ///< >= 0
    std::int64_t stable_steps;      ///< >= 0
    std::int64_t decay_steps;       ///< >= 0
    double floor = 0;               ///< in [0, peak]
    anneal curve = anneal::linear;  ///< of the decay

    double operator()(std::int64_t done) const {
        if (done < warmup_steps)
            return peak * (static_cast<double>(done + 1) / static_cast<double>(warmup_steps));
        done -= warmup_steps;
        if (done < stable_steps)
            return peak;
        done -= stable_steps;
        if (done >= decay_steps)
            return floor;
        return anneal_between(curve, peak, floor, static_cast<double>(done) / static_cast<double>(decay_steps));
    }

    /// Throws descent::error for a member out of its range.
    void check() const {
        detail::expect_positive("warmup_stable_decay", "peak", peak);
        detail::expect_at_least("warmup_stable_decay", "warmup_steps", warmup_steps, 0);
        detail::expect_at_least("warmup_stable_decay", "stable_steps", stable_steps, 0);
        detail::expect_at_least("warmup_stable_decay", "decay_steps", decay_steps, 0);
        detail::expect_within("warmup_stable_decay", "floor", floor, 0, peak);
    }
};
static_assert(memoryless_schedule<warmup_stable_decay>);

}  // namespace descent
