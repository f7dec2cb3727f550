// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <type_traits>

#include <descent/data/sparse.hpp>
#include <descent/exec/row.hpp>
#include <descent/linear/detail/tile.hpp>

// Tiles of sparse rows. Several outputs are kept column after column (W transposed, padded to whole small
// packs), so that one entry meets all its weights in one place. An entry costs two loads at random places, not
// the bytes that bring it: what helps is to have the entries in the first cache by then, and few instructions.
namespace descent::linear::detail {

/// Numbers that the outputs of one column take.
inline index sparse_stride(index outputs) { return outputs == 1 ? 1 : (outputs + 3) / 4 * 4; }

/// What holds four outputs: a pack where there are packs.
template <class T>
using sparse_pack = std::conditional_t<lanes_of<native_pack<T>> >= 4, pack<T, 4>, T>;

/// What to ask for while row i of the batch is read. Distances were found by trial on Zen 3.
template <class Batch>
exec::read_ahead ahead_of(Batch const& rows, index i) {
    using T = typename Batch::scalar;
    constexpr index entries = 1536 / index(sizeof(T)), rows_ahead = 2, weights = 128, cached = index(2) << 20;
    // Rows in an order of their own lie anywhere: the hardware does not foresee where.
    if (rows.order)
        return {i + rows_ahead < rows.count ? index(rows.begin(i + rows_ahead) - rows.begin(i)) : 0, 0};
    bool const far =
        rows.features * index(sizeof(T)) > cached && rows.end(i) + weights <= rows.end(rows.count - 1);
    return {entries, far ? weights : 0};
}

/// score_sparse of one output.
template <class T, class Batch>
void score_one(Batch const rows, index first, index count, T const* w, T bias, T* DESCENT_RESTRICT z) {
    for (index r = 0; r < count; ++r) {
        auto const begin = rows.begin(first + r);
        z[r] = exec::sparse_dot(rows.columns + begin, rows.values + begin, index(rows.end(first + r) - begin),
                                w, ahead_of(rows, first + r)) +
               bias;
    }
}

/// P packs of outputs of all rows, whose sums stay in registers. w, bias and z: of the first of them.
template <int P, class V, class T, class Batch>
void score_packs(Batch const rows, index first, index count, T const* w, T const* bias, index stride,
                 index outputs, T* DESCENT_RESTRICT z) {
    constexpr int lanes = lanes_of<V>;
    index const live = std::min<index>(outputs, P * lanes);
    alignas(alignment) T own[P * lanes] = {};
    std::copy_n(bias, bias ? live : 0, own);
    V start[P];
    load_packs<P>(own, start);
    for (index r = 0; r < count; ++r) {
        V total[P];
        std::copy_n(start, P, total);
        for (auto k = rows.begin(first + r), end = rows.end(first + r); k < end; ++k) {
            V weight[P];
            load_packs<P>(w + index(rows.columns[k]) * stride, weight);
            add_each<P>(weight, V(rows.values[k]), total);
        }
        for (int p = 0; p < P; ++p)
            store_unaligned(own + p * lanes, total[p]);
        for (index c = 0; c < live; ++c)
            z[c * tile_rows + r] = own[c];
    }
}

/// z[c * tile_rows + r] = x[r] . W[c] + b[c].
template <class T, class Batch>
void score_sparse(Batch const& rows, index first, index count, T const* w, T const* bias, index outputs, T* z) {
    if (outputs == 1)
        return score_one(rows, first, count, w, bias ? *bias : T(0), z);
    using V = sparse_pack<T>;
    index const stride = sparse_stride(outputs);
    index c = 0;
    auto const some = [&]<int P>(std::integral_constant<int, P>) {
        for (constexpr index wide = P * lanes_of<V>; c + wide <= stride; c += wide)
            score_packs<P, V>(rows, first, count, w + c, bias ? bias + c : bias, stride, outputs - c,
                              z + c * tile_rows);
    };
    some(std::integral_constant<int, 4>{});
    some(std::integral_constant<int, 2>{});
    some(std::integral_constant<int, 1>{});
}

/// add_sparse of one output.
template <class T, class Batch>
void add_one(Batch const rows, index first, index count, T const* slope, T* g) {
    for (index r = 0; r < count; ++r)
        if (slope[r] != T(0)) {
            auto const begin = rows.begin(first + r);
            exec::sparse_add_scaled(slope[r], rows.columns + begin, rows.values + begin,
                                    index(rows.end(first + r) - begin), g, ahead_of(rows, first + r));
        }
}

/// P packs of outputs of all rows. slope and g: of the first of them.
template <int P, class V, class T, class Batch>
void add_packs(Batch const rows, index first, index count, T const* slope, index stride, index outputs, T* g) {
    constexpr int lanes = lanes_of<V>;
    index const live = std::min<index>(outputs, P * lanes);
    alignas(alignment) T own[P * lanes] = {};
    for (index r = 0; r < count; ++r) {
        for (index c = 0; c < live; ++c)
            own[c] = slope[c * tile_rows + r];
        V factor[P];
        load_packs<P>(own, factor);
        for (auto k = rows.begin(first + r), end = rows.end(first + r); k < end; ++k) {
            T* const to = g + index(rows.columns[k]) * stride;
            V total[P];
            load_packs<P>(to, total);
            add_each<P>(factor, V(rows.values[k]), total);
            for (int p = 0; p < P; ++p)
                store_unaligned(to + p * lanes, total[p]);
        }
    }
}

/// g += slopes times rows, in the layout of W.
template <class T, class Batch>
void add_sparse(Batch const& rows, index first, index count, T const* slope, index outputs, T* g) {
    if (outputs == 1)
        return add_one(rows, first, count, slope, g);
    using V = sparse_pack<T>;
    index const stride = sparse_stride(outputs);
    index c = 0;
    auto const some = [&]<int P>(std::integral_constant<int, P>) {
        for (constexpr index wide = P * lanes_of<V>; c + wide <= stride; c += wide)
            add_packs<P, V>(rows, first, count, slope + c * tile_rows, stride, outputs - c, g + c);
    };
    some(std::integral_constant<int, 4>{});
    some(std::integral_constant<int, 2>{});
    some(std::integral_constant<int, 1>{});
}

}  // namespace descent::linear::detail
