// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include <descent/search/detail/variation.hpp>

namespace descent::search {

/// NSGA-II (Deb, Pratap, Agarwal & Meyarivan, 2002), for studies with several goals: parents are the best
/// `population` trials so far, by how many fronts of unbeaten trials must go before they are unbeaten, then by
/// how empty the objectives' space is around them. Two winners of tournaments of two have a child: each
/// variable from one or between and beyond both (simulated binary crossover), and moved with chance 1 /
/// variables.
struct nsga2 {
    std::uint64_t seed = 0;
    std::int64_t population = 40;
    double crossover = 0.9;  ///< chance of it; else the child is the first winner, moved
    double spread = 20;      ///< large: children like their parents (eta of the crossover)
    double width = 0.1;      ///< deviation of a move, of the range

    void check() const {
        expect(population >= 4, "nsga2: population = ", population, ": must be >= 4");
        expect(crossover >= 0 && crossover <= 1, "nsga2: crossover = ", crossover, ": must be in [0, 1]");
        expect(spread >= 0, "nsga2: spread = ", spread, ": must be >= 0");
        expect(width > 0, "nsga2: width = ", width, ": must be > 0");
    }

    void suggest(history const& past, std::int64_t number, std::vector<double>& to) const {
        search::space const& space = past.space;
        auto const parents = number < population ? std::vector<record const*>{} : best(past);
        detail::until_allowed(space, to, [&](int attempt) {
            auto draws = detail::draws_of(seed, 0x25a2u, number, attempt);
            if (parents.size() < 2) {
                for (index k = 0; k < space.size(); ++k)
                    to[std::size_t(k)] = detail::coordinate_of(space[k], draws.uniform());
                return;
            }
            auto const winner = [&] {  // they stand in order
                return std::size_t(std::min(draws.integer(parents.size()), draws.integer(parents.size())));
            };
            record const &a = *parents[winner()], &b = *parents[winner()];
            bool const mixed = draws.uniform() < crossover;
            for (index k = 0; k < space.size(); ++k) {
                double const one = detail::coordinate_or_draw(a, space, k, draws),
                             two = detail::coordinate_or_draw(b, space, k, draws), u = draws.uniform(),
                             side = draws.uniform(), move = draws.uniform();
                double at = one;
                if (mixed && space[k].nominal()) {
                    at = side < 0.5 ? one : two;
                } else if (mixed) {
                    double const power = 1 / (spread + 1);
                    double const beta = u < 0.5 ? std::pow(2 * u, power) : std::pow(1 / (2 * (1 - u)), power);
                    at = 0.5 * (one + two) + (side < 0.5 ? 0.5 : -0.5) * beta * (one - two);
                }
                if (move * double(space.size()) < 1)
                    at = detail::mutated(space[k], at, width, draws);
                to[std::size_t(k)] = detail::reflected(space[k], at);
            }
        });
    }

private:
    std::vector<record const*> best(history const& past) const {
        struct entry {
            record const* r;
            std::int64_t front = 0;
            double room = 0;
        };
        std::vector<entry> all;
        for (record const* r : detail::told(past))
            all.push_back({r});
        std::size_t const goals = past.goals.size();
        auto const beats = [&](record const& a, record const& b) {
            bool better = false;
            for (std::size_t g = 0; g < goals; ++g) {
                double const x = past.loss(a, g), y = past.loss(b, g);
                if (!(x <= y))
                    return false;
                better = better || x < y;
            }
            return better;
        };
        // Front after front, until there are enough.
        std::vector<std::size_t> left(all.size());
        for (std::size_t i = 0; i < left.size(); ++i)
            left[i] = i;
        std::vector<entry> chosen;
        for (std::int64_t front = 0; !left.empty() && std::int64_t(chosen.size()) < population; ++front) {
            std::vector<std::size_t> rest, unbeaten;
            for (std::size_t const i : left) {
                bool beaten = false;
                for (std::size_t const j : left)
                    beaten = beaten || beats(*all[j].r, *all[i].r);
                (beaten ? rest : unbeaten).push_back(i);
            }
            for (std::size_t g = 0; g < goals; ++g) {
                std::stable_sort(unbeaten.begin(), unbeaten.end(), [&](std::size_t a, std::size_t b) {
                    return past.loss(*all[a].r, g) < past.loss(*all[b].r, g);
                });
                double const low = past.loss(*all[unbeaten.front()].r, g),
                             high = past.loss(*all[unbeaten.back()].r, g);
                for (std::size_t i = 0; i < unbeaten.size(); ++i)
                    all[unbeaten[i]].room +=
                        i == 0 || i + 1 == unbeaten.size() ? HUGE_VAL
                        : high > low
                            ? (past.loss(*all[unbeaten[i + 1]].r, g) - past.loss(*all[unbeaten[i - 1]].r, g)) /
                                  (high - low)
                            : 0;
            }
            for (std::size_t const i : unbeaten) {
                all[i].front = front;
                chosen.push_back(all[i]);
            }
            left = std::move(rest);
        }
        std::stable_sort(chosen.begin(), chosen.end(), [](entry const& a, entry const& b) {
            return a.front < b.front || (a.front == b.front && a.room > b.room);
        });
        chosen.resize(std::min(chosen.size(), std::size_t(population)));
        std::vector<record const*> found;
        for (entry const& e : chosen)
            found.push_back(e.r);
        return found;
    }
};
static_assert(sampler<nsga2>);

}  // namespace descent::search
