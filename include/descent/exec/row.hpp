// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include <descent/core/math.hpp>
#include <descent/core/pack.hpp>
#include <descent/core/tensor.hpp>
#include <descent/exec/unrolled.hpp>

// One row of data against a vector of weights: what every pass over samples is made of.
namespace descent::exec {

/// x . w over n numbers, in a fixed order that depends on n and the instruction set alone.
template <class T>
T dot(T const* DESCENT_RESTRICT x, T const* DESCENT_RESTRICT w, index n) {
    using V = native_pack<T>;
    constexpr int lanes = lanes_of<V>, chains = 4;
    V total[chains];
    for (V& each : total)
        each = V(T(0));
    index j = 0;
    for (; j + chains * lanes <= n; j += chains * lanes)
        unrolled<chains>([&](auto k) {
            total[k] = fused_multiply_add(load_unaligned<V>(x + j + k * lanes),
                                          load_unaligned<V>(w + j + k * lanes), total[k]);
        });
    for (; j + lanes <= n; j += lanes)
        total[0] = fused_multiply_add(load_unaligned<V>(x + j), load_unaligned<V>(w + j), total[0]);
    T rest = sum((total[0] + total[1]) + (total[2] + total[3]));
    for (; j < n; ++j)
        rest = fused_multiply_add(x[j], w[j], rest);
    return rest;
}

/// g += a x over n numbers.
template <class T>
void add_scaled(T a, T const* DESCENT_RESTRICT x, index n, T* DESCENT_RESTRICT g) {
    using V = native_pack<T>;
    constexpr int lanes = lanes_of<V>;
    index j = 0;
    for (; j + lanes <= n; j += lanes)
        store_unaligned(g + j, fused_multiply_add(V(a), load_unaligned<V>(x + j), load_unaligned<V>(g + j)));
    for (; j < n; ++j)
        g[j] = fused_multiply_add(a, x[j], g[j]);
}

/// What a walk over many sparse rows asks the memory for while it reads one of them: counted in entries from
/// the one it has come to, 0 for nothing.
struct read_ahead {
    index entries = 0;  ///< columns and values there; they need not exist
    index weights = 0;  ///< what the columns there will meet; those columns must exist
};

/// The entries of one sparse row times their weights: sum over k < n of value[k] w[column[k]].
template <class T, class Column>
T sparse_dot(Column const* DESCENT_RESTRICT column, T const* DESCENT_RESTRICT value, index n,
             T const* DESCENT_RESTRICT w, [[maybe_unused]] read_ahead ahead = {}) {
    constexpr int chains = 4;
    T total[chains] = {};
    index k = 0;
#if defined(__GNUC__)
    for (index j = 0; ahead.weights && j < n; ++j)
        __builtin_prefetch(w + column[j + ahead.weights]);
    if (ahead.entries) {
        for (; k + 2 * chains <= n; k += 2 * chains) {
            __builtin_prefetch(column + k + ahead.entries);
            __builtin_prefetch(value + k + ahead.entries);
            unrolled<2 * chains>([&](auto i) {
                total[i % chains] = fused_multiply_add(value[k + i], w[column[k + i]], total[i % chains]);
            });
        }
        __builtin_prefetch(column + k + ahead.entries);
        __builtin_prefetch(value + k + ahead.entries);
    }
#endif
    for (; k + chains <= n; k += chains)
        unrolled<chains>(
            [&](auto i) { total[i] = fused_multiply_add(value[k + i], w[column[k + i]], total[i]); });
    for (; k < n; ++k)
        total[0] = fused_multiply_add(value[k], w[column[k]], total[0]);
    return (total[0] + total[2]) + (total[1] + total[3]);
}

/// g[column[k]] += a value[k] for k < n. Columns must differ from one another.
template <class T, class Column>
void sparse_add_scaled(T a, Column const* DESCENT_RESTRICT column, T const* DESCENT_RESTRICT value, index n,
                       T* DESCENT_RESTRICT g, [[maybe_unused]] read_ahead ahead = {}) {
    constexpr int chains = 4;
#if defined(__GNUC__)
    for (index j = 0; ahead.weights && j < n; ++j)
        __builtin_prefetch(g + column[j + ahead.weights], 1);
#endif
    index k = 0;
    for (; k + chains <= n; k += chains) {
        // All loads before all stores: the columns differ, which the compiler cannot know.
        T part[chains];
        unrolled<chains>([&](auto i) { part[i] = g[column[k + i]]; });
        unrolled<chains>([&](auto i) { g[column[k + i]] = fused_multiply_add(a, value[k + i], part[i]); });
    }
    for (; k < n; ++k)
        g[column[k]] = fused_multiply_add(a, value[k], g[column[k]]);
}

}  // namespace descent::exec
