// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>

#include <descent/quantize/detail/int8_avx2.hpp>
#include <descent/quantize/detail/int8_block.hpp>

// Convolutions of 3 x 3 by 16 products for 4 outputs instead of 36 (Winograd; Lavin, Gray: "Fast algorithms for
// convolutional neural networks", 2016), exactly: sums of four codes and four times those of weights are whole
// numbers of 16 bits, their products' sums hold in 32, and the result is divided by 4 without a rest.
namespace descent::quantize::detail {

/// Channels at most: of 4 * 255 * 9 * 127 each, 32 bits hold the sums of more, the stack of no more.
inline constexpr index winograd_channels = 128;

/// Four times the transformed weights of a 3 x 3 window, [4][4].
inline void winograd_weights(std::int8_t const* window, std::int16_t* to) {
    auto const turn = [](int a, int b, int c, int* out) {
        out[0] = 2 * a, out[1] = a + b + c, out[2] = a - b + c, out[3] = 2 * c;
    };
    int half[3][4];
    for (int i = 0; i < 3; ++i)
        turn(window[3 * i], window[3 * i + 1], window[3 * i + 2], half[i]);
    for (int j = 0; j < 4; ++j) {
        int all[4];
        turn(half[0][j], half[1][j], half[2][j], all);
        for (int i = 0; i < 4; ++i)
            to[4 * i + j] = std::int16_t(all[i]);
    }
}

#if DESCENT_VECTOR_EXTENSIONS && defined(__x86_64__)

/// For windows of 3 x 3 without stride, over multiples of 16 channels; weights are panels of [4][4] matrices.
struct int8_winograd_avx2 {
    static constexpr index tiles = 16;  ///< that are transformed together: of 2 x 2 outputs

    static void convolve(int8_block const& b) {
        index const channels = b.run / 3, across = (b.places + 1) / 2, all = (b.rows + 1) / 2 * across;
        alignas(32) std::int16_t inputs[16 * tiles * winograd_channels];
        alignas(32) std::int32_t products[16 * tiles * panel_columns];
        for (index first = 0; first < all; first += tiles) {
            index const n = std::min(tiles, all - first);
            for (index t = 0; t < n; ++t)
                turn(b, channels, (first + t) / across * 2, (first + t) % across * 2, inputs + t * channels);
            for (index panel = 0; panel < b.panels; ++panel) {
                auto const* const w =
                    static_cast<std::int16_t const*>(b.weights) + panel * 16 * channels * panel_columns;
                for (index k = 0; k < 16; ++k)
                    multiply(inputs + k * tiles * channels, channels, n, w + k * channels * panel_columns,
                             products + k * tiles * panel_columns);
                // Tiles of one pair of rows are finished together.
                for (index t = 0; t < n;) {
                    index const row = (first + t) / across, left = (first + t) % across;
                    index const end = std::min(n, t + across - left);
                    back(b, panel, 2 * row, 2 * left, end - t, products + t * panel_columns);
                    t = end;
                }
            }
        }
    }

private:
    [[gnu::target("avx2,fma")]] static __m256i load(void const* from) {
        return _mm256_loadu_si256(static_cast<__m256i const*>(from));
    }
    [[gnu::target("avx2,fma")]] static void store(void* to, __m256i value) {
        _mm256_storeu_si256(static_cast<__m256i*>(to), value);
    }

    /// The 4 x 4 codes from that place on, each channel's.
    [[gnu::target("avx2,fma")]] static void turn(int8_block const& b, index channels, index row, index place,
                                                 std::int16_t* to) {
        std::int16_t const* from[4][4];
        for (index i = 0; i < 4; ++i)
            for (index j = 0; j < 4; ++j)  // behind the last window there may be no memory
                from[i][j] = static_cast<std::int16_t const*>(b.x) + std::min(row + i, b.rows + 1) * b.x_row +
                             std::min(place + j, b.places + 1) * b.x_place;
        for (index c = 0; c < channels; c += 16) {
            __m256i half[4][4];
#pragma GCC unroll 4
            for (int i = 0; i < 4; ++i) {
                __m256i const d0 = load(from[i][0] + c), d1 = load(from[i][1] + c), d2 = load(from[i][2] + c),
                              d3 = load(from[i][3] + c);
                half[i][0] = _mm256_sub_epi16(d0, d2), half[i][1] = _mm256_add_epi16(d1, d2);
                half[i][2] = _mm256_sub_epi16(d2, d1), half[i][3] = _mm256_sub_epi16(d1, d3);
            }
#pragma GCC unroll 4
            for (int j = 0; j < 4; ++j) {
                auto const put = [&](int i, __m256i v) __attribute__((target("avx2,fma"))) {
                    store(to + (4 * i + j) * tiles * channels + c, v);
                };
                put(0, _mm256_sub_epi16(half[0][j], half[2][j]));
                put(1, _mm256_add_epi16(half[1][j], half[2][j]));
                put(2, _mm256_sub_epi16(half[2][j], half[1][j]));
                put(3, _mm256_sub_epi16(half[1][j], half[3][j]));
            }
        }
    }

    template <int P>
    [[gnu::target("avx2,fma")]] static void products_of(std::int16_t const* DESCENT_RESTRICT x, index channels,
                                                        std::int16_t const* DESCENT_RESTRICT w,
                                                        std::int32_t* DESCENT_RESTRICT to) {
        __m256i left[P], right[P];
#pragma GCC unroll 8
        for (int p = 0; p < P; ++p)
            left[p] = right[p] = _mm256_setzero_si256();
        for (index i = channels; i > 0; i -= 2, x += 2, w += 2 * panel_columns) {
            __m256i const low = load(w), high = load(w + panel_columns);
#pragma GCC unroll 8
            for (int p = 0; p < P; ++p) {
                std::int32_t pair;
                std::memcpy(&pair, x + p * channels, sizeof pair);
                __m256i const number = _mm256_set1_epi32(pair);
                left[p] = _mm256_add_epi32(left[p], _mm256_madd_epi16(number, low));
                right[p] = _mm256_add_epi32(right[p], _mm256_madd_epi16(number, high));
            }
        }
#pragma GCC unroll 8
        for (int p = 0; p < P; ++p) {
            store(to + p * panel_columns, left[p]);
            store(to + p * panel_columns + 8, right[p]);
        }
    }
    static void multiply(std::int16_t const* x, index channels, index n, std::int16_t const* w,
                         std::int32_t* to) {
        using part = void (*)(std::int16_t const*, index, std::int16_t const*, std::int32_t*);
        static constexpr part parts[7] = {nullptr,        products_of<1>, products_of<2>, products_of<3>,
                                          products_of<4>, products_of<5>, products_of<6>};
        index const count = (n + 5) / 6;
        for (index k = 0; k < count; ++k) {
            index const t = k * n / count, end = (k + 1) * n / count;
            parts[end - t](x + t * channels, channels, w, to + t * panel_columns);
        }
    }

    /// Sums of the outputs of n tiles, and what they become.
    [[gnu::target("avx2,fma")]] static void back(int8_block const& b, index panel, index row, index place,
                                                 index n, std::int32_t const* products) {
        alignas(32) std::int32_t sums[2][2 * tiles * panel_columns];
        for (index half = 0; half < panel_columns; half += 8) {
            __m256i const start = load(b.start + panel * panel_columns + half);
            for (index t = 0; t < n; ++t) {
                std::int32_t const* const from = products + t * panel_columns + half;
                __m256i line[4][2];
#pragma GCC unroll 4
                for (int i = 0; i < 4; ++i) {
                    __m256i const m0 = load(from + (4 * i + 0) * tiles * panel_columns),
                                  m1 = load(from + (4 * i + 1) * tiles * panel_columns),
                                  m2 = load(from + (4 * i + 2) * tiles * panel_columns),
                                  m3 = load(from + (4 * i + 3) * tiles * panel_columns);
                    line[i][0] = _mm256_add_epi32(_mm256_add_epi32(m0, m1), m2);
                    line[i][1] = _mm256_sub_epi32(_mm256_sub_epi32(m1, m2), m3);
                }
#pragma GCC unroll 2
                for (int j = 0; j < 2; ++j) {
                    __m256i const above =
                                      _mm256_add_epi32(_mm256_add_epi32(line[0][j], line[1][j]), line[2][j]),
                                  below =
                                      _mm256_sub_epi32(_mm256_sub_epi32(line[1][j], line[2][j]), line[3][j]);
                    index const to = (2 * t + j) * panel_columns + half;
                    store(sums[0] + to, _mm256_add_epi32(_mm256_srai_epi32(above, 2), start));
                    store(sums[1] + to, _mm256_add_epi32(_mm256_srai_epi32(below, 2), start));
                }
            }
        }
        index const places = std::min(2 * n, b.places - place);
        for (index r = 0; r < std::min<index>(2, b.rows - row); ++r)
            int8_pairs_avx2::finish(b, panel * panel_columns, row + r, place, places, sums[r]);
    }
};

#endif

}  // namespace descent::quantize::detail
