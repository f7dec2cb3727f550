// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include <descent/search/detail/variation.hpp>

namespace descent::search {

/// Local search (White, Nolen & Savani: "Exploring the loss landscape in neural architecture search", 2021):
/// the best of `first` random points, then points that differ from the best one in one variable, in random
/// order, moving as soon as one is better. Where no neighbour is, it begins anew elsewhere. Neighbours in a
/// list without order are all other labels; in an ordered one, and among whole numbers and steps, those beside
/// it. Where trials do not ask for all names, the others do not count. For architectures and other spaces of
/// lists: suggest throws descent::error for an interval.
struct local_search {
    std::uint64_t seed = 0;
    std::int64_t first = 1;  ///< random points that each beginning has

    void check() const { expect(first >= 1, "local_search: first = ", first, ": must be >= 1"); }

    void suggest(history const& past, std::int64_t number, std::vector<double>& to) const {
        search::space const& space = past.space;
        for (index k = 0; k < space.size(); ++k)
            expect(space[k].count() > 0, "local_search: ", space.name(k),
                   ": must be a list, whole numbers or steps, not an interval");
        place const now = replay(past, number);
        if (now.center) {
            auto draws = detail::draws_of(seed, 0x10ca1u, number);
            move const& chosen = now.open[std::size_t(draws.integer(now.open.size()))];
            for (index k = 0; k < space.size(); ++k)
                to[std::size_t(k)] = detail::coordinate_or_draw(*now.center, space, k, draws);
            to[std::size_t(chosen.variable)] = chosen.coordinate;
            return;
        }
        detail::until_allowed(space, to, [&](int attempt) {
            auto draws = detail::draws_of(seed, 0x10ca2u, number, attempt);
            for (index k = 0; k < space.size(); ++k)
                to[std::size_t(k)] = detail::coordinate_of(space[k], draws.uniform());
        });
    }

private:
    struct move {
        index variable;
        double value, coordinate;
    };
    struct place {
        record const* center = nullptr;  ///< null: random points are wanted
        std::vector<move> open = {};     ///< its neighbours that no trial was
    };

    /// Where the search stands before a trial: each trial before it was a step, whoever proposed it.
    place replay(history const& past, std::int64_t number) const {
        place now;
        record const* best = nullptr;
        std::int64_t drawn = 0;
        auto const go_to = [&](record const& center, std::int64_t after) {
            now = {&center, neighbours(past.space, center)};
            for (record const& r : past.records)
                if (r.number <= after)
                    leave_out(now, r);
        };
        for (record const& r : past.records) {
            if (r.number >= number)
                break;
            double const loss = past.loss(r);
            if (!now.center) {
                ++drawn;
                if (loss == loss && (!best || loss < past.loss(*best)))
                    best = &r;
                if (drawn >= first && best)
                    go_to(*best, r.number);
            } else if (loss == loss && loss < past.loss(*now.center)) {
                go_to(r, r.number);
            } else {
                leave_out(now, r);
            }
            if (now.center && now.open.empty()) {  // a local optimum
                now.center = best = nullptr;
                drawn = 0;
            }
        }
        return now;
    }

    static std::vector<move> neighbours(search::space const& space, record const& center) {
        std::vector<double> at(std::size_t(space.size()));
        for (index k = 0; k < space.size(); ++k)
            at[std::size_t(k)] = history::coordinate(center, k, 0.5);
        std::vector<move> found;
        for (index k = 0; k < space.size(); ++k) {
            if (!asked(center, k))
                continue;
            domain const& of = space[k];
            double const here = at[std::size_t(k)], value = center.chosen[std::size_t(k)];
            auto const consider = [&](double other) {
                if (!of.has(other) || other == value)
                    return;
                at[std::size_t(k)] = of.coordinate(other);
                if (space.allows(at.data()))
                    found.push_back({k, other, at[std::size_t(k)]});
                at[std::size_t(k)] = here;
            };
            if (of.nominal()) {
                for (index label = 0; label < of.count(); ++label)
                    consider(double(label));
            } else {
                double const step = of.listed() ? 1 : of.step;
                consider(value - step), consider(value + step);
            }
        }
        return found;
    }

    /// Did the trial ask for this variable?
    static bool asked(record const& r, index k) {
        return std::size_t(k) < r.chosen.size() && r.chosen[std::size_t(k)] == r.chosen[std::size_t(k)];
    }

    /// The trial is no open neighbour any more, if it was one.
    static void leave_out(place& now, record const& r) {
        index variable = -1;
        for (index k = 0; k < index(now.center->chosen.size()); ++k)
            if (asked(*now.center, k) && asked(r, k) &&
                now.center->chosen[std::size_t(k)] != r.chosen[std::size_t(k)]) {
                if (variable >= 0)
                    return;
                variable = k;
            }
        if (variable >= 0)
            std::erase_if(now.open, [&](move const& m) {
                return m.variable == variable && m.value == r.chosen[std::size_t(variable)];
            });
    }
};
static_assert(sampler<local_search>);

}  // namespace descent::search
