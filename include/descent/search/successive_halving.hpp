// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include <descent/search/detail/rungs.hpp>

namespace descent::search {

/// Successive halving (Karnin, Koren & Somekh, 2013; Jamieson & Talwalkar, 2016): `trials` trials are paused
/// at step `first`; when all have come there, the best 1 / factor of them go on to factor times as many steps,
/// and so on up to `most`. Then the next `trials` begin. A free worker does not wait for the others of a rung:
/// it begins trials of the next bracket.
///
/// Trials report as they go, end when trial::should_stop() tells, and go on from what they kept (trial::state,
/// trial::folder); one that begins anew is right too, only slower.
struct successive_halving {
    std::int64_t first = 1;    ///< steps to the first rung
    double factor = 3;         ///< eta
    std::int64_t most = 81;    ///< steps of a whole trial
    std::int64_t trials = 81;  ///< of a bracket

    void check() const {
        detail::check_rungs("successive_halving", "first", double(first), factor, most);
        expect(trials >= 1, "successive_halving: trials = ", trials, ": must be >= 1");
    }
    bool should_stop(history const&, record const& r) const { return rungs().arrives(r); }
    std::int64_t next(history const& past, bool more) const {
        for (std::int64_t begin = 0; begin < std::int64_t(past.records.size()); begin += trials)
            if (auto const n = detail::next_of_bracket(past, rungs(), factor, begin, trials, more); n >= 0)
                return n;
        return -1;
    }

private:
    detail::rungs rungs() const { return {double(first), factor, double(most)}; }
};
static_assert(resuming_scheduler<successive_halving>);

}  // namespace descent::search
