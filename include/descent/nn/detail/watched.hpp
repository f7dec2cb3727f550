// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

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

/// Does the executor of this pass want to see what layers read and give (see nn::watch)? Then each layer's work
/// stands by itself, and containers show it.
template <class Pass>
inline constexpr bool watches_numbers = requires {
    requires std::remove_cvref_t<decltype(std::declval<Pass&>().executor)>::watches_numbers;
};
template <class Pass, class T>
void show(Pass const& p, T const* x, T const* y) {
    if constexpr (watches_numbers<Pass>)
        p.executor.show(x, y, p.samples);
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
