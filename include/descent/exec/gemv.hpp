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

/// Multiplications worth a thread's while.
inline constexpr index gemv_work = index(1) << 16;

/// R rows, contiguous in memory, times x.
template <int R, class T>
void gemv_rows(T const* a, index stride, index n, T const* x, T* y) {
    using V = native_pack<T>;
    constexpr index lanes = lanes_of<V>;
    V sums[R];
    for (V& each : sums)
        each = V(T(0));
    index const whole = n / lanes * lanes;
    for (index j = 0; j < whole; j += lanes) {
        V const factor = load_unaligned<V>(x + j);
        [&]<int... I>(std::integer_sequence<int, I...>) {
            ((sums[I] = fused_multiply_add(load_unaligned<V>(a + I * stride + j), factor, sums[I])), ...);
        }
        (std::make_integer_sequence<int, R>{});
    }
    for (int r = 0; r < R; ++r) {
        T tail = sum(sums[r]);
        for (index j = whole; j < n; ++j)
            tail = fused_multiply_add(a[r * stride + j], x[j], tail);
        y[r] = tail;
    }
}

/// y += R rows, contiguous in memory, each times its x, row after row.
template <int R, class T>
void gemv_add_rows(T const* a, index stride, index n, T const* x, T* DESCENT_RESTRICT y) {
    using V = native_pack<T>;
    constexpr index lanes = lanes_of<V>;
    auto const add = [&]<class U>(index j, U) {
        U sum_of = load_unaligned<U>(y + j);
        [&]<int... I>(std::integer_sequence<int, I...>) {
            ((sum_of = fused_multiply_add(load_unaligned<U>(a + I * stride + j), U(x[I]), sum_of)), ...);
        }
        (std::make_integer_sequence<int, R>{});
        store_unaligned(y + j, sum_of);
    };
    index j = 0;
    for (; j + lanes <= n; j += lanes)
        add(j, V(T(0)));
    for (; j < n; ++j)
        add(j, T(0));
}

/// y = A x where A's rows are contiguous.
template <class Executor, class T>
void gemv_along(Executor const& executor, block<T const> a, T const* x, T* y) {
    index const each = std::max(gemv_work / std::max(a.cols, index(1)), index(1));
    executor.for_each((a.rows + each - 1) / each, [=](index task) {
        index row = task * each;
        index const end = std::min(row + each, a.rows);
        for (; row + 4 <= end; row += 4)
            gemv_rows<4>(a.data + row * a.stride, a.stride, a.cols, x, y + row);
        for (; row < end; ++row)
            gemv_rows<1>(a.data + row * a.stride, a.stride, a.cols, x, y + row);
    });
}

/// y = A x where A's columns are contiguous: fixed stretches of them, each into a sum of its own.
template <class Executor, class T>
void gemv_across(Executor const& executor, block<T const> a, T const* x, T* y) {
    index const n = a.rows, each = std::max(gemv_work / std::max(n, index(1)), index(256));
    index const tasks = (a.cols + each - 1) / each;
    std::fill_n(y, n, T(0));
    aligned_buffer<T> others(std::size_t(tasks > 1 ? (tasks - 1) * n : 0));
    T* const other = others.data();
    executor.for_each(tasks, [=](index task) {
        T* const into = task ? other + (task - 1) * n : y;
        index column = task * each;
        index const end = std::min(column + each, a.cols);
        for (; column + 4 <= end; column += 4)
            gemv_add_rows<4>(a.data + column * a.stride, a.stride, n, x + column, into);
        for (; column < end; ++column)
            gemv_add_rows<1>(a.data + column * a.stride, a.stride, n, x + column, into);
    });
    T const one(1);
    for (index task = 1; task < tasks; ++task)
        gemv_add_rows<1>(static_cast<T const*>(other) + (task - 1) * n, n, n, &one, y);
}

}  // namespace detail

/// y = a x for float or double, in fixed stretches: the same bits for every number of threads. a is a block,
/// transposed(...) of something, or an Eigen matrix or map; x and y are contiguous (Eigen vectors,
/// std::vector); y must not overlap a or x. Throws descent::error unless the extents agree.
///
///     exec::gemv(executor, exec::transposed(x), residual, gradient);   // gradient = x^T residual
template <class Executor, class A, class X, class Y>
requires(Executor::host) void gemv(Executor const& executor, A const& a, X const& x, Y&& y) {
    auto const matrix = as_block(a);
    using T = std::remove_const_t<std::remove_pointer_t<decltype(matrix.data)>>;
    T const* const from = detail::numbers_of(x, matrix.cols, "x");
    T* const to = detail::numbers_of(y, matrix.rows, "y");
    if (matrix.turned)
        detail::gemv_across<Executor, T>(executor, matrix, from, to);
    else
        detail::gemv_along<Executor, T>(executor, matrix, from, to);
}

}  // namespace descent::exec
