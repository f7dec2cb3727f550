// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <limits>

#include <descent/core/math.hpp>
#include <descent/exec/row.hpp>
#include <descent/nn/detail/sequence.hpp>

// Of one row of n numbers, by packs, in an order that depends on n alone.
namespace descent::nn::detail {

template <class T>
T row_sum(T const* x, index n) {
    using V = native_pack<T>;
    V total = V(T(0));
    T rest = 0;
    each_pack<T>(n, [&](index j, auto kind) {
        using K = decltype(kind);
        if constexpr (lanes_of<K> == lanes_of<V>)
            total += load_unaligned<K>(x + j);
        else
            rest += x[j];
    });
    return sum(total) + rest;
}

/// The sum of (x - center)^2.
template <class T>
T row_spread(T const* x, index n, T center) {
    using V = native_pack<T>;
    V total = V(T(0));
    T rest = 0;
    each_pack<T>(n, [&](index j, auto kind) {
        using K = decltype(kind);
        K const away = load_unaligned<K>(x + j) - K(center);
        if constexpr (lanes_of<K> == lanes_of<V>)
            total = fused_multiply_add(away, away, total);
        else
            rest = fused_multiply_add(away, away, rest);
    });
    return sum(total) + rest;
}

/// y = softmax(scale * x); y may be x.
template <class T>
void softmax_row(T const* x, index n, T scale, T* y) {
    T most = -std::numeric_limits<T>::infinity();
    for (index j = 0; j < n; ++j)
        most = max(x[j], most);
    each_pack<T>(n, [&](index j, auto kind) {
        using K = decltype(kind);
        store_unaligned(y + j, exp((load_unaligned<K>(x + j) - K(most)) * K(scale)));
    });
    T const share = T(1) / row_sum(y, n);
    each_pack<T>(n, [&](index j, auto kind) {
        using K = decltype(kind);
        store_unaligned(y + j, load_unaligned<K>(y + j) * K(share));
    });
}

/// dx = scale * y (dy - sum(y dy)): the slopes behind softmax_row; dx may be dy.
template <class T>
void softmax_row_backward(T const* y, T const* dy, index n, T scale, T* dx) {
    T const along = exec::dot(y, dy, n);
    each_pack<T>(n, [&](index j, auto kind) {
        using K = decltype(kind);
        store_unaligned(dx + j, K(scale) * load_unaligned<K>(y + j) * (load_unaligned<K>(dy + j) - K(along)));
    });
}

}  // namespace descent::nn::detail
