// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <utility>

#include <descent/core/math.hpp>
#include <descent/core/memory.hpp>
#include <descent/core/pack.hpp>
#include <descent/nn/detail/conv_tiles.hpp>
#include <descent/nn/detail/pool.hpp>

// The inner loops of convolutions with outputs enough to fill registers: lanes are outputs, of which a panel
// has two packs (the last one of few outputs has one), and the numbers of the planes come one by one. No place
// but those asked for is computed, and weights lie as they are read.
namespace descent::nn::detail {

/// Outputs in whole packs.
template <class T>
constexpr index in_packs(index outputs) {
    constexpr index lanes = lanes_of<native_pack<T>>;
    return (outputs + lanes - 1) / lanes * lanes;
}

/// Would half of the lanes have nothing to do?
template <class T>
constexpr bool fills_lanes(index outputs) {
    return 2 * outputs > lanes_of<native_pack<T>>;
}

/// Is there more than one pack of outputs? With fewer, sums over planes go quicker by places.
template <class T>
constexpr bool fills_panel(index outputs) {
    return outputs > lanes_of<native_pack<T>>;
}

/// Transposes lanes x lanes numbers: each turn takes one bit of a number's row to its lane, and one of its lane
/// to its row.
template <class V>
DESCENT_FN void turn_lanes(V* rows) {
    constexpr int lanes = lanes_of<V>, half = lanes / 2;
    for (int turn = 1; turn < lanes; turn *= 2) {
        V next[lanes];
        unrolled<half>([&](auto i) {
            next[2 * i] = in_turn<0>(rows[i], rows[i + half]);
            next[2 * i + 1] = in_turn<1>(rows[i], rows[i + half]);
        });
        unrolled<lanes>([&](auto i) { rows[i] = next[i]; });
    }
}

/// f(constant P, first) for the panels of so many outputs.
template <class T, class F>
void each_panel(index outputs, F const& f) {
    constexpr index lanes = lanes_of<native_pack<T>>;
    index first = 0;
    for (; first + lanes < outputs; first += 2 * lanes)
        f(std::integral_constant<int, 2>{}, first);
    if (first < outputs)
        f(std::integral_constant<int, 1>{}, first);
}

/// columns[k * step + l] = rows[l * row + k] for l < lanes, zeros from `live` on.
template <class T>
void turn_rows(T const* rows, index row, index live, index count, T* columns, index step) {
    using V = native_pack<T>;
    constexpr int lanes = lanes_of<V>;
    index k = 0;
    for (; k + lanes <= count; k += lanes) {
        V part[lanes];
        if (live >= lanes)
            unrolled<lanes>([&](auto l) { part[l] = load_unaligned<V>(rows + l * row + k); });
        else
            unrolled<lanes>(
                [&](auto l) { part[l] = l < live ? load_unaligned<V>(rows + l * row + k) : V(T(0)); });
        turn_lanes(part);
        unrolled<lanes>([&](auto l) { store(columns + (k + l) * step, part[l]); });
    }
    for (; k < count; ++k)
        for (int l = 0; l < lanes; ++l)
            columns[k * step + l] = l < live ? rows[l * row + k] : T(0);
}

/// The way back: rows[l * row + q] = columns[q * step + l] for l < live.
template <class T>
void turn_columns(T const* columns, index step, index live, index count, T* rows, index row) {
    using V = native_pack<T>;
    constexpr int lanes = lanes_of<V>;
    index q = 0;
    for (; q + lanes <= count; q += lanes) {
        V part[lanes];
        unrolled<lanes>([&](auto l) { part[l] = load<V>(columns + (q + l) * step); });
        turn_lanes(part);
        if (live >= lanes)
            unrolled<lanes>([&](auto l) { store_unaligned(rows + l * row + q, part[l]); });
        else
            unrolled<lanes>([&](auto l) {
                if (l < live)
                    store_unaligned(rows + l * row + q, part[l]);
            });
    }
    for (; q < count; ++q)
        for (index l = 0; l < std::min<index>(live, lanes); ++l)
            rows[l * row + q] = columns[q * step + l];
}

/// y[q][o] = bias[o] + sum over k < depth of w[k][o] x[place of q + shifts[k]] at `rows` x `columns` places,
/// rows `width` apart. Weights lie panel by panel.
template <class T>
struct conv_lane_sum {
    T const* x;
    index const* shifts;
    index depth;
    T const* w;
    T const* bias;  ///< in whole packs, or nullptr
    index outputs, rows, columns, width;
};

/// R places and the P packs of outputs of a panel; the places are neighbours, or stand in a table.
template <int R, int P, bool Neighbours, class T>
void conv_lane_tile(conv_lane_sum<T> const& s, index const* places, T const* w, T const* bias, T* to) {
    using V = native_pack<T>;
    constexpr int lanes = lanes_of<V>;
    V sums[R][P];
    unrolled<P>([&](auto p) {
        V const first = bias ? load<V>(bias + p * lanes) : V(T(0));
        unrolled<R>([&](auto r) { sums[r][p] = first; });
    });
    index at[R];
    unrolled<R>([&](auto r) { at[r] = Neighbours ? index(r) : places[r]; });
    T const* x = Neighbours ? s.x + places[0] : s.x;
    for (index const *shift = s.shifts, *const last = shift + s.depth; shift != last; ++shift, w += P * lanes) {
        T const* const from = x + *shift;
        V weight[P];
        unrolled<P>([&](auto p) { weight[p] = load<V>(w + p * lanes); });
        unrolled<R>([&](auto r) {
            V const number(from[at[r]]);
            unrolled<P>([&](auto p) { sums[r][p] = fused_multiply_add(number, weight[p], sums[r][p]); });
        });
    }
    unrolled<R>([&](auto r) { unrolled<P>([&](auto p) { store(to + (r * P + p) * lanes, sums[r][p]); }); });
}

/// The last few places.
template <int R, int P, class T>
void conv_lane_tile_of(index count, conv_lane_sum<T> const& s, index const* places, T const* w, T const* bias,
                       T* to) {
    if (count >= R) {
        if (places[R - 1] - places[0] == R - 1)
            conv_lane_tile<R, P, true>(s, places, w, bias, to);
        else
            conv_lane_tile<R, P, false>(s, places, w, bias, to);
    } else if constexpr (R > 1) {
        conv_lane_tile_of<R - 1, P>(count, s, places, w, bias, to);
    }
}

/// take(first output, outputs, packs, q, count, sums) for all panels and places from q on.
template <class T, class Take>
void conv_lane_places(conv_lane_sum<T> const& s, Take const& take) {
    constexpr int lanes = lanes_of<native_pack<T>>;
    constexpr index chunk = 48;  // whole tiles and whole packs
    alignas(alignment) T sums[chunk * 2 * lanes];
    index places[chunk];
    index const total = s.rows * s.columns, depth = s.depth;
    each_panel<T>(s.outputs, [&](auto packs, index first) {
        constexpr int P = packs, R = P == 2 ? 6 : 8;
        index row = 0, column = 0;
        for (index q = 0; q < total; q += chunk) {
            index const now = std::min(chunk, total - q);
            for (index i = 0; i < now; ++i) {
                places[i] = row + column;
                if (++column == s.columns)
                    column = 0, row += s.width;
            }
            for (index i = 0; i < now; i += R)
                conv_lane_tile_of<R, P>(now - i, s, places + i, s.w + first * depth,
                                        s.bias ? s.bias + first : nullptr, sums + i * P * lanes);
            take(first, std::min<index>(P * lanes, s.outputs - first), P, q, now, sums);
        }
    });
}

/// dw[r][o] += sum over `rows` x `columns` places q of x[r][q] dy[q][o]; rows of x are `width` apart.
template <int R, int P, class T>
void conv_lane_slope_tile(T const* const* x, index width, T const* dy, index rows, index columns, T* dw) {
    using V = native_pack<T>;
    constexpr int lanes = lanes_of<V>;
    V sums[R][P];
    T const* from[R];
    unrolled<R>([&](auto r) {
        unrolled<P>([&](auto p) { sums[r][p] = load<V>(dw + (r * P + p) * lanes); });
        from[r] = x[r];
    });
    for (index row = 0; row < rows; ++row) {
        for (index q = 0; q < columns; ++q, dy += P * lanes) {
            V slope[P];
            unrolled<P>([&](auto p) { slope[p] = load<V>(dy + p * lanes); });
            unrolled<R>([&](auto r) {
                V const number(from[r][q]);
                unrolled<P>([&](auto p) { sums[r][p] = fused_multiply_add(number, slope[p], sums[r][p]); });
            });
        }
        unrolled<R>([&](auto r) { from[r] += width; });
    }
    unrolled<R>([&](auto r) { unrolled<P>([&](auto p) { store(dw + (r * P + p) * lanes, sums[r][p]); }); });
}

template <int R, int P, class T>
void conv_lane_slope_tile_of(index count, T const* const* x, index width, T const* dy, index rows,
                             index columns, T* dw) {
    if (count >= R)
        conv_lane_slope_tile<R, P>(x, width, dy, rows, columns, dw);
    else if constexpr (R > 1)
        conv_lane_slope_tile_of<R - 1, P>(count, x, width, dy, rows, columns, dw);
}

/// total[l] += the sum of the numbers l of rows `step` apart.
template <class T>
void add_lane_rows(T const* rows, index step, index count, T* total) {
    using V = native_pack<T>;
    constexpr int streams = 4;  // sums under way: their latency is hidden
    V sums[streams];
    unrolled<streams>([&](auto i) { sums[i] = V(T(0)); });
    index q = 0;
    for (; q + streams <= count; q += streams)
        unrolled<streams>([&](auto i) { sums[i] += load<V>(rows + (q + i) * step); });
    for (; q < count; ++q)
        sums[0] += load<V>(rows + q * step);
    store(total, load<V>(total) + ((sums[0] + sums[1]) + (sums[2] + sums[3])));
}

/// The slopes of weights of one sample, onto dw, which lies as the weights of conv_lane_sum: s.w is not read.
/// dy [outputs][rows columns]; `turned` is room for those in whole packs.
template <class T>
void conv_lane_slopes(conv_lane_sum<T> const& s, T const* dy, T* dw, T* d_bias, T* turned) {
    using V = native_pack<T>;
    constexpr int lanes = lanes_of<V>;
    index const total = s.rows * s.columns, depth = s.depth;
    index const high = std::max<index>(1, 256 / s.columns);  // rows whose slopes stay in the first cache
    each_panel<T>(s.outputs, [&](auto packs, index first) {
        constexpr int P = packs, R = P == 2 ? 6 : 8;
        for (int p = 0; p < P; ++p) {
            turn_rows(dy + (first + p * lanes) * total, total, s.outputs - first - p * lanes, total,
                      turned + p * lanes, P * lanes);
            add_lane_rows(turned + p * lanes, P * lanes, total, d_bias + first + p * lanes);
        }
        for (index row = 0; row < s.rows; row += high) {
            index const now = std::min(high, s.rows - row);
            for (index k = 0; k < depth;) {
                // Tiles of one height, or one less.
                index const left = depth - k, tiles = (left + R - 1) / R, tall = (left + tiles - 1) / tiles;
                T const* from[R];
                for (index r = 0; r < tall; ++r)
                    from[r] = s.x + s.shifts[k + r] + row * s.width;
                conv_lane_slope_tile_of<R, P>(tall, from, s.width, turned + row * s.columns * P * lanes, now,
                                              s.columns, dw + first * depth + k * P * lanes);
                k += tall;
            }
        }
    });
}

}  // namespace descent::nn::detail
