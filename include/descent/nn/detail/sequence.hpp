// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>

#include <descent/core/pack.hpp>
#include <descent/core/tensor.hpp>
#include <descent/nn/detail/elementwise.hpp>

namespace descent::nn::detail {

/// Steps of a sample's sequence that are there: the rest is padding.
template <class Pass>
index live_steps(Pass const& p, index sample, index steps) {
    return p.padded ? std::min(p.lengths[sample], steps) : steps;
}

/// f(j, kind) for j = 0, lanes, ... and then one by one to n: decltype(kind) is the pack or the number there.
template <class T, class F>
void each_pack(index n, F const& f) {
    using V = native_pack<T>;
    index j = 0;
    for (; j + lanes_of<V> <= n; j += lanes_of<V>)
        f(j, V(T(0)));
    for (; lanes_of < V >> 1 && j < n; ++j)
        f(j, T(0));
}

/// body(first, last) over rows [0, count), so many at a time that a task handles about a piece of numbers.
template <class Executor, class Body>
void for_rows(Executor const& executor, index count, index columns, Body const& body) {
    index const each = std::max<index>(1, piece / std::max<index>(1, columns));
    executor.for_each((count + each - 1) / each,
                      [=](index i) { body(i * each, std::min(count, (i + 1) * each)); });
}

}  // namespace descent::nn::detail
