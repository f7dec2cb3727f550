// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include <descent/search/detail/draw.hpp>

namespace descent::search {

/// Population-based training (Jaderberg et al., 2017): `size` members train side by side; a trial is one
/// member's next interval of training, which begins from the state it ended the last one with (trial::state)
/// and with its hyperparameters. A member among the worst `share` first takes the state of one of the best
/// `share`, and its hyperparameters: each of them drawn anew with chance `resample`, else moved by `move` of
/// the range up or down (lists: to a neighbour; categories: as they are).
///
///     search::study study{space, search::population{.size = 20}};
///     study.minimize({.trials = 20 * intervals, .parallel = 4}, [&](search::trial& t) {
///         auto& last = t.state<snapshot<float>>();   // as the parent left it
///         ... train for one interval at t["rate"] ...
///         return validation_loss;
///     });
struct population {
    std::uint64_t seed = 0;
    std::int64_t size = 20;
    double share = 0.2;
    double resample = 0.25;
    double move = 0.1;

    void check() const {
        expect(size >= 2, "population: size = ", size, ": must be >= 2");
        expect(share > 0 && share <= 0.5, "population: share = ", share, ": must be in (0, 0.5]");
        expect(resample >= 0 && resample <= 1, "population: resample = ", resample, ": must be in [0, 1]");
        expect(move > 0 && move < 1, "population: move = ", move, ": must be in (0, 1)");
    }

    /// Trials after which nobody begins from a state any more.
    std::int64_t lifetime() const { return 2 * size; }

    void suggest(history const& past, std::int64_t number, std::vector<double>& to) const {
        search::space const& space = past.space;
        std::int64_t const from = parent(past, number);
        auto const fresh = [&](int attempt) {
            detail::draw_uniform(space, {seed, 0x9b70u},
                                 (std::uint64_t(number) << 32) + (std::uint64_t(attempt) << 20), to);
        };
        if (from < 0)
            return detail::until_allowed(space, to, fresh);
        record const& origin = past.records[std::size_t(from)];
        auto const inherited = [&](index k) {
            double const at = history::coordinate(origin, k, record::none);
            return at == at ? at : space[k].nominal() ? 0 : 0.5;
        };
        if (from == number - size) {  // goes on as it was
            for (index k = 0; k < space.size(); ++k)
                to[std::size_t(k)] = inherited(k);
            return;
        }
        detail::until_allowed(space, to, [&](int attempt) {
            detail::stream draws{{seed, 0x9b71u},
                                 (std::uint64_t(number) << 32) + (std::uint64_t(attempt) << 20)};
            for (index k = 0; k < space.size(); ++k) {
                double const u = draws.uniform(), v = draws.uniform(), at = inherited(k);
                if (u < resample)
                    to[std::size_t(k)] = detail::coordinate_of(space[k], v);
                else if (space[k].nominal())
                    to[std::size_t(k)] = at;
                else
                    to[std::size_t(k)] =
                        at + (v < 0.5 ? -1 : 1) *
                                 std::max(move, space[k].count() > 0 ? 1 / double(space[k].count()) : 0.0);
            }
            for (std::size_t k = 0; k < to.size(); ++k)
                if (!space[index(k)].nominal())
                    to[k] = std::min(std::max(to[k], 0.0), 1.0);
        });
    }

    /// Whose state trial `number` begins from: its member's last one's or, for one of the worst, one of the
    /// best's; -1: nobody's.
    std::int64_t parent(history const& past, std::int64_t number) const {
        if (number < size)
            return -1;
        // Each member's last trial that ended, of the last two intervals.
        struct entry {
            double loss;
            std::int64_t number;
        };
        std::vector<entry> last;
        for (std::int64_t m = number - size; m < number; ++m)
            for (std::int64_t const at : {m, m - size}) {
                if (at < 0)
                    continue;
                if (double const loss = past.loss(past.records[std::size_t(at)]); loss == loss) {
                    last.push_back({loss, at});
                    break;
                }
            }
        if (last.empty())
            return -1;
        std::stable_sort(last.begin(), last.end(),
                         [](entry const& a, entry const& b) { return a.loss < b.loss; });
        auto const some = std::max<std::int64_t>(1, std::int64_t(share * double(last.size())));
        for (std::int64_t i = 0; i + some < std::int64_t(last.size()); ++i)
            if (last[std::size_t(i)].number == number - size)
                return number - size;
        return last[std::size_t(generator{seed, 0x9b72u}.integer(std::uint64_t(number), std::uint64_t(some)))]
            .number;
    }
};
static_assert(inheriting_sampler<population>);

}  // namespace descent::search
