// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>

#include <descent/data/sparse.hpp>
#include <descent/exec/row.hpp>
#include <descent/linear/detail/tile.hpp>

// Tiles of sparse rows. Several outputs are kept column after column (W transposed, padded to whole small
// packs), so that one entry meets all its weights in one place.
namespace descent::linear::detail {

/// Numbers that the outputs of one column take.
inline index sparse_stride(index outputs) { return outputs == 1 ? 1 : (outputs + 3) / 4 * 4; }

/// What holds four outputs: a pack where there are packs.
template <class T>
using sparse_pack = std::conditional_t<lanes_of<native_pack<T>> >= 4, pack<T, 4>, T>;

/// z[c * tile_rows + r] = x[r] . W[c] + b[c]; `own`: room for sparse_stride(outputs) numbers.
template <class T>
void score_sparse(data::sparse_batch<T> const& rows, index first, index count, T const* w, T const* bias,
                  index outputs, T* z, T* own) {
    using V = sparse_pack<T>;
    constexpr int lanes = lanes_of<V>;
    index const stride = sparse_stride(outputs);
    for (index r = 0; r < count; ++r) {
        auto const begin = rows.begin(first + r), end = rows.end(first + r);
        if (outputs == 1) {
            z[r] = exec::sparse_dot(rows.columns + begin, rows.values + begin, index(end - begin), w) +
                   (bias ? *bias : T(0));
            continue;
        }
        for (index c = 0; c < stride; ++c)
            own[c] = bias && c < outputs ? bias[c] : T(0);
        for (auto k = begin; k < end; ++k) {
            V const value(rows.values[k]);
            T const* const from = w + index(rows.columns[k]) * stride;
            for (index c = 0; c < stride; c += lanes)
                store_unaligned(own + c, fused_multiply_add(value, load_unaligned<V>(from + c),
                                                            load_unaligned<V>(own + c)));
        }
        for (index c = 0; c < outputs; ++c)
            z[c * tile_rows + r] = own[c];
    }
}

/// g += slopes times rows, in the layout of W; `own` as above.
template <class T>
void add_sparse(data::sparse_batch<T> const& rows, index first, index count, T const* slope, index outputs,
                T* g, T* own) {
    using V = sparse_pack<T>;
    constexpr int lanes = lanes_of<V>;
    index const stride = sparse_stride(outputs);
    for (index r = 0; r < count; ++r) {
        auto const begin = rows.begin(first + r), end = rows.end(first + r);
        if (outputs == 1) {
            if (slope[r] != T(0))
                exec::sparse_add_scaled(slope[r], rows.columns + begin, rows.values + begin, index(end - begin),
                                        g);
            continue;
        }
        for (index c = 0; c < stride; ++c)
            own[c] = c < outputs ? slope[c * tile_rows + r] : T(0);
        for (auto k = begin; k < end; ++k) {
            V const value(rows.values[k]);
            T* const to = g + index(rows.columns[k]) * stride;
            for (index c = 0; c < stride; c += lanes)
                store_unaligned(
                    to + c, fused_multiply_add(value, load_unaligned<V>(own + c), load_unaligned<V>(to + c)));
        }
    }
}

}  // namespace descent::linear::detail
