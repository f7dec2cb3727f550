// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>

#include <descent/core/config.hpp>
#include <descent/quantize/detail/popcount_kernels.hpp>

#if DESCENT_VECTOR_EXTENSIONS && defined(__x86_64__)
#include <immintrin.h>

namespace descent::quantize::detail {

/// AVX-512 VPOPCNTDQ: an instruction counts the bits of a panel's words. (Forms with a mask where one would do
/// without: g++ 12 warns of what those of its own headers leave open.)
template <class Bits>
struct popcount_avx512 {
    static void multiply(bit_product const& p) { multiply_by_tiles<popcount_avx512>(p); }

    [[gnu::target("avx512f,avx512vl,avx512vpopcntdq")]] static float encode(float const* x, index count,
                                                                            float threshold, bit_word* bits,
                                                                            index words) {
        std::fill_n(bits, words * Bits::planes, bit_word(0));
        __m512 const zero = _mm512_setzero_ps(), above = _mm512_set1_ps(threshold),
                     below = _mm512_set1_ps(-threshold);
        __m512i const magnitude = _mm512_set1_epi32(0x7fffffff);
        __m512 sums[4] = {};
        unsigned unknown = 0;
        index i = 0;
        for (; i + 64 <= count; i += 64) {
            bit_word there = 0, minus = 0;
#pragma GCC unroll 4
            for (int k = 0; k < 4; ++k) {
                __m512 const v = _mm512_loadu_ps(x + i + 16 * k);
                unknown |= _mm512_cmp_ps_mask(v, v, _CMP_UNORD_Q);
                if constexpr (Bits::zeros)
                    there |= bit_word(unsigned(_mm512_cmp_ps_mask(v, above, _CMP_GT_OQ)) |
                                      unsigned(_mm512_cmp_ps_mask(v, below, _CMP_LT_OQ)))
                             << (16 * k);
                else
                    sums[k] = _mm512_add_ps(
                        sums[k], _mm512_castsi512_ps(_mm512_and_si512(_mm512_castps_si512(v), magnitude)));
                minus |= bit_word(unsigned(_mm512_cmp_ps_mask(v, zero, _CMP_LT_OQ))) << (16 * k);
            }
            bit_word* const word = bits + i / 64 * Bits::planes;
            word[0] = there;
            word[Bits::planes - 1] = minus;
        }
        float lanes[magnitude_lanes];
#pragma GCC unroll 4
        for (int k = 0; k < 4; ++k)
            _mm512_storeu_ps(lanes + 16 * k, sums[k]);
        return popcount_portable<Bits>::encode_from(i, x, count, threshold, bits, lanes, unknown == 0);
    }

    /// So many rows from `row` on, by a panel.
    template <int R>
    [[gnu::target("avx512f,avx512vl,avx512vpopcntdq,fma")]] static void tile(bit_product const& p, index panel,
                                                                             index row) {
        // Counts of words that differ; with zeros also of those where both are not 0.
        __m512i differ[R], both[R];
#pragma GCC unroll 4
        for (int r = 0; r < R; ++r)
            differ[r] = both[r] = _mm512_setzero_si512();
        index const stride = p.stride;
        bit_word const *a = p.a + row * stride, *b = p.b + panel * p.words * Bits::planes * bit_columns;
        for (index k = p.words; k > 0; --k, a += Bits::planes, b += Bits::planes * bit_columns) {
            __m512i const there = _mm512_loadu_si512(b);
#pragma GCC unroll 4
            for (int r = 0; r < R; ++r) {
                __m512i const first = _mm512_set1_epi64(std::int64_t(a[r * stride]));
                if constexpr (Bits::zeros) {
                    __m512i const minus = _mm512_loadu_si512(b + bit_columns),
                                  second = _mm512_set1_epi64(std::int64_t(a[r * stride + 1])),
                                  common = _mm512_and_si512(first, there);
                    both[r] = _mm512_add_epi64(both[r], _mm512_popcnt_epi64(common));
                    // common & (second ^ minus)
                    differ[r] = _mm512_add_epi64(
                        differ[r], _mm512_popcnt_epi64(_mm512_ternarylogic_epi64(common, second, minus, 0x60)));
                } else {
                    differ[r] =
                        _mm512_add_epi64(differ[r], _mm512_popcnt_epi64(_mm512_xor_si512(first, there)));
                }
            }
        }
        constexpr __mmask8 every = 0xff;
        index const first = panel * bit_columns;
        __m256 const columns = _mm256_loadu_ps(p.columns + first), bias = _mm256_loadu_ps(p.bias + first);
        __m512i const numbers = _mm512_set1_epi64(p.numbers);
        auto const live = __mmask8(p.live - first >= bit_columns ? 0xff : (1u << unsigned(p.live - first)) - 1);
#pragma GCC unroll 4
        for (int r = 0; r < R; ++r) {
            __m512i const sum =
                _mm512_sub_epi64(Bits::zeros ? both[r] : numbers, _mm512_add_epi64(differ[r], differ[r]));
            __m256 const y = _mm256_fmadd_ps(_mm256_cvtepi32_ps(_mm512_maskz_cvtepi64_epi32(every, sum)),
                                             _mm256_mul_ps(_mm256_set1_ps(p.rows[row + r]), columns), bias);
            _mm256_mask_storeu_ps(p.y + (row + r) * p.width + first, live, y);
        }
    }
};

}  // namespace descent::quantize::detail

#endif
