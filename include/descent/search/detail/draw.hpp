// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include <descent/core/random.hpp>
#include <descent/search/record.hpp>

namespace descent::search::detail {

/// The coordinate that a number u in [0, 1) stands for.
inline double coordinate_of(domain const& of, double u) {
    return of.nominal() ? u * double(of.count()) - 0.5 : u;
}

/// Tries draw(attempt) until the space's conditions hold at `to`; the last draw stays where none of `attempts`
/// does.
template <class Draw>
void until_allowed(search::space const& space, std::vector<double>& to, Draw const& draw, int attempts = 1000) {
    for (int attempt = 0; attempt < attempts; ++attempt) {
        draw(attempt);
        if (space.allows(to.data()))
            return;
    }
}

/// One uniform point.
inline void draw_uniform(search::space const& space, generator draws, std::uint64_t at,
                         std::vector<double>& to) {
    for (std::size_t k = 0; k < to.size(); ++k)
        to[k] = coordinate_of(space[index(k)], draws.uniform<double>(at + k));
}

/// Random numbers one after another.
struct stream {
    generator draws;
    std::uint64_t at = 0;
    double uniform() { return draws.uniform<double>(at++); }
    std::uint64_t integer(std::uint64_t n) { return draws.integer(at++, n); }
    double normal() { return generator{draws.seed, draws.stream ^ 0x80000000u}.normal<double>(at++); }
};

}  // namespace descent::search::detail
