// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>

#include <descent/core/math.hpp>
#include <descent/core/memory.hpp>
#include <descent/core/pack.hpp>
#include <descent/exec/detail/gemm_pack.hpp>
#include <descent/exec/row.hpp>

// Products of few rows: to pack the other factor would cost more than the product.
namespace descent::exec::detail {

/// C dot products of x with neighbouring rows of b. What each one is does not depend on C.
template <int C, class T>
void gemm_dot_tile(T const* x, T const* b, index stride, index depth, T* dots) {
    using V = native_pack<T>;
    constexpr int lanes = lanes_of<V>,
                  phases = std::max(1, 8 / lanes);  // sums under way: their latency is hidden
    V total[phases][C];
    unrolled<phases>([&](auto phase) { unrolled<C>([&](auto c) { total[phase][c] = V(T(0)); }); });
    auto const add = [&](auto phase, index k) {
        V const left = load_unaligned<V>(x + k);
        unrolled<C>([&](auto c) {
            total[phase][c] = fused_multiply_add(left, load_unaligned<V>(b + c * stride + k), total[phase][c]);
        });
    };
    index k = 0;
    for (; k + phases * lanes <= depth; k += phases * lanes)
        unrolled<phases>([&](auto phase) { add(phase, k + phase * lanes); });
    for (; k + lanes <= depth; k += lanes)
        add(std::integral_constant<int, 0>{}, k);
    unrolled<phases - 1>([&](auto phase) { unrolled<C>([&](auto c) { total[0][c] += total[phase + 1][c]; }); });
    if constexpr (C == lanes && lanes > 1) {
        // The sums of the lanes of all at once, in the order of sum().
        transpose_lanes(total[0]);
        for (int half = lanes / 2; half > 0; half /= 2)
            for (int lane = 0; lane < half; ++lane)
                total[0][lane] += total[0][lane + half];
        store_unaligned(dots, total[0][0]);
    } else {
        unrolled<C>([&](auto c) { dots[c] = sum(total[0][c]); });
    }
    for (; k < depth; ++k)
        unrolled<C>([&](auto c) { dots[c] = fused_multiply_add(x[k], b[c * stride + k], dots[c]); });
}

/// c[r, j] = row r of a . row j of b, j in [begin, end), for few rows of a; strides count numbers.
template <int C, class T>
void gemm_dots(T const* a, index a_stride, T const* b, index b_stride, index depth, T* c, index c_stride,
               index rows, index begin, index end) {
    index j = begin;
    for (; j + C <= end; j += C)
        for (index r = 0; r < rows; ++r)
            gemm_dot_tile<C>(a + r * a_stride, b + j * b_stride, b_stride, depth, c + r * c_stride + j);
    if constexpr (C > 1)
        gemm_dots<C / 2>(a, a_stride, b, b_stride, depth, c, c_stride, rows, j, end);
}

}  // namespace descent::exec::detail
