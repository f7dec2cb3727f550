// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>

#include <descent/core/pack.hpp>
#include <descent/core/tensor.hpp>

// Sums and updates over plain arrays of n numbers, in packs and in one order: the methods' own arithmetic.
namespace descent::solve::detail {

/// a . b: short stretches in packs of T, their sums in double, so that float keeps its 7 digits.
template <class T>
double dot(T const* a, T const* b, index n) {
    using V = native_pack<T>;
    constexpr index lanes = lanes_of<V>, stretch = 64 * lanes;
    double total = 0;
    index i = 0;
    while (i + lanes <= n) {
        index const end = std::min(n, i + stretch);
        V even(T(0)), odd(T(0));
        for (; i + 2 * lanes <= end; i += 2 * lanes) {
            even += load_unaligned<V>(a + i) * load_unaligned<V>(b + i);
            odd += load_unaligned<V>(a + i + lanes) * load_unaligned<V>(b + i + lanes);
        }
        for (; i + lanes <= end; i += lanes)
            even += load_unaligned<V>(a + i) * load_unaligned<V>(b + i);
        total += double(sum(even + odd));
    }
    for (; i < n; ++i)
        total += double(a[i]) * double(b[i]);
    return total;
}

/// The largest |a[i]|; NaN if there is one.
template <class T>
double largest(T const* a, index n) {
    double most = 0;
    for (index i = 0; i < n; ++i)
        if (double const size = std::fabs(double(a[i])); !(size <= most))
            most = std::isnan(most) ? most : size;
    return most;
}

/// The Euclidean norm of a, also where the squares overflow or vanish in T.
template <class T>
double norm(T const* a, index n) {
    double const square = dot(a, a, n);
    if (square > (sizeof(T) == 4 ? 1e-30 : 1e-280) && std::isfinite(square))
        return std::sqrt(square);
    double const scale = largest(a, n);
    if (!(scale > 0) || !std::isfinite(scale))
        return scale;
    double total = 0;
    for (index i = 0; i < n; ++i)
        total += (double(a[i]) / scale) * (double(a[i]) / scale);
    return scale * std::sqrt(total);
}

/// y += factor x.
template <class T>
void add(double factor, T const* DESCENT_RESTRICT x, T* DESCENT_RESTRICT y, index n) {
    using V = native_pack<T>;
    V const by{T(factor)};
    index i = 0;
    for (; i + lanes_of<V> <= n; i += lanes_of<V>)
        store_unaligned(y + i, load_unaligned<V>(y + i) + by * load_unaligned<V>(x + i));
    for (; i < n; ++i)
        y[i] += T(factor) * x[i];
}

/// to = x + factor d. Is any number of it another one than in x?
template <class T>
bool add_to(T const* DESCENT_RESTRICT x, double factor, T const* DESCENT_RESTRICT d, T* DESCENT_RESTRICT to,
            index n) {
    using V = native_pack<T>;
    V const by{T(factor)};
    bool moved = false;
    index i = 0;
    for (; i + lanes_of<V> <= n; i += lanes_of<V>) {
        V const before = load_unaligned<V>(x + i), after = before + by * load_unaligned<V>(d + i);
        store_unaligned(to + i, after);
        if (!moved)
            moved = any(before != after);
    }
    for (; i < n; ++i) {
        to[i] = x[i] + T(factor) * d[i];
        moved = moved || to[i] != x[i];
    }
    return moved;
}

/// y = factor x.
template <class T>
void scale_to(double factor, T const* x, T* y, index n) {
    for (index i = 0; i < n; ++i)
        y[i] = T(factor) * x[i];
}

/// to = a - b.
template <class T>
void subtract(T const* a, T const* b, T* DESCENT_RESTRICT to, index n) {
    for (index i = 0; i < n; ++i)
        to[i] = a[i] - b[i];
}

}  // namespace descent::solve::detail
