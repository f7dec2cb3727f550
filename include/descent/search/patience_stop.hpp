// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstdint>

#include <descent/search/record.hpp>

namespace descent::search {

/// Stops a trial whose last `reports` reports were none better, by more than `by`, than the best before them.
struct patience_stop {
    std::int64_t reports = 10;
    double by = 0;

    void check() const {
        expect(reports >= 1, "patience_stop: reports = ", reports, ": must be >= 1");
        expect(by >= 0, "patience_stop: by = ", by, ": must be >= 0");
    }
    bool should_stop(history const& past, record const& r) const {
        double best = HUGE_VAL;
        std::int64_t since = 0;
        for (reported const& at : r.reports) {
            if (past.turned(at.value) < best - by) {
                best = past.turned(at.value);
                since = 0;
            } else {
                ++since;
            }
        }
        return since >= reports;
    }
};
static_assert(scheduler<patience_stop>);

}  // namespace descent::search
