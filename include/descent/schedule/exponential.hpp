// SPDX-License-Identifier: MIT
#pragma once

#include <descent/schedule/detail/check.hpp>
#include <descent/schedule/schedule.hpp>

#include <cmath>
#include <cstdint>

namespace descent {

/// Geometric: start * factor^done. Same numbers as torch ExponentialLR (gamma = factor). A factor above 1 makes
/// the rising rate of a learning-rate range test (Smith, 2017).
struct exponential {
    double start;   ///< value of the first step, > 0
    double factor;  ///< from one step to the next, > 0

    double operator()(std::int64_t done) const { return start * std::pow(factor, static_cast<double>(done)); }

    /// Throws descent::error for a member out of its range.
    void check() const {
        detail::expect_positive("exponential", "start", start);
        detail::expect_positive("exponential", "factor", factor);
    }
};
static_assert(memoryless_schedule<exponential>);

}  // namespace descent
