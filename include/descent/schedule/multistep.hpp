// SPDX-License-Identifier: MIT
#pragma once

#include <descent/core/error.hpp>
#include <descent/schedule/detail/check.hpp>
#include <descent/schedule/schedule.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace descent {

/// Drops at chosen steps: start * factor^k, k = how many of `at` are <= done. Same numbers as torch
/// MultiStepLR: multistep{.start = 0.1, .at = {3'000, 8'000}, .factor = 0.1}.
struct multistep {
    double start;                  ///< value before the first drop, > 0
    std::vector<std::int64_t> at;  ///< steps from which the next factor holds, each >= 1 and rising
    double factor = 0.1;           ///< per drop, > 0

    double operator()(std::int64_t done) const {
        int drops = 0;
        for (auto const drop : at)
            drops += drop <= done;
        return start * std::pow(factor, drops);
    }

    /// Throws descent::error for a member out of its range.
    void check() const {
        detail::expect_positive("multistep", "start", start);
        for (std::size_t i = 0; i < at.size(); ++i) {
            expect(at[i] >= 1, "multistep: at[", i, "] = ", at[i], ": must be >= 1");
            expect(i == 0 || at[i] > at[i - 1], "multistep: at[", i, "] = ", at[i], ": must be > at[", i - 1,
                   "] = ", at[i - (i > 0)]);
        }
        detail::expect_positive("multistep", "factor", factor);
    }
};
static_assert(memoryless_schedule<multistep>);

}  // namespace descent
