// SPDX-License-Identifier: MIT
#pragma once

#include <cstring>

#include <descent/quantize/detail/int8_kernels.hpp>

#if DESCENT_VECTOR_EXTENSIONS && defined(__x86_64__)
#include <immintrin.h>

namespace descent::quantize::detail {

/// AVX2: 16 products and 8 sums an instruction.
struct int8_rows_avx2 {
    using code = std::int16_t;
    static constexpr index group = 2;
    static constexpr int zero = 0;

    static void multiply(int8_product const& p) {
        using tile_of = void (*)(int8_product const&, index, index);
        static constexpr tile_of tiles[most + 1] = {nullptr, tile<1>, tile<2>, tile<3>,
                                                    tile<4>, tile<5>, tile<6>};
        index const count = (p.count + most - 1) / most;
        for (index panel = 0; panel < p.panels; ++panel)
            for (index t = 0; t < count; ++t) {
                index const row = t * p.count / count, end = (t + 1) * p.count / count;
                tiles[end - row](p, panel, row);
            }
    }

    [[gnu::target("avx2,fma")]] static float encode(float const* x, index count, void* to, index room) {
        auto* const codes = static_cast<code*>(to);
        __m256i const magnitude = _mm256_set1_epi32(0x7fffffff);
        __m256i most_of = _mm256_setzero_si256(), others = most_of;
        index i = 0;
        for (; i + 16 <= count; i += 16) {
            most_of = _mm256_max_epi32(most_of, _mm256_and_si256(load(x + i), magnitude));
            others = _mm256_max_epi32(others, _mm256_and_si256(load(x + i + 8), magnitude));
        }
        most_of = _mm256_max_epi32(most_of, others);
        alignas(32) std::uint32_t lanes[8];
        store(lanes, most_of);
        std::uint32_t largest = 0;
        for (std::uint32_t const lane : lanes)
            largest = std::max(largest, lane);
        for (; i < count; ++i)
            largest = std::max(largest, to_bits(x[i]) & 0x7fffffffu);
        row_scale const row(largest);
        __m256 const inverse = _mm256_set1_ps(row.inverse);
        index const whole = row.inverse > 0 ? count / 16 * 16 : 0;
        for (i = 0; i < whole; i += 16) {
            __m256i const low = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(x + i), inverse));
            __m256i const high = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(x + i + 8), inverse));
            // The halves of what packs gives are turned.
            store(codes + i, _mm256_permute4x64_epi64(_mm256_packs_epi32(low, high), 0xd8));
        }
        int8_plain_row_pairs::put(x, i, count, codes, room, row.inverse);
        return row.scale;
    }

private:
    static constexpr index most = 6;  ///< rows of a tile: 12 sums in registers

    template <int R>
    [[gnu::target("avx2,fma")]] static void tile(int8_product const& p, index panel, index row) {
        __m256i left[R], right[R];
        __m256i const first = load(p.start + panel * panel_columns),
                      second = load(p.start + panel * panel_columns + 8);
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r)
            left[r] = first, right[r] = second;
        index const stride = p.stride;
        code const* DESCENT_RESTRICT a = static_cast<code const*>(p.a) + row * stride;
        std::int8_t const* DESCENT_RESTRICT b = p.b + panel * panel_columns * p.depth;
        for (index k = p.depth; k > 0; k -= 2, a += 2, b += 2 * panel_columns) {
            __m256i const low = words(b), high = words(b + panel_columns);
#pragma GCC unroll 8
            for (int r = 0; r < R; ++r) {
                std::int32_t pair;
                std::memcpy(&pair, a + r * stride, sizeof pair);
                __m256i const number = _mm256_set1_epi32(pair);
                left[r] = _mm256_add_epi32(left[r], _mm256_madd_epi16(number, low));
                right[r] = _mm256_add_epi32(right[r], _mm256_madd_epi16(number, high));
            }
        }
        alignas(32) std::int32_t sums[R * panel_columns];
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r) {
            store(sums + r * panel_columns, left[r]);
            store(sums + r * panel_columns + 8, right[r]);
        }
        finish(R, sums, p, panel * panel_columns, row);
    }

    // A function of its own: else g++ keeps the sums in memory, or moves them at every turn.
    [[gnu::target("avx2,fma"), gnu::noinline]] static void finish(int rows, std::int32_t const* sums,
                                                                  int8_product const& p, index first,
                                                                  index row) {
        index const live = std::min(panel_columns, p.live - first);
        for (int r = 0; r < rows; ++r, sums += panel_columns) {
            float* const y = p.y + (row + r) * p.width + first;
            __m256 const factor = _mm256_set1_ps(p.rows[row + r]);
            alignas(32) float line[panel_columns];
            for (index c = 0; c < panel_columns; c += 8)
                _mm256_store_ps(line + c,
                                _mm256_fmadd_ps(_mm256_cvtepi32_ps(load(sums + c)),
                                                _mm256_mul_ps(factor, _mm256_loadu_ps(p.columns + first + c)),
                                                _mm256_loadu_ps(p.bias + first + c)));
            if (live < panel_columns) {
                std::copy_n(line, live, y);
                continue;
            }
            _mm256_storeu_ps(y, _mm256_load_ps(line));
            _mm256_storeu_ps(y + 8, _mm256_load_ps(line + 8));
        }
    }

    [[gnu::target("avx2,fma")]] static __m256i load(void const* from) {
        return _mm256_loadu_si256(static_cast<__m256i const*>(from));
    }
    [[gnu::target("avx2,fma")]] static void store(void* to, __m256i value) {
        _mm256_storeu_si256(static_cast<__m256i*>(to), value);
    }
    /// 16 numbers as 16 bits each.
    [[gnu::target("avx2,fma")]] static __m256i words(std::int8_t const* from) {
        return _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<__m128i const*>(from)));
    }
};

}  // namespace descent::quantize::detail

#endif
