// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>

#include <descent/core/pack.hpp>
#include <descent/core/tensor.hpp>
#include <descent/nn/detail/there.hpp>

namespace descent::nn::detail {

/// Numbers that one task handles: some 10 us of light work.
inline constexpr index piece = index(1) << 14;

/// body(first, last) over [0, count) in pieces cut by the count alone; first is a multiple of whole registers.
template <class Executor, class Body>
void for_pieces(Executor const& executor, index count, Body const& body) {
    executor.for_each((count + piece - 1) / piece,
                      [=](index i) { body(i * piece, std::min(count, (i + 1) * piece)); });
}

/// What map does where nothing changes, and where two are added.
struct same {
    template <class V>
    DESCENT_FN V operator()(V x) const {
        return x;
    }
};
struct added {
    template <class V>
    DESCENT_FN V operator()(V a, V b) const {
        return a + b;
    }
};

/// y[i] = f(x[i]) by packs, up to the next whole register behind count. y may be x. On a device f must not be a
/// lambda, and its operator() must be DESCENT_FN.
template <class T, class Executor, class F>
void map(Executor const& executor, index count, T const* x, T* y, F const& f) {
    if constexpr (Executor::host)
        for_pieces(executor, count, [=](index first, index last) {
            using V = native_pack<T>;
            for (index i = first; i < last; i += lanes_of<V>)
                store(y + i, f(load<V>(x + i)));
        });
    else
        device_map(there{}, executor, count, x, y, f);
}

/// y[i] = f(a[i], b[i]) likewise.
template <class T, class Executor, class F>
void map(Executor const& executor, index count, T const* a, T const* b, T* y, F const& f) {
    if constexpr (Executor::host)
        for_pieces(executor, count, [=](index first, index last) {
            using V = native_pack<T>;
            for (index i = first; i < last; i += lanes_of<V>)
                store(y + i, f(load<V>(a + i), load<V>(b + i)));
        });
    else
        device_map(there{}, executor, count, a, b, y, f);
}

/// to[i] += from[i].
template <class T, class Executor>
void add_to(Executor const& executor, index count, T const* from, T* to) {
    map(executor, count, static_cast<T const*>(to), from, to, added{});
}

}  // namespace descent::nn::detail
