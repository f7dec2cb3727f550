// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include <descent/search/detail/rungs.hpp>

namespace descent::search {

/// Asynchronous successive halving (Li, Jamieson, Rostamizadeh, Gonina, Ben-tzur, Hardt, Recht & Talwalkar,
/// 2020, algorithm 2): every trial is paused at steps first, first factor, first factor^2, ... below `most`.
/// Who is free takes, from the highest such rung down, a paused trial among the best 1 / factor of those that
/// have come to that rung, and lets it go on; where there is none, it begins a new trial. Nobody waits.
///
/// Trials pause and go on as in successive_halving. asha_stop decides at once and never resumes.
struct asha {
    std::int64_t first = 1;  ///< steps to the first rung
    double factor = 3;       ///< eta
    std::int64_t most = 81;  ///< steps of a whole trial

    void check() const { detail::check_rungs("asha", "first", double(first), factor, most); }
    bool should_stop(history const&, record const& r) const { return rungs().arrives(r); }
    std::int64_t next(history const& past, bool) const {
        std::vector<std::int64_t> all;
        for (record const& r : past.records)
            all.push_back(r.number);
        detail::rungs const at = rungs();
        for (std::size_t rung = at.size(); rung-- > 0;) {
            auto const order = at.ranked(past, rung, all);
            auto const count = std::size_t(double(order.size()) / factor * (1 + 1e-12));
            for (std::size_t i = 0; i < count; ++i)
                if (record const& r = past.records[std::size_t(order[i])];
                    r.state == trial_state::paused && at.reached(r) == rung + 1)
                    return r.number;
        }
        return -1;
    }

private:
    detail::rungs rungs() const { return {double(first), factor, double(most)}; }
};
static_assert(resuming_scheduler<asha>);

/// The same for objectives that cannot go on after a pause: a trial that comes to a rung ends there unless it
/// is among the best 1 / factor of those that have come so far (the first ones are, whatever they are worth).
struct asha_stop {
    std::int64_t first = 1;  ///< steps to the first rung
    double factor = 3;       ///< eta
    std::int64_t most = 81;  ///< steps of a whole trial

    void check() const { detail::check_rungs("asha_stop", "first", double(first), factor, most); }
    bool should_stop(history const& past, record const& r) const {
        detail::rungs const at{double(first), factor, double(most)};
        if (!at.arrives(r))
            return false;
        std::size_t const rung = at.reached(r) - 1;
        double const mine = at.loss(past, r, rung);
        std::int64_t come = 0, better = 0;
        for (record const& other : past.records)
            if (at.reached(other) > rung) {
                ++come;
                better += at.loss(past, other, rung) < mine;
            }
        return better >= std::max<std::int64_t>(1, std::int64_t(double(come) / factor * (1 + 1e-12)));
    }
};
static_assert(scheduler<asha_stop>);

}  // namespace descent::search
