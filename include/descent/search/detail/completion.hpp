// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include <descent/search/detail/draw.hpp>
#include <descent/search/preset.hpp>

namespace descent::search::detail {

/// The presets as values by position in the space, NaN where there is none; names that it does not have are
/// left out. Throws descent::error for a value that a domain does not have.
inline std::vector<double> values_in(search::space const& space, std::vector<preset> const& given) {
    std::vector<double> values(std::size_t(space.size()), record::none);
    for (preset const& p : given)
        if (index const at = space.find(p.name); at >= 0)
            values[std::size_t(at)] = p.value_in(space[at]);
    return values;
}

/// A point with the fixed values (NaN: free): the others stay as they are in `to` if the space's conditions
/// hold then, else they are drawn anew until they do. False where none of the draws is allowed.
inline bool complete(search::space const& space, std::vector<double> const& fixed, std::vector<double>& to,
                     std::uint64_t seed, std::uint64_t number, int attempts = 1000) {
    bool free = false;
    for (double const value : fixed)
        free = free || value != value;
    std::vector<double> values(to.size());
    for (int attempt = 0;; ++attempt) {
        for (std::size_t k = 0; k < to.size(); ++k)
            values[k] = fixed[k] == fixed[k] ? fixed[k] : space[index(k)].value(to[k]);
        if (space.allows_values(values))
            return true;
        if (!free || attempt == attempts)
            return false;
        draw_uniform(space, {seed, 0x7a1a2u}, (number << 32) + (std::uint64_t(attempt) << 20), to);
    }
}

}  // namespace descent::search::detail
