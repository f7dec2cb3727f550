// SPDX-License-Identifier: MIT
#pragma once

#include <descent/schedule/detail/check.hpp>
#include <descent/schedule/schedule.hpp>

#include <cmath>
#include <cstdint>

namespace descent {

/// Staircase: start * factor^floor(done / every). Same numbers as torch StepLR (gamma = factor).
struct step {
    double start;         ///< value of the first `every` steps, > 0
    std::int64_t every;   ///< length of a stair in steps, >= 1
    double factor = 0.1;  ///< from one stair to the next, > 0

    double operator()(std::int64_t done) const {
        return start * std::pow(factor, static_cast<double>(done / every));
    }

    /// Throws descent::error for a member out of its range.
    void check() const {
        detail::expect_positive("step", "start", start);
        detail::expect_at_least("step", "every", every, 1);
        detail::expect_positive("step", "factor", factor);
    }
};
static_assert(memoryless_schedule<step>);

}  // namespace descent
