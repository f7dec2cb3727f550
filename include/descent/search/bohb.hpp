// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include <descent/search/random.hpp>
#include <descent/search/tpe.hpp>

namespace descent::search {

/// The sampler of BOHB (Falkner, Klein & Hutter, 2018), beside the scheduler hyperband: a Parzen estimator of
/// what was reported at the largest step that enough trials have come to, `variables + 3` of them; of trials
/// that were told without reports: of what was told. A share `random` of the trials is drawn uniformly.
///
///     search::study study{search::bohb{.seed = 1}, search::hyperband{.most = 81}};
struct bohb {
    std::uint64_t seed = 0;
    double random = 1.0 / 3;
    tpe model = {.initial = 2};  ///< its seed does not count

    void check() const {
        expect(random >= 0 && random <= 1, "bohb: random = ", random, ": must be in [0, 1]");
        model.check();
    }

    void suggest(history const& past, std::int64_t number, std::vector<double>& to) {
        generator const draws{seed, 0xb0b0u};
        auto const enough = std::size_t(past.space.size()) + 3;
        // The last steps, in order; the largest with enough at or behind it.
        std::vector<std::int64_t> last;
        std::vector<record> seen;
        for (record const& r : past.records) {
            if (!r.reports.empty() && r.state != trial_state::failed)
                last.push_back(r.reports.back().step);
            else if (past.loss(r) == past.loss(r))
                seen.push_back(r);
        }
        if (last.size() >= enough) {
            std::nth_element(last.begin(), last.end() - std::ptrdiff_t(enough), last.end());
            std::int64_t const step = *(last.end() - std::ptrdiff_t(enough));
            seen.clear();
            for (record const& r : past.records) {
                if (r.reports.empty() || r.state == trial_state::failed || r.reports.back().step < step)
                    continue;
                seen.push_back(r);
                for (reported const& at : r.reports)
                    if (at.step >= step) {
                        seen.back().value = at.value;
                        break;
                    }
                seen.back().values = {seen.back().value};
                seen.back().state = trial_state::complete;
            }
        }
        if (seen.size() < enough || draws.uniform<double>(std::uint64_t(number)) < random)
            return search::random{seed}.suggest(past, number, to);
        model.seed = seed;
        model.suggest({past.space, seen, past.goals}, number, to);
    }
};
static_assert(sampler<bohb>);

}  // namespace descent::search
