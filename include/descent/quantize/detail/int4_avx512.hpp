// SPDX-License-Identifier: MIT
#pragma once

#include <descent/quantize/detail/int4_panel.hpp>

#if DESCENT_VECTOR_EXTENSIONS && defined(__x86_64__)
#include <immintrin.h>

namespace descent::quantize::detail {

/// AVX-512: 16 outputs an instruction, and one that looks 16 numbers up by the lowest 4 bits. (Forms with a
/// mask where one would do without: g++ 12 warns of what those of its own headers leave open.)
struct int4_avx512 {
    [[gnu::target("avx512f")]] static bool row(int4_panel const& p, float const* x, float* sums) {
        constexpr int vectors = 2, parts = 4;  // sums enough to wait for none of them
        __m512 const table = numbers_of_codes();
        __m512 all[vectors] = {_mm512_setzero_ps(), _mm512_setzero_ps()};
        std::uint32_t const* DESCENT_RESTRICT words = p.words;
        for (index b = 0; b < p.blocks;) {
            index const at = b / p.group * int4_columns, end = p.end_of_group(b);
            __m512 zero[vectors], part[vectors * parts];
#pragma GCC unroll 2
            for (int v = 0; v < vectors; ++v)
                zero[v] = zeros_of(p, at + 16 * v);
#pragma GCC unroll 8
            for (int i = 0; i < vectors * parts; ++i)
                part[i] = _mm512_setzero_ps();
            for (; b < end; ++b, words += int4_columns, x += int4_inputs) {
                __m512i codes[vectors] = {_mm512_loadu_si512(words), _mm512_loadu_si512(words + 16)};
#pragma GCC unroll 8
                for (int j = 0; j < int4_inputs; ++j) {
                    __m512 const number = _mm512_set1_ps(x[j]);
#pragma GCC unroll 2
                    for (int v = 0; v < vectors; ++v) {
                        __m512& sum = part[j % parts * vectors + v];
                        sum = _mm512_fmadd_ps(
                            _mm512_sub_ps(_mm512_maskz_permutexvar_ps(every, codes[v], table), zero[v]), number,
                            sum);
                        codes[v] = _mm512_maskz_srli_epi32(every, codes[v], 4);
                    }
                }
            }
#pragma GCC unroll 2
            for (int v = 0; v < vectors; ++v)
                all[v] =
                    _mm512_fmadd_ps(_mm512_add_ps(_mm512_add_ps(part[v], part[vectors + v]),
                                                  _mm512_add_ps(part[2 * vectors + v], part[3 * vectors + v])),
                                    _mm512_loadu_ps(p.scales + at + 16 * v), all[v]);
        }
        _mm512_storeu_ps(sums, all[0]);
        _mm512_storeu_ps(sums + 16, all[1]);
        // NaN but for finite numbers
        __m512 const none = _mm512_add_ps(_mm512_sub_ps(all[0], all[0]), _mm512_sub_ps(all[1], all[1]));
        return _mm512_cmp_ps_mask(none, none, _CMP_UNORD_Q) == 0;
    }

    [[gnu::target("avx512f")]] static void spread(int4_panel const& p, index first, index count,
                                                  float* numbers) {
        __m512 const table = numbers_of_codes();
        std::uint32_t const* DESCENT_RESTRICT words = p.words + first * int4_columns;
        for (index b = first; b < first + count;) {
            index const at = b / p.group * int4_columns, end = std::min(first + count, p.end_of_group(b));
            __m512 const zero[2] = {zeros_of(p, at), zeros_of(p, at + 16)},
                         scale[2] = {_mm512_loadu_ps(p.scales + at), _mm512_loadu_ps(p.scales + at + 16)};
            for (; b < end; ++b, words += int4_columns) {
                __m512i codes[2] = {_mm512_loadu_si512(words), _mm512_loadu_si512(words + 16)};
#pragma GCC unroll 8
                for (int j = 0; j < int4_inputs; ++j, numbers += int4_columns)
#pragma GCC unroll 2
                    for (int v = 0; v < 2; ++v) {
                        __m512 const code = _mm512_maskz_permutexvar_ps(every, codes[v], table);
                        _mm512_storeu_ps(numbers + 16 * v,
                                         _mm512_mul_ps(_mm512_sub_ps(code, zero[v]), scale[v]));
                        codes[v] = _mm512_maskz_srli_epi32(every, codes[v], 4);
                    }
            }
        }
    }

    template <int R>
    [[gnu::target("avx512f")]] static void tile(float const* DESCENT_RESTRICT a,
                                                float const* DESCENT_RESTRICT b, index depth,
                                                float* DESCENT_RESTRICT sums) {
        __m512 left[R], right[R];
#pragma GCC unroll 12
        for (int r = 0; r < R; ++r) {
            left[r] = _mm512_loadu_ps(sums + r * int4_columns);
            right[r] = _mm512_loadu_ps(sums + r * int4_columns + 16);
        }
        for (index k = depth; k > 0; --k, a += R, b += int4_columns) {
            __m512 const low = _mm512_loadu_ps(b), high = _mm512_loadu_ps(b + 16);
#pragma GCC unroll 12
            for (int r = 0; r < R; ++r) {
                __m512 const number = _mm512_set1_ps(a[r]);
                left[r] = _mm512_fmadd_ps(number, low, left[r]);
                right[r] = _mm512_fmadd_ps(number, high, right[r]);
            }
        }
#pragma GCC unroll 12
        for (int r = 0; r < R; ++r) {
            _mm512_storeu_ps(sums + r * int4_columns, left[r]);
            _mm512_storeu_ps(sums + r * int4_columns + 16, right[r]);
        }
    }

private:
    static constexpr __mmask16 every = 0xffff;

    [[gnu::target("avx512f")]] static __m512 numbers_of_codes() {
        return _mm512_setr_ps(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    }
    [[gnu::target("avx512f")]] static __m512 zeros_of(int4_panel const& p, index at) {
        if (!p.zeros)
            return _mm512_set1_ps(8);
        __m128i const bytes = _mm_loadu_si128(reinterpret_cast<__m128i const*>(p.zeros + at));
        return _mm512_maskz_cvtepi32_ps(every, _mm512_maskz_cvtepu8_epi32(every, bytes));
    }
};

}  // namespace descent::quantize::detail

#endif
