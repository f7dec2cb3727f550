// SPDX-License-Identifier: MIT
#pragma once

#include <descent/schedule/anneal.hpp>
#include <descent/schedule/detail/check.hpp>
#include <descent/schedule/schedule.hpp>

#include <cstdint>

namespace descent {

/// Half a cosine wave (Loshchilov & Hutter, 2017): floor + (peak - floor) / 2 * (1 + cos(pi * done / steps)),
/// then the floor for good. Same numbers as torch CosineAnnealingLR up to its T_max (torch climbs again
/// afterwards).
struct cosine {
    double peak;         ///< value of the first step, > 0
    std::int64_t steps;  ///< the floor is reached after this many, >= 1
    double floor = 0;    ///< last value, in [0, peak]

    double operator()(std::int64_t done) const {
        if (done >= steps)
            return floor;
        return anneal_between(anneal::cosine, peak, floor,
                              static_cast<double>(done) / static_cast<double>(steps));
    }

    /// Throws descent::error for a member out of its range.
    void check() const {
        detail::expect_positive("cosine", "peak", peak);
        detail::expect_at_least("cosine", "steps", steps, 1);
        detail::expect_within("cosine", "floor", floor, 0, peak);
    }
};
static_assert(memoryless_schedule<cosine>);

}  // namespace descent
