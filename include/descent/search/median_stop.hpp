// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include <descent/search/record.hpp>

namespace descent::search {

/// Stops a trial whose best report so far is worse than the median, over the complete trials, of the mean of
/// all that they had reported up to the same step (Golovin, Solnik, Moitra, Kochanski, Karro & Sculley, 2017).
struct median_stop {
    std::int64_t startup = 5;  ///< no trial is stopped before so many are complete
    std::int64_t warmup = 0;   ///< nor at steps before this

    void check() const {
        expect(startup >= 1, "median_stop: startup = ", startup, ": must be >= 1");
        expect(warmup >= 0, "median_stop: warmup = ", warmup, ": must be >= 0");
    }
    bool should_stop(history const& past, record const& r) const {
        std::int64_t const step = r.reports.back().step;
        if (step < warmup)
            return false;
        std::vector<double> means;
        std::int64_t complete = 0;
        for (record const& other : past.records) {
            if (other.state != trial_state::complete)
                continue;
            ++complete;
            double total = 0, count = 0;
            for (reported const& at : other.reports)
                if (at.step <= step && at.value == at.value) {
                    total += past.turned(at.value);
                    ++count;
                }
            if (count > 0)
                means.push_back(total / count);
        }
        if (complete < startup || means.empty())
            return false;
        std::sort(means.begin(), means.end());
        std::size_t const n = means.size();
        return past.least_reported(r) > (means[(n - 1) / 2] + means[n / 2]) / 2;
    }
};
static_assert(scheduler<median_stop>);

}  // namespace descent::search
