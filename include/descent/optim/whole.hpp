// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include <descent/core/tensor.hpp>
#include <descent/optim/rule.hpp>

namespace descent {

// Kernels that need a whole tensor at once (muon's orthogonalization, adafactor's row and column means) stand
// in a chain like any other. The sweep before them keeps the update in memory, then for each tensor
//
//     static constexpr bool whole = true
//     static constexpr int slots = 0
//     static index state_size(shape)                  numbers of state of their own
//     void operator()(tensor_view<T> u, tensor_view<T const> w, T* state) const      replaces u in place
//
// and the next sweep goes on with the replaced update. The state is zero at the start and part of
// optimizer.state(). What such a kernel may add:
//
//     static void check_tensor(std::string_view name, shape)      throws for shapes it cannot take, before the
//                                                                 first step; frozen tensors are not asked
//     static index scratch_size(shape)                numbers of scratch memory; then it is called as
//     operator()(u, w, state, T* scratch, executor)   with a host executor, for products and loops on threads

namespace detail {

template <class K>
inline constexpr bool has_scratch = requires {
    K::scratch_size(shape{});
};
template <class K>
inline constexpr bool checks_tensors = requires(std::string_view name) {
    K::check_tensor(name, shape{});
};

}  // namespace detail

/// A kernel that works on whole tensors.
template <class K, class T>
concept whole_kernel = requires {
    requires K::whole;
    { K::state_size(shape{}) } -> std::convertible_to<index>;
}
&&(detail::has_scratch<K> ||
   requires(K const k, tensor_view<T> u, tensor_view<T const> w, T* state) { k(u, w, state); });

}  // namespace descent
