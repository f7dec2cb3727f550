// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include <descent/search/detail/variation.hpp>

namespace descent::search {

/// Differential evolution (Storn & Price, 1997), current-to-best/1/bin: trial n challenges member n mod
/// `population`, the best trial of those before it with that remainder. From the member a step goes `weight` of
/// the way to the best of all and `weight` times the difference of two others; each variable takes it with
/// chance `crossover`, one of them for certain. Categories are copied from the best or from another.
struct differential_evolution {
    std::uint64_t seed = 0;
    std::int64_t population = 0;  ///< 0: three times the variables, between 8 and 40
    double weight = 0.6;
    double crossover = 0.8;

    void check() const {
        expect(population == 0 || population >= 4, "differential_evolution: population = ", population,
               ": must be 0 or >= 4");
        expect(weight > 0 && weight <= 2, "differential_evolution: weight = ", weight, ": must be in (0, 2]");
        expect(crossover >= 0 && crossover <= 1, "differential_evolution: crossover = ", crossover,
               ": must be in [0, 1]");
    }

    void suggest(history const& past, std::int64_t number, std::vector<double>& to) const {
        search::space const& space = past.space;
        std::int64_t const size = population > 0
                                      ? population
                                      : std::min<std::int64_t>(40, std::max<std::int64_t>(8, 3 * space.size()));
        std::vector<record const*> members(static_cast<std::size_t>(size), nullptr);
        record const* best = nullptr;
        for (record const* r : detail::told(past)) {
            record const*& member = members[std::size_t(r->number % size)];
            if (!member || past.loss(*r) < past.loss(*member))
                member = r;
            if (!best || past.loss(*r) < past.loss(*best))
                best = r;
        }
        record const* const mine = members[std::size_t(number % size)];
        std::vector<record const*> others;
        for (record const* m : members)
            if (m && m != mine)
                others.push_back(m);
        detail::until_allowed(space, to, [&](int attempt) {
            auto draws = detail::draws_of(seed, 0xd1ffu, number, attempt);
            if (number < size || !mine || others.size() < 2) {
                for (index k = 0; k < space.size(); ++k)
                    to[std::size_t(k)] = detail::coordinate_of(space[k], draws.uniform());
                return;
            }
            auto const a = std::size_t(draws.integer(others.size()));
            auto b = std::size_t(draws.integer(others.size() - 1));
            b += b >= a;
            auto const certain = index(draws.integer(std::uint64_t(space.size())));
            for (index k = 0; k < space.size(); ++k) {
                double const own = detail::coordinate_or_draw(*mine, space, k, draws),
                             top = detail::coordinate_or_draw(*best, space, k, draws),
                             one = detail::coordinate_or_draw(*others[a], space, k, draws),
                             two = detail::coordinate_or_draw(*others[b], space, k, draws), u = draws.uniform(),
                             v = draws.uniform();
                double step = own;
                if (u < crossover || k == certain)
                    step = space[k].nominal() ? (v < 0.5 ? top : one)
                                              : own + weight * (top - own) + weight * (one - two);
                to[std::size_t(k)] = detail::reflected(space[k], step);
            }
        });
    }
};
static_assert(sampler<differential_evolution>);

}  // namespace descent::search
