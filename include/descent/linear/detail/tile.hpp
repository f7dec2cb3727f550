// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>

#include <descent/core/math.hpp>
#include <descent/core/pack.hpp>
#include <descent/core/tensor.hpp>
#include <descent/data/batch.hpp>
#include <descent/exec/lane_sums.hpp>

// A tile is some rows that are read into cache once and used twice: for their scores and, when the slopes are
// known, for the gradient. The scores of a tile lie output after output: z[c * tile_rows + r].
namespace descent::linear::detail {

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

// Loops of fixed length over registers, as recursions: g++ -O2 would neither unroll a loop nor be sure to
// inline a lambda, and then all sums would live in memory.

/// total[i] += value[i] * factor for i < N.
template <int N, class V>
DESCENT_FN void add_each(V const* value, V factor, V* total) {
    if constexpr (N > 0) {
        *total = fused_multiply_add(*value, factor, *total);
        add_each<N - 1>(value + 1, factor, total + 1);
    }
}

/// total[c * R + r] += x[r] . w[c] in one pack of columns, whose last `fresh` lanes count.
template <int R, int C, class V, class T>
DESCENT_FN void dot_step(V const* value, T const* w, index features, index fresh, V* total) {
    if constexpr (C > 0) {
        V weight = load_unaligned<V>(w);
        if (fresh < lanes_of<V>)
            weight = fresh_lanes(weight, fresh);
        add_each<R>(value, weight, total);
        dot_step<R, C - 1>(value, w + features, features, fresh, total + R);
    }
}

/// total[c * J + k] += slope[c] x[k] for J packs of one row.
template <int C, int J, class V, class T>
DESCENT_FN void add_step(V const* value, T const* slope, V* total) {
    if constexpr (C > 0) {
        add_each<J>(value, V(*slope), total);
        add_step<C - 1, J>(value, slope + tile_rows, total + J);
    }
}

/// value[i] = the pack at x[i] + j.
template <int N, class V, class T>
DESCENT_FN void load_rows(T const* const* x, index j, V* value) {
    if constexpr (N > 0) {
        *value = load_unaligned<V>(*x + j);
        load_rows<N - 1>(x + 1, j, value + 1);
    }
}

/// value[i] = the i-th pack at x.
template <int N, class V, class T>
DESCENT_FN void load_packs(T const* x, V* value) {
    if constexpr (N > 0) {
        *value = load_unaligned<V>(x);
        load_packs<N - 1>(x + lanes_of<V>, value + 1);
    }
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
    for (int r = 0; r < R; ++r)
        row[r] = x[r];
    constexpr int lines = lines_ahead<T>(R * lanes);
    T const* next = ahead;
    index j = 0;
    for (; j + lanes <= features; j += lanes) {
        if (next) {
            for (int k = 0; k < lines; ++k)
                __builtin_prefetch(next + k * line<T>);
            next += lines * line<T>;
        }
        V value[R];
        load_rows<R>(row, j, value);
        dot_step<R, C>(value, w + j, features, lanes, total);
    }
    if (j < features) {
        V value[R];
        load_rows<R>(row, features - lanes, value);
        dot_step<R, C>(value, w + features - lanes, features, features - j, total);
    }
    ahead = next;
    alignas(alignment) T out[sums];
    for (int k = 0; k < sums; k += lanes)
        store(out + k, exec::lane_sums(total + k));
    for (int c = 0; c < C; ++c)
        for (int r = 0; r < R; ++r)
            z[c * tile_rows + r] = out[c * R + r];
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

/// g += slope^T x for J packs of columns from j on and C outputs, whose sums stay in registers. `fresh` <
/// lanes: the last pack overlaps.
template <int C, int J, class V, class T>
void add_block(T const* const* x, index count, T const* slope, index features, index j, index fresh, T* g,
               T const*& ahead) {
    constexpr int lanes = lanes_of<V>;
    constexpr int chains = C * J >= 8   ? 1
                           : C * J >= 4 ? 2
                                        : 4;  // rows that add up on their own, against latency
    V total[chains][C * J];
    for (auto& chain : total)
        for (V& each : chain)
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
        for (int chain = 0; chain < chains; ++chain) {
            V value[J];
            load_packs<J>(x[r + chain] + j, value);
            add_step<C, J>(value, slope + r + chain, total[chain]);
        }
    }
    ahead = next;
    for (; r < count; ++r) {
        V value[J];
        load_packs<J>(x[r] + j, value);
        add_step<C, J>(value, slope + r, total[0]);
    }
    for (int c = 0; c < C; ++c)
        for (int k = 0; k < J; ++k) {
            V all = total[0][c * J + k];
            for (int chain = 1; chain < chains; ++chain)
                all += total[chain][c * J + k];
            if (k == J - 1 && fresh < lanes)
                all = fresh_lanes(all, fresh);
            T* const to = g + c * features + j + k * lanes;
            store_unaligned(to, load_unaligned<V>(to) + all);
        }
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
