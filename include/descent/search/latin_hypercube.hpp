// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include <descent/search/detail/draw.hpp>

namespace descent::search {

/// Latin hypercubes (McKay, Beckman & Conover, 1979): of each `points` trials every variable has one in each of
/// `points` equal intervals, at a random place. Points against the space's conditions are drawn at random
/// instead.
struct latin_hypercube {
    std::uint64_t seed = 0;
    int points = 32;  ///< >= 1

    void check() const { expect(points >= 1, "latin_hypercube: points = ", points, ": must be >= 1"); }

    void suggest(history const& past, std::int64_t number, std::vector<double>& to) const {
        auto const round = std::uint64_t(number / points);
        generator const draws{seed, 0x1a71u};
        for (std::size_t k = 0; k < to.size(); ++k) {
            auto const order = permutation(
                points, generator{seed + 0x9e3779b97f4a7c15u * (round + 1), 0x1a720000u + std::uint32_t(k)});
            double const u = draws.uniform<double>(std::uint64_t(number) << 20 | k);
            to[k] = detail::coordinate_of(past.space[index(k)],
                                          (order[std::size_t(number % points)] + u) / double(points));
        }
        if (!past.space.allows(to.data()))
            detail::until_allowed(past.space, to, [&](int attempt) {
                detail::draw_uniform(past.space, generator{seed, 0x1a72u},
                                     (std::uint64_t(number) << 32) + (std::uint64_t(attempt) << 20), to);
            });
    }
};
static_assert(sampler<latin_hypercube>);

}  // namespace descent::search
