// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>

#include <descent/core/math.hpp>
#include <descent/core/pack.hpp>
#include <descent/core/tensor.hpp>
#include <descent/data/batch.hpp>
#include <descent/exec/row.hpp>

// A tile is some rows that are read into cache once and used twice: for their scores and, when the slopes are
// known, for the gradient. The scores of a tile lie output after output: z[c * tile_rows + r].
namespace descent::linear::detail {

using exec::detail::unrolled;

/// Rows of a tile at most; a whole number of packs of every width.
inline constexpr index tile_rows = 32;

/// The rows of a tile as pointers; behind the last one it repeats.
template <class T>
index tile_pointers(data::batch<T> const& rows, index first, T const** x) {
    index const count = std::min(tile_rows, rows.count - first);
    for (index r = 0; r < tile_rows; ++r)
        x[r] = rows.row(first + std::min(r, count - 1));
    return count;
}

/// z = x . w for R rows and C outputs, whose sums stay in registers: each number of x and of w is loaded once.
template <int R, int C, class V, class T>
void dot_block(T const* const* x, T const* w, index features, T* z) {
    constexpr int lanes = lanes_of<V>;
    V total[R][C];
    for (auto& row : total)
        for (V& each : row)
            each = V(T(0));
    index j = 0;
    for (; j + lanes <= features; j += lanes) {
        V weight[C];
        unrolled<C>([&](auto c) { weight[c] = load_unaligned<V>(w + c * features + j); });
        unrolled<R>([&](auto r) {
            V const value = load_unaligned<V>(x[r] + j);
            unrolled<C>([&](auto c) { total[r][c] = fused_multiply_add(value, weight[c], total[r][c]); });
        });
    }
    unrolled<R>([&](auto r) {
        unrolled<C>([&](auto c) {
            T rest = sum(total[r][c]);
            for (index k = j; k < features; ++k)
                rest = fused_multiply_add(x[r][k], w[c * features + k], rest);
            z[c * tile_rows + r] = rest;
        });
    });
}

/// z[c * tile_rows + r] = x[r] . w[c] + b[c] for `count` rows, and for some rows behind them if x has pointers
/// there (tile_pointers); bias may be nullptr.
template <class V, class T>
void score_tile(T const* const* x, index count, T const* w, T const* bias, index features, index outputs,
                T* z) {
    index c = 0;
    auto const some = [&]<int R, int C>(std::integer_sequence<int, R, C>) {
        for (; c + C <= outputs; c += C)
            for (index r = 0; r < count; r += R)
                dot_block<R, C, V>(x + r, w + c * features, features, z + c * tile_rows + r);
    };
    some(std::integer_sequence<int, 2, 5>{});
    some(std::integer_sequence<int, 4, 2>{});
    some(std::integer_sequence<int, 8, 1>{});
    for (c = 0; bias && c < outputs; ++c)
        for (index r = 0; r < count; ++r)
            z[c * tile_rows + r] += bias[c];
}

/// g += slope^T x for columns [j, j + J packs) and C outputs, whose sums stay in registers.
template <int C, int J, class V, class T>
void add_block(T const* const* x, index count, T const* slope, index features, index j, T* g) {
    constexpr int lanes = lanes_of<V>;
    V total[C][J];
    for (auto& row : total)
        for (V& each : row)
            each = V(T(0));
    for (index r = 0; r < count; ++r) {
        V value[J];
        unrolled<J>([&](auto k) { value[k] = load_unaligned<V>(x[r] + j + k * lanes); });
        unrolled<C>([&](auto c) {
            V const s(slope[c * tile_rows + r]);
            unrolled<J>([&](auto k) { total[c][k] = fused_multiply_add(s, value[k], total[c][k]); });
        });
    }
    unrolled<C>([&](auto c) {
        unrolled<J>([&](auto k) {
            T* const to = g + c * features + j + k * lanes;
            store_unaligned(to, load_unaligned<V>(to) + total[c][k]);
        });
    });
}

/// g[c] += sum over `count` rows of slope[c * tile_rows + r] x[r].
template <class V, class T>
void add_tile(T const* const* x, index count, T const* slope, index features, index outputs, T* g) {
    constexpr int lanes = lanes_of<V>;
    auto const columns = [&]<int J, class U>(std::integral_constant<int, J>, index& j, U) {
        for (; j + J * lanes_of<U> <= features; j += J * lanes_of<U>) {
            index c = 0;
            for (; c + 5 <= outputs; c += 5)
                add_block<5, (J > 2 ? 2 : J), U>(x, count, slope + c * tile_rows, features, j,
                                                 g + c * features);
            for (; c < outputs; ++c)
                add_block<1, J, U>(x, count, slope + c * tile_rows, features, j, g + c * features);
        }
    };
    index j = 0;
    if (outputs == 1)
        columns(std::integral_constant<int, 8>{}, j, V(T(0)));
    columns(std::integral_constant<int, 2>{}, j, V(T(0)));
    columns(std::integral_constant<int, 1>{}, j, V(T(0)));
    if constexpr (lanes > 1)
        columns(std::integral_constant<int, 1>{}, j, T(0));
}

}  // namespace descent::linear::detail
