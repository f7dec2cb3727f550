// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <descent/search/detail/fronts.hpp>
#include <descent/search/detail/variation.hpp>

namespace descent::search {

/// NSGA-II (Deb, Pratap, Agarwal & Meyarivan, 2002), for studies with several goals: parents are the best
/// `population` trials so far, by how many fronts of unbeaten trials must go before they are unbeaten, then by
/// how empty the objectives' space is around them. Two winners of tournaments of two have a child: each
/// variable from one or between and beyond both (simulated binary crossover), and moved with chance 1 /
/// variables. The fronts are kept from trial to trial; one more trial costs O(trials).
struct nsga2 {
    std::uint64_t seed = 0;
    std::int64_t population = 40;
    double crossover = 0.9;  ///< chance of it; else the child is the first winner, moved
    double spread = 20;      ///< large: children like their parents (eta of the crossover)
    double width = 0.1;      ///< deviation of a move, of the range

    // What it has learned, its own: the fronts of trials that have ended, and which those are.
    detail::fronts known = {};
    std::vector<char> in = {};
    std::int64_t first = 0;  // that is not among them

    void check() const {
        expect(population >= 4, "nsga2: population = ", population, ": must be >= 4");
        expect(crossover >= 0 && crossover <= 1, "nsga2: crossover = ", crossover, ": must be in [0, 1]");
        expect(spread >= 0, "nsga2: spread = ", spread, ": must be >= 0");
        expect(width > 0, "nsga2: width = ", width, ": must be > 0");
    }

    void suggest(history const& past, std::int64_t number, std::vector<double>& to) {
        search::space const& space = past.space;
        auto const parents = number < population ? std::vector<detail::rival>{} : parents_of(past);
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
            record const &a = past.records[std::size_t(parents[winner()].number)],
                         &b = past.records[std::size_t(parents[winner()].number)];
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
    /// The best first.
    std::vector<detail::rival> parents_of(history const& past) {
        auto const is_known = [&](detail::rival const& e) { return e.losses == losses_of(past, e.number); };
        if (past.records.size() < in.size() || !known.all_unbeaten(is_known))
            known = {}, in.clear(), first = 0;  // another study
        in.resize(past.records.size());
        std::vector<std::int64_t> paused;
        for (std::int64_t number = first; number < std::int64_t(in.size()); ++number) {
            record const& r = past.records[std::size_t(number)];
            double const loss = past.loss(r);
            bool const final = r.state == trial_state::complete || r.state == trial_state::stopped ||
                               r.state == trial_state::failed;
            if (loss == loss && !final)
                paused.push_back(number);
            if (!final || in[std::size_t(number)])
                continue;
            in[std::size_t(number)] = true;
            if (loss == loss)
                known.add({number, losses_of(past, number)});
        }
        while (first < std::int64_t(in.size()) && in[std::size_t(first)])
            ++first;
        if (paused.empty())
            return known.best(std::size_t(population));
        detail::fronts all = known;
        for (std::int64_t const number : paused)
            all.add({number, losses_of(past, number)});
        return all.best(std::size_t(population));
    }

    static std::vector<double> losses_of(history const& past, std::int64_t number) {
        std::vector<double> losses;
        for (std::size_t g = 0; g < past.goals.size(); ++g)
            losses.push_back(past.loss(past.records[std::size_t(number)], g));
        return losses;
    }
};
static_assert(sampler<nsga2>);

}  // namespace descent::search
