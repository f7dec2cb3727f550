// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>

#include <descent/core/math.hpp>
#include <descent/core/pack.hpp>
#include <descent/core/tensor.hpp>
#include <descent/data/batch.hpp>
#include <descent/exec/lane_sums.hpp>
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

/// The last `fresh` lanes of a pack that overlaps the one before it; the others count 0.
template <class V>
DESCENT_FN V fresh_lanes(V value, index fresh) {
    using T = number_of<V>;
    return select(lane_numbers<V>() < V(T(lanes_of<V> - fresh)), V(T(0)), value);
}

// Rows that are narrow spend much of their time on slopes and edges, where no load waits for the memory and the
// hardware's own prefetching stops. So all parts of a sweep prefetch as they go, from `ahead` on, which they
// advance (nullptr: not): what reads n numbers asks for n / 2 of those that come later. The loops stand where
// they are used, since g++ 12 removes calls of functions that only prefetch.

/// Numbers in a cache line.
template <class T>
inline constexpr int line = int(alignment / sizeof(T));

/// Cache lines to prefetch while `numbers` are read.
template <class T>
constexpr int lines_ahead(int numbers) {
    return numbers / (2 * line<T>) > 1 ? numbers / (2 * line<T>) : 1;
}

/// total += x . w in one pack of columns. A function and not a lambda, which g++ might not inline: then all
/// sums would live in memory.
template <int R, int C, class V, class T>
DESCENT_FN void dot_step(T const* const (&row)[R], V const (&weight)[C], index j, V* total) {
    unrolled<R>([&](auto r) {
        V const value = load_unaligned<V>(row[r] + j);
        unrolled<C>([&](auto c) { total[c * R + r] = fused_multiply_add(value, weight[c], total[c * R + r]); });
    });
}

/// z = x . w for R rows and C outputs, whose sums stay in registers: each number of x and of w is loaded once.
/// At least lanes_of<V> features.
template <int R, int C, class V, class T>
void dot_block(T const* const* x, T const* w, index features, T* z, T const*& ahead) {
    constexpr int lanes = lanes_of<V>, sums = (R * C + lanes - 1) / lanes * lanes;
    V total[sums];
    for (V& each : total)
        each = V(T(0));
    T const* row[R];
    unrolled<R>([&](auto r) { row[r] = x[r]; });
    V weight[C];
    constexpr int lines = lines_ahead<T>(R * lanes);
    T const* next = ahead;
    index j = 0;
    for (; j + lanes <= features; j += lanes) {
        if (next) {
            for (int k = 0; k < lines; ++k)
                __builtin_prefetch(next + k * line<T>);
            next += lines * line<T>;
        }
        unrolled<C>([&](auto c) { weight[c] = load_unaligned<V>(w + c * features + j); });
        dot_step<R, C, V>(row, weight, j, total);
    }
    if (j < features) {
        unrolled<C>([&](auto c) {
            weight[c] = fresh_lanes(load_unaligned<V>(w + (c + 1) * features - lanes), features - j);
        });
        dot_step<R, C, V>(row, weight, features - lanes, total);
    }
    ahead = next;
    alignas(alignment) T out[sums];
    unrolled<sums / lanes>([&](auto k) { store(out + k * lanes, exec::lane_sums(total + k * lanes)); });
    unrolled<C>([&](auto c) { unrolled<R>([&](auto r) { z[c * tile_rows + r] = out[c * R + r]; }); });
}

/// z[c * tile_rows + r] = x[r] . w[c] + b[c] for `count` rows, and for some behind them: x has tile_rows
/// pointers. bias may be nullptr.
template <class V, class T>
void score_tile(T const* const* x, index count, T const* w, T const* bias, index features, index outputs, T* z,
                T const*& ahead) {
    constexpr int lanes = lanes_of<V>;
    if constexpr (lanes > 1)
        if (features < lanes)
            return score_tile<T>(x, count, w, bias, features, outputs, z, ahead);
    index c = 0;
    auto const some = [&]<int R, int C>(std::integer_sequence<int, R, C>) {
        for (; c + C <= outputs; c += C)
            for (index r = 0; r < count; r += R)
                dot_block<R, C, V>(x + r, w + c * features, features, z + c * tile_rows + r, ahead);
    };
    some(std::integer_sequence<int, 2, 5>{});
    some(std::integer_sequence<int, 4, 2>{});
    some(std::integer_sequence<int, (lanes > 8 ? lanes : 8), 1>{});
    for (c = 0; bias && c < outputs; ++c)
        for (index r = 0; r < count; r += lanes)
            store(z + c * tile_rows + r, load<V>(z + c * tile_rows + r) + V(bias[c]));
}

/// total += slope x of one row in J packs of columns, for C outputs.
template <int C, int J, class V, class T>
DESCENT_FN void add_step(T const* row, T const* slope, V (&total)[C][J]) {
    constexpr int lanes = lanes_of<V>;
    V value[J];
    unrolled<J>([&](auto k) { value[k] = load_unaligned<V>(row + k * lanes); });
    unrolled<C>([&](auto c) {
        V const s(slope[c * tile_rows]);
        unrolled<J>([&](auto k) { total[c][k] = fused_multiply_add(s, value[k], total[c][k]); });
    });
}

/// Without prefetching.
template <class V, class T>
void score_tile(T const* const* x, index count, T const* w, T const* bias, index features, index outputs,
                T* z) {
    T const* ahead = nullptr;
    score_tile<V>(x, count, w, bias, features, outputs, z, ahead);
}

/// g += slope^T x for J packs of columns from j on and C outputs, whose sums stay in registers. `fresh` <
/// lanes: the last pack overlaps.
template <int C, int J, class V, class T>
void add_block(T const* const* x, index count, T const* slope, index features, index j, index fresh, T* g,
               T const*& ahead) {
    constexpr int lanes = lanes_of<V>;
    constexpr int chains = C * J >= 8   ? 1
                           : C * J >= 4 ? 2
                                        : 4;  // rows that add up on their own, against latency
    V total[chains][C][J];
    for (auto& chain : total)
        for (auto& row : chain)
            for (V& each : row)
                each = V(T(0));
    constexpr int lines = lines_ahead<T>(chains * J * lanes);
    T const* next = ahead;
    index r = 0;
    for (; r + chains <= count; r += chains) {
        if (next) {
            for (int k = 0; k < lines; ++k)
                __builtin_prefetch(next + k * line<T>);
            next += lines * line<T>;
        }
        unrolled<chains>(
            [&](auto chain) { add_step<C, J, V>(x[r + chain] + j, slope + r + chain, total[chain]); });
    }
    ahead = next;
    for (; r < count; ++r)
        add_step<C, J, V>(x[r] + j, slope + r, total[0]);
    unrolled<C>([&](auto c) {
        unrolled<J>([&](auto k) {
            V all = total[0][c][k];
            for (int chain = 1; chain < chains; ++chain)
                all += total[chain][c][k];
            T* const to = g + c * features + j + k * lanes;
            if (k == J - 1 && fresh < lanes)
                all = fresh_lanes(all, fresh);
            store_unaligned(to, load_unaligned<V>(to) + all);
        });
    });
}

/// g[c] += sum over `count` rows of slope[c * tile_rows + r] x[r].
template <class V, class T>
void add_tile(T const* const* x, index count, T const* slope, index features, index outputs, T* g,
              T const*& ahead) {
    constexpr int lanes = lanes_of<V>;
    if constexpr (lanes > 1)
        if (features < lanes)
            return add_tile<T>(x, count, slope, features, outputs, g, ahead);
    index j = 0;
    auto const columns = [&]<int J>(std::integral_constant<int, J>, index at, index fresh) {
        index c = 0;
        if constexpr (J <= 2)
            for (; c + 5 <= outputs; c += 5)
                add_block<5, J, V>(x, count, slope + c * tile_rows, features, at, fresh, g + c * features,
                                   ahead);
        for (; c < outputs; ++c)
            add_block<1, J, V>(x, count, slope + c * tile_rows, features, at, fresh, g + c * features, ahead);
    };
    auto const blocks = [&]<int J>(std::integral_constant<int, J> width) {
        for (; j + J * lanes <= features; j += J * lanes)
            columns(width, j, lanes);
    };
    if (outputs == 1) {
        blocks(std::integral_constant<int, 8>{});
        blocks(std::integral_constant<int, 4>{});
    }
    blocks(std::integral_constant<int, 2>{});
    blocks(std::integral_constant<int, 1>{});
    if (j < features)
        columns(std::integral_constant<int, 1>{}, features - lanes, features - j);
}

}  // namespace descent::linear::detail
