// SPDX-License-Identifier: MIT
#pragma once

#include <descent/core/tensor.hpp>
#include <descent/optim/rule.hpp>

namespace descent {

// Kernels that need a whole tensor at once (muon's orthogonalization, adafactor's row and column means) stand
// in a chain like any other. The sweep before them keeps the update in memory, then for each tensor
//
//     kernel  static constexpr bool whole = true
//     kernel  static constexpr int slots = 0
//     kernel  static index state_size(shape)         numbers of state of their own; throws for shapes they
//     cannot take kernel  void operator()(tensor_view<T> u, tensor_view<T const> w, T* state) const replaces u
//     in place
//
// and the next sweep goes on with the replaced update. The state is zero at the start and part of
// optimizer.state().

/// A kernel that works on whole tensors.
template <class K, class T>
concept whole_kernel = requires(K const k, tensor_view<T> u, tensor_view<T const> w, T* state) {
    requires K::whole;
    { K::state_size(shape{}) } -> std::convertible_to<index>;
    k(u, w, state);
};

}  // namespace descent
