// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <utility>

#include <descent/core/math.hpp>
#include <descent/core/memory.hpp>
#include <descent/core/pack.hpp>
#include <descent/core/tensor.hpp>
#include <descent/exec/row.hpp>

namespace descent::exec::detail {

/// The tiles of a product, fixed: no sum depends on the number of threads.
template <class T>
struct gemm_tiles {
    using V = native_pack<T>;
    static constexpr int rows = 6;  // 12 sums, 2 columns and a factor fill 16 registers
    static constexpr int tall =
        sizeof(V) == 64 ? 2 * rows : rows;  // of a packed factor: AVX-512 has 32 of them
    static constexpr int columns = 2 * lanes_of<V>;
    static constexpr index depth = 256;  // a packed panel stays in the first cache
    static constexpr index group = 16;   // packed panels that rows of a meet in turn; they stay in the second
};

/// Numbers (r, k) of the left factor lie at data[r * step + k], or packed, at data[k * gemm_tiles::tall + r].
template <class T>
struct gemm_left {
    T const* data;
    index step;
};

/// Numbers (k, j) of the right factor lie at data[k * step + j].
template <class T>
struct gemm_right {
    T const* data;
    index step;
};

/// sums = R rows of a times a panel of b, row after row; Half: times the panel's first pack only.
template <int R, bool Packed, bool Half, class T>
void gemm_tile(gemm_left<T> a, gemm_right<T> b, index depth, T* sums) {
    using V = native_pack<T>;
    constexpr int lanes = lanes_of<V>, ahead = 4, streams = Packed ? 1 : R, most = gemm_tiles<T>::tall,
                  wide = Half ? 1 : 2;
    V sum[wide][R];
    unrolled<wide>([&](auto c) { unrolled<R>([&](auto r) { sum[c][r] = V(T(0)); }); });
    T const* from[streams];
    unrolled<streams>([&](auto r) { from[r] = a.data + r * a.step; });
    T const* panel = b.data;
    auto const add = [&](auto k) {
        V right[wide];
        unrolled<wide>([&](auto c) { right[c] = load_unaligned<V>(panel + c * lanes); });
        if constexpr (R > 1 && R < 5)
            loaded();
        unrolled<R>([&](auto r) {
            V const factor(Packed ? from[0][k * most + r] : from[r % streams][k]);
            unrolled<wide>([&](auto c) { sum[c][r] = fused_multiply_add(factor, right[c], sum[c][r]); });
        });
        panel = unrelated(panel + b.step);
    };
    // Four at a time: what moves the pointers takes room in the pipeline.
    index k = 0;
    for (; k + ahead <= depth; k += ahead) {
        unrolled<ahead>(add);
        unrolled<streams>([&](auto r) { from[r] = unrelated(from[r] + ahead * (Packed ? most : 1)); });
    }
    for (; k < depth; ++k) {
        add(std::integral_constant<int, 0>{});
        unrolled<streams>([&](auto r) { from[r] = unrelated(from[r] + (Packed ? most : 1)); });
    }
    unrolled<R>([&](auto r) { unrolled<wide>([&](auto c) { store(sums + (2 * r + c) * lanes, sum[c][r]); }); });
}

/// gemm_tile for 1, 2, ... rows.
template <class T, bool Packed, bool Half>
inline constexpr auto gemm_tile_of = []<int... I>(std::integer_sequence<int, I...>) {
    return std::array{&gemm_tile<I + 1, Packed, Half, T>...};
}
(std::make_integer_sequence<int, Packed ? gemm_tiles<T>::tall : gemm_tiles<T>::rows>{});

}  // namespace descent::exec::detail
