// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include <descent/search/detail/draw.hpp>

namespace descent::search {

/// Uniform draws (Bergstra & Bengio, 2012). The draw of a trial depends on seed and number alone.
struct random {
    std::uint64_t seed = 0;

    void suggest(history const& past, std::int64_t number, std::vector<double>& to) const {
        generator const draws{seed, 0x7a2d0u};
        detail::until_allowed(past.space, to, [&](int attempt) {
            detail::draw_uniform(past.space, draws,
                                 (std::uint64_t(number) << 32) + (std::uint64_t(attempt) << 20), to);
        });
    }
};
static_assert(sampler<random>);

}  // namespace descent::search
