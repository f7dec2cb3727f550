// SPDX-License-Identifier: MIT
#pragma once

#include <descent/schedule/detail/check.hpp>
#include <descent/schedule/schedule.hpp>

#include <algorithm>
#include <cstdint>
#include <limits>

namespace descent {

/// Lowers the rate by `factor` when the observed metric has not become better for more than `patience`
/// evaluations in a row. Better means beyond the best one by the threshold: best * (1 -+ threshold) if
/// relative, best -+ threshold if not. After a drop, `cooldown` evaluations do not count. Same rules and
/// defaults as torch ReduceLROnPlateau. A metric that is NaN is not better than anything.
struct plateau {
    double rate;                 ///< first value, > 0
    double factor = 0.1;         ///< per drop, in (0, 1)
    std::int64_t patience = 10;  ///< evaluations without progress that are forgiven, >= 0
    bool maximize = false;       ///< the metric is to rise (an accuracy), not to fall (a loss)
    double threshold = 1e-4;     ///< >= 0, and < 1 if relative
    bool relative = true;        ///< the threshold is a share of the best metric, else in the metric's own unit
    std::int64_t cooldown = 0;   ///< evaluations after a drop that do not count, >= 0
    double min_rate = 0;         ///< no drop goes below, in [0, rate]
    double min_drop = 1e-8;      ///< a drop by no more than this is not made, finite and >= 0

    static constexpr int memory = 4;  // rate now, best metric, evaluations without progress, cooldown left

    double operator()(std::int64_t /*done*/, double const* seen) const { return seen[0]; }

    /// Nothing observed yet.
    void start(double* seen) const {
        constexpr auto worst = std::numeric_limits<double>::infinity();
        seen[0] = rate;
        seen[1] = maximize ? -worst : worst;
        seen[2] = 0;
        seen[3] = 0;
    }

    /// Counts one evaluation, and lowers the rate if it is due.
    void observe(double metric, double* seen) const {
        double &now = seen[0], &best = seen[1], &stale = seen[2], &cooling = seen[3];
        if (better(metric, best)) {
            best = metric;
            stale = 0;
        } else {
            ++stale;
        }
        if (cooling > 0) {
            --cooling;
            stale = 0;
        }
        if (stale > static_cast<double>(patience)) {
            auto const lower = std::max(now * factor, min_rate);
            if (now - lower > min_drop)
                now = lower;
            cooling = static_cast<double>(cooldown);
            stale = 0;
        }
    }

    /// Throws descent::error for a member out of its range.
    void check() const {
        detail::expect_positive("plateau", "rate", rate);
        expect(factor > 0 && factor < 1, "plateau: factor = ", factor, ": must be in (0, 1)");
        detail::expect_at_least("plateau", "patience", patience, 0);
        detail::expect_not_negative("plateau", "threshold", threshold);
        expect(!relative || threshold < 1, "plateau: threshold = ", threshold, ": must be < 1 where relative");
        detail::expect_at_least("plateau", "cooldown", cooldown, 0);
        detail::expect_within("plateau", "min_rate", min_rate, 0, rate);
        detail::expect_not_negative("plateau", "min_drop", min_drop);
    }

private:
    bool better(double metric, double best) const {
        auto const sign = maximize ? 1 : -1;
        auto const bar = relative ? best * (1 + sign * threshold) : best + sign * threshold;
        return maximize ? metric > bar : metric < bar;
    }
};
static_assert(stateful_schedule<plateau>);

}  // namespace descent
