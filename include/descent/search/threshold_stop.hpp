// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstdint>

#include <descent/search/record.hpp>

namespace descent::search {

/// Stops a trial that reports less than `lower`, more than `upper`, or what is not a number.
struct threshold_stop {
    double lower = -HUGE_VAL;
    double upper = HUGE_VAL;
    std::int64_t warmup = 0;  ///< not at steps before this

    void check() const {
        expect(lower <= upper, "threshold_stop: lower = ", lower, ": must be <= upper = ", upper);
        expect(warmup >= 0, "threshold_stop: warmup = ", warmup, ": must be >= 0");
    }
    bool should_stop(history const&, record const& r) const {
        double const value = r.reports.back().value;
        return r.reports.back().step >= warmup && !(value >= lower && value <= upper);
    }
};
static_assert(scheduler<threshold_stop>);

}  // namespace descent::search
