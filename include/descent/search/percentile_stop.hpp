// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include <descent/search/record.hpp>

namespace descent::search {

/// Stops a trial whose best report so far is not among the best `percentile` percent of what the complete
/// trials reported at the same step: worse than that percentile, interpolated between neighbours.
struct percentile_stop {
    double percentile = 25;
    std::int64_t startup = 5;  ///< no trial is stopped before so many are complete
    std::int64_t warmup = 0;   ///< nor at steps before this
    std::int64_t least = 1;    ///< nor at steps that fewer complete trials reported at

    void check() const {
        expect(percentile >= 0 && percentile <= 100, "percentile_stop: percentile = ", percentile,
               ": must be in [0, 100]");
        expect(startup >= 1, "percentile_stop: startup = ", startup, ": must be >= 1");
        expect(warmup >= 0, "percentile_stop: warmup = ", warmup, ": must be >= 0");
        expect(least >= 1, "percentile_stop: least = ", least, ": must be >= 1");
    }
    bool should_stop(history const& past, record const& r) const {
        std::int64_t const step = r.reports.back().step;
        if (step < warmup)
            return false;
        std::vector<double> there;
        std::int64_t complete = 0;
        for (record const& other : past.records) {
            if (other.state != trial_state::complete)
                continue;
            ++complete;
            for (reported const& at : other.reports)
                if (at.step == step && at.value == at.value)
                    there.push_back(past.turned(at.value));
        }
        if (complete < startup || std::int64_t(there.size()) < least)
            return false;
        std::sort(there.begin(), there.end());
        double const at = percentile / 100 * double(there.size() - 1);
        auto const below = std::size_t(at);
        double const above = there[std::min(below + 1, there.size() - 1)];
        return past.least_reported(r) > there[below] + (at - double(below)) * (above - there[below]);
    }
};
static_assert(scheduler<percentile_stop>);

}  // namespace descent::search
