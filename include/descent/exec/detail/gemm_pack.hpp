// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstring>

#include <descent/core/pack.hpp>
#include <descent/exec/block.hpp>
#include <descent/exec/detail/gemm_tile.hpp>
#include <descent/exec/row.hpp>

namespace descent::exec::detail {

#if DESCENT_VECTOR_EXTENSIONS

/// Lanes of two packs in the order that `from` tells: lane l is number from(l) of a's lanes, then b's.
template <class V, class F>
DESCENT_FN V shuffled(V a, V b, F const&) {
    return [&]<int... L>(std::integer_sequence<int, L...>) {
        return V::of(__builtin_shufflevector(a.v, b.v, F{}(L)...));
    }
    (std::make_integer_sequence<int, lanes_of<V>>{});
}

/// Swaps the off-diagonal squares of S x S numbers of neighbouring packs.
template <int S, class V>
DESCENT_FN void swap_squares(V* rows) {
    constexpr int lanes = lanes_of<V>;
    unrolled<lanes / 2>([&](auto pair) {
        constexpr int i = pair / S * 2 * S + pair % S;
        V const a = rows[i], b = rows[i + S];
        rows[i] = shuffled(a, b, [](int l) { return l & S ? lanes + l - S : l; });
        rows[i + S] = shuffled(a, b, [](int l) { return l & S ? lanes + l : l + S; });
    });
}

/// Transposes lanes x lanes numbers in registers. Within 16 bytes first: those shuffles are the cheap ones.
template <class V>
DESCENT_FN void transpose_lanes(V* rows) {
    constexpr int lanes = lanes_of<V>, inner = 16 / int(sizeof(number_of<V>));
    if constexpr (inner == 4) {
        unrolled<lanes / 2>([&](auto pair) {
            constexpr int i = 2 * pair;
            V const a = rows[i], b = rows[i + 1];
            rows[i] = shuffled(a, b, [](int l) { return l / 4 * 4 + l % 4 / 2 + (l % 2) * lanes; });
            rows[i + 1] = shuffled(a, b, [](int l) { return l / 4 * 4 + l % 4 / 2 + 2 + (l % 2) * lanes; });
        });
        // Now rows 4 i + (0, 1, 2, 3) hold columns (0 1 of the upper two, 2 3 of those, 0 1, 2 3 of the lower).
        unrolled<lanes / 4>([&](auto quad) {
            constexpr int i = 4 * quad;
            auto const low = [](int l) { return l % 4 < 2 ? l : lanes + l - 2; };
            auto const high = [](int l) { return l % 4 < 2 ? l + 2 : lanes + l; };
            V const a = rows[i], b = rows[i + 1], c = rows[i + 2], d = rows[i + 3];
            rows[i] = shuffled(a, c, low);
            rows[i + 1] = shuffled(a, c, high);
            rows[i + 2] = shuffled(b, d, low);
            rows[i + 3] = shuffled(b, d, high);
        });
    } else {
        swap_squares<1>(rows);
    }
    if constexpr (lanes > inner)
        swap_squares<inner>(rows);
    if constexpr (lanes > 2 * inner)
        swap_squares<2 * inner>(rows);
}

#else

/// One lane each: nothing to do.
template <class V>
void transpose_lanes(V*) {}

#endif

/// depth rows of `columns` numbers to[k * width + j] = from[j * stride + k], zeros behind the columns.
template <class T>
void gemm_pack_turned(T const* from, index stride, index depth, index columns, T* to) {
    using V = native_pack<T>;
    constexpr int lanes = lanes_of<V>, width = gemm_tiles<T>::columns;
    for (int half = 0; half < width; half += lanes) {
        int const live = int(std::clamp<index>(columns - half, 0, lanes));
        T const* const base = from + half * stride;
        index k = 0;
        for (; k + lanes <= depth; k += lanes) {
            V rows[lanes];
            if (live == lanes)
                unrolled<lanes>([&](auto l) { rows[l] = load_unaligned<V>(base + l * stride + k); });
            else
                unrolled<lanes>(
                    [&](auto l) { rows[l] = l < live ? load_unaligned<V>(base + l * stride + k) : V(T(0)); });
            transpose_lanes(rows);
            unrolled<lanes>([&](auto l) { store(to + (k + l) * width + half, rows[l]); });
        }
        for (; k < depth; ++k)
            for (int l = 0; l < lanes; ++l)
                to[k * width + half + l] = l < live ? base[l * stride + k] : T(0);
    }
}

/// Rows [row, row + depth) and columns [begin, end) of b in panels, each row after row, zeros behind the
/// columns.
template <class T>
void gemm_pack(block<T const> const& b, index row, index depth, index begin, index end, T* to) {
    using V = native_pack<T>;
    using tiles = gemm_tiles<T>;
    constexpr int lanes = lanes_of<V>;
    constexpr index width = tiles::columns, panel = tiles::depth * width;
    T const* from = b.data + row * b.row_step() + begin * b.column_step();
    index const columns = end - begin;
    if (b.turned) {
        for (index j = 0; j < columns; j += width)
            gemm_pack_turned(from + j * b.stride, b.stride, depth, std::min(width, columns - j),
                             to + j / width * panel);
        return;
    }
    // Along the rows of b: neighbours in memory are read together.
    for (index k = 0; k < depth; ++k, from += b.stride) {
        T* at = to + k * width;
        index j = 0;
        for (; j + width <= columns; j += width, at += panel) {
            store(at, load_unaligned<V>(from + j));
            store(at + lanes, load_unaligned<V>(from + j + lanes));
        }
        if (j < columns) {
            std::copy_n(from + j, columns - j, at);
            std::fill(at + columns - j, at + width, T(0));
        }
    }
}

/// Numbers of a strip: a tile's rows side by side, and room for a pack behind them.
template <class T>
inline constexpr index strip_size = gemm_tiles<T>::tall* gemm_tiles<T>::depth + alignment / index(sizeof(T));

/// Tiles of rows of a turned a that are laid out together: they take whole cache lines.
template <class T>
inline constexpr index strips = 48 / gemm_tiles<T>::tall;

/// The rows of up to `strips` tiles of a turned a side by side, number (r, k) from a.data[k * a.step + r]:
/// strip i, at strip + i * strip_size, is the left factor {strip + i * strip_size, gemm_tiles::tall}.
template <class T>
void gemm_pack_left(gemm_left<T> const& a, index rows, index depth, T* DESCENT_RESTRICT strip) {
    constexpr index most = gemm_tiles<T>::tall;
    T const* from = a.data;
    index const step = a.step;
    for (index k = 0; k < depth; ++k, from += step, strip += most) {
#if defined(__GNUC__)
        // Rows lie too far apart for the processor to see what comes next.
        constexpr index line = 64 / sizeof(T), ahead = 16;
        if (k + ahead < depth)
            for (index j = 0; j < rows + line; j += line)
                __builtin_prefetch(from + ahead * step + std::min(j, rows - 1));
#endif
        unrolled<strips<T>>([&](auto i) {
            if ((i + 1) * most <= rows)
                std::memcpy(strip + i * strip_size<T>, from + i * most, most * sizeof(T));
            else if (i * most < rows)
                std::copy_n(from + i * most, rows - i * most, strip + i * strip_size<T>);
        });
    }
}

/// gemm_tiles::tall rows of an a that is not turned side by side, as gemm_pack_left lays them out; `strip` has
/// room for a pack behind them.
template <class T>
gemm_left<T> gemm_pack_rows(gemm_left<T> const& a, index depth, T* strip) {
    using V = native_pack<T>;
    constexpr int lanes = lanes_of<V>, rows = gemm_tiles<T>::tall, parts = (rows + lanes - 1) / lanes;
    index k = 0;
    for (; k + lanes <= depth; k += lanes) {
        V square[parts][lanes];
        unrolled<parts>([&](auto part) {
            unrolled<lanes>([&](auto l) {
                int const r = part * lanes + l;
                square[part][l] = r < rows ? load_unaligned<V>(a.data + r * a.step + k) : V(T(0));
            });
            transpose_lanes(square[part]);
        });
        // The last pack of a column reaches into the next one, which is written later.
        unrolled<lanes>([&](auto l) {
            unrolled<parts>(
                [&](auto part) { store_unaligned(strip + (k + l) * rows + part * lanes, square[part][l]); });
        });
    }
    for (; k < depth; ++k)
        for (int r = 0; r < rows; ++r)
            strip[k * rows + r] = a.data[r * a.step + k];
    return {strip, rows};
}

}  // namespace descent::exec::detail
