// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>

#include <descent/core/math.hpp>
#include <descent/core/pack.hpp>
#include <descent/core/tensor.hpp>

// Of n numbers that share a scale, by packs, in an order that depends on n alone.
namespace descent::quantize::detail {

/// Numbers that one task handles.
inline constexpr index piece = index(1) << 14;

/// f(j, kind) for j = 0, lanes, ... and then one by one to n: decltype(kind) is the pack or the number there.
template <class T, class F>
void each_pack(index n, F const& f) {
    using V = native_pack<T>;
    index j = 0;
    if constexpr (lanes_of < V >> 1)
        for (; j + lanes_of<V> <= n; j += lanes_of<V>)
            f(j, V(T(0)));
    for (; j < n; ++j)
        f(j, T(0));
}

/// The sum of f(x[j]).
template <class T, class F>
T sum_of(T const* x, index n, F const& f) {
    native_pack<T> packs(T(0));
    T rest = 0;
    each_pack<T>(n, [&](index j, auto kind) {
        using V = decltype(kind);
        if constexpr (lanes_of < V >> 1)
            packs += f(load_unaligned<V>(x + j));
        else
            rest += f(x[j]);
    });
    return sum(packs) + rest;
}

/// The mean of |x|; 0 of nothing.
template <class T>
T mean_magnitude(T const* x, index n) {
    return n > 0 ? sum_of(x, n, [](auto v) { return abs(v); }) / T(n) : T(0);
}

/// The largest |x|; NaN where one is NaN or Inf, 0 of nothing.
template <class T>
T largest_magnitude(T const* x, index n) {
    native_pack<T> packs(T(0));
    T rest = 0;
    each_pack<T>(n, [&](index j, auto kind) {
        using V = decltype(kind);
        if constexpr (lanes_of < V >> 1)
            packs = max(abs(load_unaligned<V>(x + j)), packs);
        else
            rest = max(abs(x[j]), rest);
    });
    T lanes[lanes_of<native_pack<T>>];
    store_unaligned(lanes, packs);
    for (T const lane : lanes)
        rest = max(lane, rest);
    // A later number drops a NaN.
    return rest + sum_of(x, n, [](auto v) { return v - v; });
}

/// The mean of |x| of those above the threshold; 0 where there are none.
template <class T>
T mean_above(T const* x, index n, T threshold) {
    auto const total = sum_of(x, n, [=](auto v) {
        using V = decltype(v);
        return select(abs(v) > V(threshold), abs(v), V(0));
    });
    auto const count = sum_of(x, n, [=](auto v) {
        using V = decltype(v);
        return select(abs(v) > V(threshold), V(1), V(0));
    });
    return count > 0 ? total / count : T(0);
}

}  // namespace descent::quantize::detail
