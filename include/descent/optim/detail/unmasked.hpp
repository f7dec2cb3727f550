// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>

#include <descent/core/error.hpp>
#include <descent/core/params.hpp>

namespace descent::detail {

/// Throws descent::error where weights of the tensor are masked, which a recipe without keep_zeros{} trains.
template <class T>
void expect_unmasked(std::string_view who, params<T> const& masks, std::string_view name) {
    if (!masks.masked())
        return;
    auto const& entry = masks.at(name);
    std::uint8_t const* const bits = masks.mask_bits();
    index masked = 0;
    for (index i = entry.offset; i < entry.offset + entry.size(); ++i)
        masked += !(bits[i / 8] >> (i % 8) & 1);
    expect(masked == 0, who, ": ", masked, " of ", entry.size(), " weights of '", name,
           "' are masked, and the recipe would train them: give it keep_zeros{}, or take the masks away "
           "(clear_masks())");
}

}  // namespace descent::detail
