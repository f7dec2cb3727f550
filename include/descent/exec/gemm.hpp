// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <utility>

#include <descent/core/math.hpp>
#include <descent/core/memory.hpp>
#include <descent/core/pack.hpp>
#include <descent/exec/block.hpp>

namespace descent::exec {

namespace detail {

/// The tiles of a product, fixed: no sum depends on the number of threads.
template <class T>
struct gemm_tiles {
    using V = native_pack<T>;
    static constexpr int rows = 6;  // 12 sums, 2 columns and a factor fill 16 registers
    static constexpr int columns = 2 * lanes_of<V>;
    static constexpr index depth = 256;            // a packed panel stays in the first cache
    static constexpr index tall = 96;              // rows that share a packed panel
    static constexpr index work = index(1) << 18;  // multiplications worth a thread's while
};

/// The same pointer, about which the compiler knows nothing: else g++ -O3 makes one loop for neighbouring
/// numbers and another for all the rest, which takes twice the time.
template <class T>
DESCENT_FN T const* unrelated(T const* pointer) {
#if DESCENT_VECTOR_EXTENSIONS
    asm("" : "+r"(pointer));
#endif
    return pointer;
}

/// R rows of A times a packed panel of B, to or onto C.
template <int R, class T>
void gemm_rows(block<T const> const& a, T const* panel, index depth, T* c, index stride, index columns,
               bool first) {
    using V = native_pack<T>;
    constexpr int lanes = lanes_of<V>, width = gemm_tiles<T>::columns;
    auto const each_row = [](auto const& f) {
        [&]<int... I>(std::integer_sequence<int, I...>) { (f(std::integral_constant<int, I>{}), ...); }
        (std::make_integer_sequence<int, R>{});
    };
    index const row_step = a.row_step(), depth_step = a.column_step();
    V left[R], right[R];
    each_row([&](auto r) { left[r] = right[r] = V(T(0)); });
    T const* from = a.data;
    for (index k = 0; k < depth; ++k, from = unrelated(from + depth_step), panel += width) {
        V const b0 = load<V>(panel), b1 = load<V>(panel + lanes);
        each_row([&](auto r) {
            V const factor(from[r * row_step]);
            left[r] = fused_multiply_add(factor, b0, left[r]);
            right[r] = fused_multiply_add(factor, b1, right[r]);
        });
    }
    each_row([&](auto r) {
        T* const row = c + r * stride;
        if (columns == width) {
            store_unaligned(row, first ? left[r] : load_unaligned<V>(row) + left[r]);
            store_unaligned(row + lanes, first ? right[r] : load_unaligned<V>(row + lanes) + right[r]);
        } else {
            alignas(alignment) T part[width];
            store(part, left[r]);
            store(part + lanes, right[r]);
            for (index j = 0; j < columns; ++j)
                row[j] = first ? part[j] : row[j] + part[j];
        }
    });
}

template <int R, class T>
void gemm_some_rows(index count, block<T const> const& a, T const* panel, index depth, T* c, index stride,
                    index columns, bool first) {
    if (count >= R)
        gemm_rows<R>(a, panel, depth, c, stride, columns, first);
    else if constexpr (R > 1)
        gemm_some_rows<R - 1>(count, a, panel, depth, c, stride, columns, first);
}

/// Rows [row, row + depth) and columns [column, column + columns) of b, row after row, zeros behind the
/// columns.
template <class T>
void gemm_pack(block<T const> const& b, index row, index depth, index column, index columns, T* panel) {
    constexpr int width = gemm_tiles<T>::columns;
    T const* const from = b.data + row * b.row_step() + column * b.column_step();
    if (b.turned) {
        for (index j = 0; j < columns; ++j)
            for (index k = 0; k < depth; ++k)
                panel[k * width + j] = from[j * b.stride + k];
        for (index k = 0; k < depth && columns < width; ++k)
            std::fill(panel + k * width + columns, panel + (k + 1) * width, T(0));
    } else {
        for (index k = 0; k < depth; ++k) {
            std::copy_n(from + k * b.stride, columns, panel + k * width);
            std::fill(panel + k * width + columns, panel + (k + 1) * width, T(0));
        }
    }
}

/// Rows [top, bottom) of c, columns of the panels [begin, end).
template <class T>
void gemm_task(block<T const> const& a, block<T const> const& b, block<T> const& c, index top, index bottom,
               index begin, index end) {
    using tiles = gemm_tiles<T>;
    alignas(alignment) T panel[std::size_t(tiles::depth) * tiles::columns];
    for (index column = begin * tiles::columns; column < std::min(end * tiles::columns, c.cols);
         column += tiles::columns) {
        index const columns = std::min(index(tiles::columns), c.cols - column);
        for (index k = 0; k == 0 || k < a.cols; k += tiles::depth) {
            index const depth = std::min(tiles::depth, a.cols - k);
            gemm_pack(b, k, depth, column, columns, panel);
            for (index row = top; row < bottom; row += tiles::rows) {
                block<T const> part = a;
                part.data = a.data + row * a.row_step() + k * a.column_step();
                gemm_some_rows<tiles::rows>(bottom - row, part, panel, depth, c.data + row * c.stride + column,
                                            c.stride, columns, k == 0);
            }
        }
    }
}

template <class Executor, class T>
void gemm(Executor const& executor, block<T const> a, block<T const> b, block<T> c) {
    using tiles = gemm_tiles<T>;
    if (c.turned)
        return gemm(executor, transposed(b), transposed(a), transposed(c));
    index const tall = (c.rows + tiles::tall - 1) / tiles::tall;
    index const panels = (c.cols + tiles::columns - 1) / tiles::columns;
    index const each = tiles::tall * tiles::columns * std::max(a.cols, index(1));
    index const wide = std::clamp(tiles::work / each, index(1), std::max(panels, index(1)));
    index const across = (panels + wide - 1) / wide;
    executor.for_each(tall * across, [=](index task) {
        index const row = task / across * tiles::tall, panel = task % across * wide;
        gemm_task(a, b, c, row, std::min(row + tiles::tall, c.rows), panel, panel + wide);
    });
}

}  // namespace detail

/// c = a b for float or double, in fixed tiles: the same bits for every number of threads. Matrices are blocks,
/// transposed(...) of something, or Eigen matrices and maps; c must not overlap a or b. Throws descent::error
/// unless the extents agree.
///
///     exec::gemm(executor, x, exec::transposed(weight), scores);       // scores = x weight^T
template <class Executor, class A, class B, class C>
requires(Executor::host) void gemm(Executor const& executor, A const& a, B const& b, C&& c) {
    auto const left = as_block(a);
    auto const right = as_block(b);
    auto const product = as_block(c);
    detail::expect_product(left, right, product);
    using T = std::remove_pointer_t<decltype(product.data)>;
    detail::gemm<Executor, T>(executor, left, right, product);
}

}  // namespace descent::exec
