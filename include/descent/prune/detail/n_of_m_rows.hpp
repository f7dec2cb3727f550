// SPDX-License-Identifier: MIT
#pragma once

#include <cstring>

#include <descent/prune/detail/n_of_m_tile.hpp>

namespace descent::prune::detail {

/// What forms that permute want: of each group the numbers of each row, Window of them.
template <index Window>
void pack_rows(n_of_m_pattern const& pattern, float const* x, index rows, index inputs, float* to) {
    index const groups = pattern.groups(inputs), whole = pattern.of == Window ? inputs / Window : 0;
    for (index g = 0; g < whole; ++g)
        for (index r = 0; r < rows; ++r, to += Window)
            std::memcpy(to, x + r * inputs + g * Window, sizeof(float) * Window);
    for (index g = whole; g < groups; ++g)
        for (index r = 0; r < rows; ++r)
            for (index k = 0; k < Window; ++k) {
                index const i = g * pattern.of + k;
                *to++ = k < pattern.of && i < inputs ? x[r * inputs + i] : 0.0f;
            }
}

}  // namespace descent::prune::detail
