// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <utility>

#include <descent/core/math.hpp>
#include <descent/core/pack.hpp>
#include <descent/exec/block.hpp>
#include <descent/exec/unrolled.hpp>

// A matrix that many products share, laid out once as the kernel reads it: what a recurrent layer multiplies by
// at every step.
namespace descent::nn::detail {

/// Columns of one panel.
template <class T>
inline constexpr index panel_width = 2 * lanes_of<native_pack<T>>;

/// Numbers that a packed matrix takes.
template <class T>
constexpr index packed_size(index depth, index columns) {
    return (columns + panel_width<T> - 1) / panel_width<T> * panel_width<T> * depth;
}

/// Rows [begin, begin + from.rows) of a matrix that has `whole`: panel after panel, each row after row, zeros
/// behind the last column.
template <class T, class Executor>
void pack_weights(Executor const& executor, exec::block<T const> from, T* to, index whole, index begin = 0) {
    constexpr index width = panel_width<T>;
    executor.for_each((from.cols + width - 1) / width, [=](index p) {
        index const columns = std::min(width, from.cols - p * width);
        T* const panel = to + (p * whole + begin) * width;
        T const* const source = from.data + p * width * from.column_step();
        for (index k = 0; k < from.rows; ++k) {
            for (index j = 0; j < columns; ++j)
                panel[k * width + j] = source[k * from.row_step() + j * from.column_step()];
            std::fill(panel + k * width + columns, panel + (k + 1) * width, T(0));
        }
    });
}

/// R rows times `depth` rows of a panel, to or onto columns [column, column + columns) of the rows c.
template <int R, class T>
void packed_rows(T const* DESCENT_RESTRICT panel, index depth, T const* const* a, index skip, T* const* c,
                 index column, index columns, bool first) {
    using V = native_pack<T>;
    constexpr int lanes = lanes_of<V>;
    V left[R], right[R];
    T const* row[R];
    exec::unrolled<R>([&](auto r) { left[r] = right[r] = V(T(0)), row[r] = a[r] + skip; });
    auto const add = [&](auto k) {
        V const b0 = load<V>(panel), b1 = load<V>(panel + lanes);
        if constexpr (R > 1 && R < 5)
            exec::loaded();
        exec::unrolled<R>([&](auto r) {
            V const factor(row[r][k]);
            left[r] = fused_multiply_add(factor, b0, left[r]);
            right[r] = fused_multiply_add(factor, b1, right[r]);
        });
        panel = exec::unrelated(panel + panel_width<T>);
    };
    // Four at a time: what moves the pointers takes room in the pipeline.
    constexpr int ahead = 4;
    index k = 0;
    for (; k + ahead <= depth; k += ahead) {
        exec::unrolled<ahead>(add);
        exec::unrolled<R>([&](auto r) { row[r] = exec::unrelated(row[r] + ahead); });
    }
    for (; k < depth; ++k) {
        add(std::integral_constant<int, 0>{});
        exec::unrolled<R>([&](auto r) { ++row[r]; });
    }
    exec::unrolled<R>([&](auto r) {
        T* const to = c[r] + column;
        if (columns == panel_width<T>) {
            store_unaligned(to, first ? left[r] : load_unaligned<V>(to) + left[r]);
            store_unaligned(to + lanes, first ? right[r] : load_unaligned<V>(to + lanes) + right[r]);
        } else {
            alignas(alignment) T part[panel_width<T>];
            store(part, left[r]);
            store(part + lanes, right[r]);
            for (index j = 0; j < columns; ++j)
                to[j] = first ? part[j] : to[j] + part[j];
        }
    });
}

template <int R, class T>
void packed_some_rows(index count, T const* panel, index depth, T const* const* a, index skip, T* const* c,
                      index column, index columns, bool first) {
    if (count >= R)
        packed_rows<R>(panel, depth, a, skip, c, column, columns, first);
    else if constexpr (R > 1)
        packed_some_rows<R - 1>(count, panel, depth, a, skip, c, column, columns, first);
}

/// c[r] (+)= a[r] * rows [begin, begin + depth) of a packed matrix with `whole` rows and `columns` columns. No
/// row's sum depends on the others.
template <class T>
void packed_product(T const* packed, index whole, index columns, index begin, index depth, index rows,
                    T const* const* a, T* const* c, bool first) {
    constexpr index width = panel_width<T>, deep = 256;         // a stretch of a panel stays in the first cache
    constexpr int tall = sizeof(native_pack<T>) == 64 ? 8 : 6;  // AVX-512 has twice the registers
    for (index column = 0; column < columns; column += width)
        for (index k = 0; k < depth; k += deep) {
            T const* const panel = packed + column * whole + (begin + k) * width;
            for (index r = 0, count = 0; r < rows; r += count) {
                index const left = rows - r;  // two or one alone are slow: halves before the end
                count = left <= tall ? left : left < 2 * tall ? (left + 1) / 2 : tall;
                packed_some_rows<tall>(count, panel, std::min(deep, depth - k), a + r, k, c + r, column,
                                       std::min(width, columns - column), first && k == 0);
            }
        }
}

}  // namespace descent::nn::detail
