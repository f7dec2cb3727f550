// SPDX-License-Identifier: MIT
#pragma once

#include <descent/schedule/detail/check.hpp>
#include <descent/schedule/schedule.hpp>

#include <algorithm>
#include <cstdint>
#include <limits>

namespace descent {

/// Lowers the value by `factor` when the observed metric has not become better for more than `patience` evaluations in a
/// row. "Better" means beyond the best one by the threshold: best * (1 -+ threshold) if relative, best -+ threshold if
/// not. After a drop, `cooldown` evaluations do not count. Same rules and defaults as torch ReduceLROnPlateau. A metric
/// that is NaN is not better than anything.
struct plateau {
    enum class goal : std::uint8_t { minimize, maximize };

    double start;                      ///< first value, > 0
    double factor = 0.1;               ///< per drop, in (0, 1)
    std::int64_t patience = 10;        ///< evaluations without progress that are forgiven, >= 0
    goal mode = goal::minimize;        ///< a loss falls, an accuracy rises
    double threshold = 1e-4;           ///< >= 0
    bool relative = true;              ///< what the threshold is measured in: shares of the best, or the metric's unit
    std::int64_t cooldown = 0;         ///< evaluations after a drop that are not counted, >= 0
    double min_rate = 0;               ///< no drop goes below, in [0, start]
    double min_drop = 1e-8;            ///< drops by no more than this are not made, >= 0

    static constexpr int memory = 4;  // value, best metric, evaluations without progress, cooldown left

    double operator()(std::int64_t /*done*/, double const* seen) const { return seen[0]; }

    void start_memory(double* seen) const;

    void observe(double metric, double* seen) const {
        auto& [rate, best, bad, cooling] = *reinterpret_cast<double(*)[4]>(seen);
    }
};

}  // namespace descent
