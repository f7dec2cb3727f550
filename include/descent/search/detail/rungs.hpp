// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string_view>
#include <vector>

#include <descent/search/record.hpp>

namespace descent::search::detail {

/// Steps at which trials are compared: first, first factor, first factor^2, ..., rounded, all below `most`.
struct rungs {
    std::vector<std::int64_t> steps = {};

    rungs(double first, double factor, double most) {
        for (double at = first; std::round(at) < most; at *= factor)
            if (auto const step = std::max<std::int64_t>(1, std::llround(at));
                steps.empty() || step > steps.back())
                steps.push_back(step);
    }

    std::size_t size() const { return steps.size(); }

    /// How many rungs the trial has reached.
    std::size_t reached(record const& r) const {
        return r.reports.empty()
                   ? 0
                   : std::size_t(std::upper_bound(steps.begin(), steps.end(), r.reports.back().step) -
                                 steps.begin());
    }

    /// Did its last report bring it to a rung?
    bool arrives(record const& r) const {
        std::size_t const now = reached(r);
        return now > 0 && (r.reports.size() < 2 || r.reports[r.reports.size() - 2].step < steps[now - 1]);
    }

    /// What it reported at the rung, turned so that less is better; infinity where that is not a number.
    double loss(history const& past, record const& r, std::size_t rung) const {
        for (reported const& at : r.reports)
            if (at.step >= steps[rung])
                return at.value == at.value ? past.turned(at.value) : HUGE_VAL;
        return HUGE_VAL;
    }

    /// Those that reached a rung, best first; among equals the earlier.
    template <class Numbers>
    std::vector<std::int64_t> ranked(history const& past, std::size_t rung, Numbers const& among) const {
        struct entry {
            double loss;
            std::int64_t number;
        };
        std::vector<entry> all;
        for (std::int64_t const number : among)
            if (record const& r = past.records[std::size_t(number)]; reached(r) > rung)
                all.push_back({loss(past, r, rung), number});
        std::stable_sort(all.begin(), all.end(),
                         [](entry const& a, entry const& b) { return a.loss < b.loss; });
        std::vector<std::int64_t> order;
        for (entry const& e : all)
            order.push_back(e.number);
        return order;
    }
};

/// Throws descent::error for settings that give no rungs.
inline void check_rungs(std::string_view who, std::string_view first_name, double first, double factor,
                        std::int64_t most) {
    expect(first >= 1, who, ": ", first_name, " = ", first, ": must be >= 1");
    expect(factor > 1 && std::isfinite(factor), who, ": factor = ", factor, ": must be > 1");
    expect(double(most) >= first, who, ": most = ", most, ": must be >= ", first_name, " = ", first);
}

/// One bracket of successive halving among the trials [begin, begin + size): who goes on now; -1: nobody, since
/// it waits or is done. Of those at each rung a share 1 / factor goes on when all have come or ended.
inline std::int64_t next_of_bracket(history const& past, rungs const& at, double factor, std::int64_t begin,
                                    std::int64_t size, bool more) {
    auto const known = std::int64_t(past.records.size());
    std::int64_t const end = std::min(begin + size, known);
    if (begin >= known || (end < begin + size && more))
        return -1;
    std::vector<std::int64_t> members;
    for (std::int64_t i = begin; i < end; ++i)
        members.push_back(i);
    double planned = double(size);
    for (std::size_t rung = 0; rung < at.size(); ++rung) {
        for (std::int64_t const m : members) {
            record const& r = past.records[std::size_t(m)];
            if ((r.state == trial_state::running || r.state == trial_state::waiting) && at.reached(r) <= rung)
                return -1;
        }
        planned = std::floor(planned / factor * (1 + 1e-12));
        auto order = at.ranked(past, rung, members);
        order.resize(std::min(order.size(), std::size_t(planned)));
        for (std::int64_t const m : order)
            if (record const& r = past.records[std::size_t(m)];
                r.state == trial_state::paused && at.reached(r) == rung + 1)
                return m;
        members = std::move(order);
    }
    return -1;
}

}  // namespace descent::search::detail
