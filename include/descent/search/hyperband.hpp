// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include <descent/search/detail/rungs.hpp>

namespace descent::search {

/// One bracket of Hyperband: so many trials are paused first at this step.
struct hyperband_bracket {
    std::int64_t trials;
    double first;
};

/// Hyperband (Li, Jamieson, DeSalvo, Rostamizadeh & Talwalkar, 2018, algorithm 1): brackets of successive
/// halving from many short trials to few whole ones, about the same number of steps each: for s = floor(log_eta
/// R) down to 0, ceil((floor(log_eta R) + 1) / (s + 1) eta^s) trials of first R eta^-s steps, R being `most`
/// and eta `factor`. Then they begin anew. With search::bohb as the sampler: BOHB.
///
/// Trials pause and go on as in successive_halving.
struct hyperband {
    double factor = 3;       ///< eta
    std::int64_t most = 81;  ///< steps of a whole trial

    void check() const {
        expect(most >= 1, "hyperband: most = ", most, ": must be >= 1");
        detail::check_rungs("hyperband", "first", 1, factor, most);
    }

    /// In the order in which they run.
    std::vector<hyperband_bracket> brackets() const {
        std::int64_t top = 0;
        for (double r = factor; r <= double(most) * (1 + 1e-12); r *= factor)
            ++top;
        std::vector<hyperband_bracket> all;
        for (std::int64_t s = top; s >= 0; --s) {
            double const grown = std::pow(factor, double(s));
            all.push_back({std::int64_t(std::ceil(double(top + 1) / double(s + 1) * grown * (1 - 1e-12))),
                           double(most) / grown});
        }
        return all;
    }

    bool should_stop(history const&, record const& r) const {
        auto const all = brackets();
        for (std::int64_t begin = 0;;)
            for (hyperband_bracket const& b : all) {
                if (r.number < begin + b.trials)
                    return rungs(b).arrives(r);
                begin += b.trials;
            }
    }
    std::int64_t next(history const& past, bool more) const {
        auto const all = brackets();
        for (std::int64_t begin = 0; begin < std::int64_t(past.records.size());)
            for (hyperband_bracket const& b : all) {
                if (auto const n = detail::next_of_bracket(past, rungs(b), factor, begin, b.trials, more);
                    n >= 0)
                    return n;
                begin += b.trials;
            }
        return -1;
    }

private:
    detail::rungs rungs(hyperband_bracket const& b) const { return {b.first, factor, double(most)}; }
};
static_assert(resuming_scheduler<hyperband>);

}  // namespace descent::search
