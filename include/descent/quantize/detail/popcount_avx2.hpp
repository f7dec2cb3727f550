// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>

#include <descent/core/config.hpp>
#include <descent/quantize/detail/popcount_kernels.hpp>

#if DESCENT_VECTOR_EXTENSIONS && defined(__x86_64__)
#include <immintrin.h>

namespace descent::quantize::detail {

/// AVX2: bits are counted by looking up halves of bytes (Mula, Kurz, Lemire: "Faster population counts using
/// AVX2 instructions", 2018); bytes are summed as long as they hold the sum. Adding words up before counting
/// (Harley, Seal) would save a sixth of the instructions at best at the 16 words of 1024 numbers.
template <class Bits>
struct popcount_avx2 {
    static void multiply(bit_product const& p) { multiply_by_tiles<popcount_avx2>(p); }

    [[gnu::target("avx2,fma")]] static float encode(float const* x, index count, float threshold,
                                                    bit_word* bits, index words) {
        std::fill_n(bits, words * Bits::planes, bit_word(0));
        __m256 const zero = _mm256_setzero_ps(), above = _mm256_set1_ps(threshold),
                     sign = _mm256_set1_ps(-0.0f);
        __m256 const below = _mm256_sub_ps(zero, above);
        __m256 sums[8] = {};
        int unknown = 0;
        index i = 0;
        for (; i + 64 <= count; i += 64) {
            bit_word there = 0, minus = 0;
#pragma GCC unroll 8
            for (int k = 0; k < 8; ++k) {
                __m256 const v = _mm256_loadu_ps(x + i + 8 * k);
                unknown |= _mm256_movemask_ps(_mm256_cmp_ps(v, v, _CMP_UNORD_Q));
                if constexpr (Bits::zeros)
                    there |= bit_word(unsigned(_mm256_movemask_ps(_mm256_or_ps(
                                 _mm256_cmp_ps(v, above, _CMP_GT_OQ), _mm256_cmp_ps(v, below, _CMP_LT_OQ)))))
                             << (8 * k);
                else
                    sums[k] = _mm256_add_ps(sums[k], _mm256_andnot_ps(sign, v));
                minus |= bit_word(unsigned(_mm256_movemask_ps(_mm256_cmp_ps(v, zero, _CMP_LT_OQ)))) << (8 * k);
            }
            bit_word* const word = bits + i / 64 * Bits::planes;
            word[0] = there;
            word[Bits::planes - 1] = minus;
        }
        float lanes[magnitude_lanes];
#pragma GCC unroll 8
        for (int k = 0; k < 8; ++k)
            _mm256_storeu_ps(lanes + 8 * k, sums[k]);
        return popcount_portable<Bits>::encode_from(i, x, count, threshold, bits, lanes, unknown == 0);
    }

    /// So many rows from `row` on, by a panel.
    template <int R>
    [[gnu::target("avx2,fma")]] static void tile(bit_product const& p, index panel, index row) {
        __m256i left[R], right[R];
#pragma GCC unroll 4
        for (int r = 0; r < R; ++r)
            left[r] = right[r] = _mm256_setzero_si256();
        index const stride = p.stride;
        bit_word const *a = p.a + row * stride, *b = p.b + panel * p.words * Bits::planes * bit_columns;
        // A word adds 8 at most to a byte, with zeros 16.
        constexpr index most = Bits::zeros ? 15 : 31;
        for (index rest = p.words; rest > 0; rest -= most) {
            __m256i low[R], high[R];
#pragma GCC unroll 4
            for (int r = 0; r < R; ++r)
                low[r] = high[r] = _mm256_setzero_si256();
            for (index k = std::min(rest, most); k > 0;
                 --k, a += Bits::planes, b += Bits::planes * bit_columns) {
#pragma GCC unroll 4
                for (int r = 0; r < R; ++r) {
                    low[r] = _mm256_add_epi8(low[r], counts(a + r * stride, b));
                    high[r] = _mm256_add_epi8(high[r], counts(a + r * stride, b + 4));
                }
            }
#pragma GCC unroll 4
            for (int r = 0; r < R; ++r) {
                left[r] = _mm256_add_epi64(left[r], _mm256_sad_epu8(low[r], _mm256_setzero_si256()));
                right[r] = _mm256_add_epi64(right[r], _mm256_sad_epu8(high[r], _mm256_setzero_si256()));
            }
        }
        index const first = panel * bit_columns;
        __m256 const columns = _mm256_loadu_ps(p.columns + first), bias = _mm256_loadu_ps(p.bias + first);
        __m256i const numbers = _mm256_set1_epi32(std::int32_t(p.numbers)),
                      twice = _mm256_set1_epi32(std::int32_t(64 * p.words));
#pragma GCC unroll 4
        for (int r = 0; r < R; ++r) {
            // The low halves of eight counts, in order.
            __m256i const mixed = _mm256_castps_si256(
                _mm256_shuffle_ps(_mm256_castsi256_ps(left[r]), _mm256_castsi256_ps(right[r]), 0x88));
            __m256i const counted = _mm256_permute4x64_epi64(mixed, 0xd8);
            __m256i const sum = Bits::zeros ? _mm256_sub_epi32(counted, twice)
                                            : _mm256_sub_epi32(numbers, _mm256_add_epi32(counted, counted));
            __m256 const y = _mm256_fmadd_ps(_mm256_cvtepi32_ps(sum),
                                             _mm256_mul_ps(_mm256_set1_ps(p.rows[row + r]), columns), bias);
            float* const to = p.y + (row + r) * p.width + first;
            if (p.live - first >= bit_columns) {
                _mm256_storeu_ps(to, y);
            } else {
                float part[bit_columns];
                _mm256_storeu_ps(part, y);
                std::copy_n(part, p.live - first, to);
            }
        }
    }

private:
    [[gnu::target("avx2")]] static __m256i load(bit_word const* from) {
        return _mm256_loadu_si256(reinterpret_cast<__m256i const*>(from));
    }
    /// For each byte of four columns how many bits differ; with zeros how many agree where both are not 0, plus
    /// how many do not differ there, which is 8 more than the sum.
    [[gnu::target("avx2")]] static __m256i counts(bit_word const* a, bit_word const* b) {
        __m256i const first = _mm256_set1_epi64x(std::int64_t(a[0]));
        if constexpr (Bits::zeros) {
            __m256i const second = _mm256_set1_epi64x(std::int64_t(a[1]));
            __m256i const both = _mm256_and_si256(first, load(b));
            __m256i const signs = _mm256_xor_si256(second, load(b + bit_columns));
            return _mm256_add_epi8(bits_of<false>(_mm256_andnot_si256(signs, both)),
                                   bits_of<true>(_mm256_and_si256(signs, both)));
        } else {
            return bits_of<false>(_mm256_xor_si256(first, load(b)));
        }
    }
    /// Bits that are set in each byte; or that are not.
    template <bool unset>
    [[gnu::target("avx2")]] static __m256i bits_of(__m256i v) {
        __m256i const table = unset ? _mm256_setr_epi8(4, 3, 3, 2, 3, 2, 2, 1, 3, 2, 2, 1, 2, 1, 1, 0, 4, 3, 3,
                                                       2, 3, 2, 2, 1, 3, 2, 2, 1, 2, 1, 1, 0)
                                    : _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1,
                                                       2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
        __m256i const half = _mm256_set1_epi8(15);
        __m256i const low = _mm256_and_si256(v, half), high = _mm256_and_si256(_mm256_srli_epi16(v, 4), half);
        return _mm256_add_epi8(_mm256_shuffle_epi8(table, low), _mm256_shuffle_epi8(table, high));
    }
};

}  // namespace descent::quantize::detail

#endif
