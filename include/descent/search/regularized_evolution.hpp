// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include <descent/search/detail/variation.hpp>

namespace descent::search {

/// Regularized (aging) evolution (Real, Aggarwal, Huang & Le, 2019): of the last `population` trials that ended
/// `tournament` are drawn, and the best of them has a child with one variable changed. Who is old dies, however
/// good. For architectures and other spaces of many lists.
struct regularized_evolution {
    std::uint64_t seed = 0;
    std::int64_t population = 30;
    int tournament = 8;
    double width = 0.15;  ///< deviation of a number's step, of the range

    void check() const {
        expect(population >= 2, "regularized_evolution: population = ", population, ": must be >= 2");
        expect(tournament >= 1, "regularized_evolution: tournament = ", tournament, ": must be >= 1");
        expect(width > 0, "regularized_evolution: width = ", width, ": must be > 0");
    }

    void suggest(history const& past, std::int64_t number, std::vector<double>& to) const {
        auto const all = detail::told(past);
        auto const alive = std::min<std::int64_t>(population, std::int64_t(all.size()));
        detail::until_allowed(past.space, to, [&](int attempt) {
            auto draws = detail::draws_of(seed, 0x4e501u, number, attempt);
            if (number < population || alive < 2) {
                for (index k = 0; k < past.space.size(); ++k)
                    to[std::size_t(k)] = detail::coordinate_of(past.space[k], draws.uniform());
                return;
            }
            record const* parent = nullptr;
            for (int i = 0; i < tournament; ++i) {
                record const* const one =
                    all[all.size() - 1 - std::size_t(draws.integer(std::uint64_t(alive)))];
                if (!parent || past.loss(*one) < past.loss(*parent))
                    parent = one;
            }
            for (index k = 0; k < past.space.size(); ++k)
                to[std::size_t(k)] = detail::coordinate_or_draw(*parent, past.space, k, draws);
            auto const k = index(draws.integer(std::uint64_t(past.space.size())));
            to[std::size_t(k)] = detail::mutated(past.space[k], to[std::size_t(k)], width, draws);
        });
    }
};
static_assert(sampler<regularized_evolution>);

}  // namespace descent::search
