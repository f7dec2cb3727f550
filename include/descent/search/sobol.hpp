// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include <descent/search/detail/draw.hpp>
#include <descent/search/detail/sobol_points.hpp>

namespace descent::search {

/// Scrambled Sobol points (Sobol, 1967; direction numbers of Joe & Kuo, 2008; scrambling of Owen, 1995): the
/// first 2^k fill the space more evenly than random draws, in every projection on one or two variables too.
/// Variables beyond the 50th are drawn at random. Points against the space's conditions are left out. Give it a
/// declared space.
struct sobol {
    std::uint64_t seed = 0;

    void suggest(history const& past, std::int64_t number, std::vector<double>& to) const {
        generator const draws{seed, 0x50b01u};
        auto const place = [&](std::uint32_t point) {
            for (std::size_t k = 0; k < to.size(); ++k)
                to[k] =
                    detail::coordinate_of(past.space[index(k)], detail::sobol_coordinate(point, int(k), draws));
        };
        if (!past.space.conditional())
            return place(std::uint32_t(number));
        std::int64_t before = number;
        for (std::uint32_t point = 0, tried = 0; tried < 1000; ++point) {
            place(point);
            tried = past.space.allows(to.data()) ? 0 : tried + 1;
            if (tried == 0 && before-- == 0)
                return;
        }
    }
};
static_assert(sampler<sobol>);

}  // namespace descent::search
