// SPDX-License-Identifier: MIT
#pragma once

#include <descent/schedule/detail/check.hpp>
#include <descent/schedule/schedule.hpp>

#include <cmath>
#include <cstdint>

namespace descent {

/// From start to end: end + (start - end) * (1 - done / steps)^power, then end for good. Power 1 is linear.
/// Same numbers as torch PolynomialLR for end = 0, and as optax polynomial_schedule.
struct polynomial {
    double start;        ///< value of the first step, > 0
    std::int64_t steps;  ///< the end is reached after this many, >= 1
    double end = 0;      ///< >= 0, may lie above the start
    double power = 1;    ///< > 0

    double operator()(std::int64_t done) const {
        if (done >= steps)
            return end;
        auto const left = 1 - static_cast<double>(done) / static_cast<double>(steps);
        return end + (start - end) * std::pow(left, power);
    }

    /// Throws descent::error for a member out of its range.
    void check() const {
        detail::expect_positive("polynomial", "start", start);
        detail::expect_at_least("polynomial", "steps", steps, 1);
        detail::expect_not_negative("polynomial", "end", end);
        detail::expect_positive("polynomial", "power", power);
    }
};
static_assert(memoryless_schedule<polynomial>);

}  // namespace descent
