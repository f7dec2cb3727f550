// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

#include <descent/core/tensor.hpp>

namespace descent::nn::detail {

/// Containers tell before and behind the work of each child; an executor that measures (see nn::profile)
/// listens. For all others nothing is compiled.
template <class Pass>
void enter(Pass const& p, std::size_t child) {
    if constexpr (requires { p.executor.enter(child); })
        p.executor.enter(child);
}
template <class Pass>
void leave(Pass const& p) {
    if constexpr (requires { p.executor.leave(); })
        p.executor.leave();
}

/// Does the bound layer refuse some numbers, by check_input(x, sample) of one sample's x?
template <class Bound>
inline constexpr bool checks_input = requires {
    requires Bound::checks_input;
};

/// Throws what the layer throws for numbers that it cannot read, if there are any.
template <class Bound, class T>
void check_input(Bound const& layer, T const* x, index sample) {
    if constexpr (checks_input<Bound>)
        layer.check_input(x, sample);
}

}  // namespace descent::nn::detail
