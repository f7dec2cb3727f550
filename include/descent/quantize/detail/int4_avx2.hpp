// SPDX-License-Identifier: MIT
#pragma once

#include <descent/quantize/detail/int4_panel.hpp>

#if DESCENT_VECTOR_EXTENSIONS && defined(__x86_64__)
#include <immintrin.h>

namespace descent::quantize::detail {

/// AVX2 and FMA: 8 outputs an instruction. A code is masked where it stands in its word and becomes the last
/// bits of a power of two, from which that and the zero are subtracted before it is multiplied: four
/// instructions, and weights of 0 add nothing.
struct int4_avx2 {
    [[gnu::target("avx2,fma")]] static bool row(int4_panel const& p, float const* x, float* sums) {
        std::fill_n(sums, int4_columns, 0.0f);
        alignas(32) float offsets[places * int4_columns];
        for (index b = 0; b < p.blocks;) {
            index const at = b / p.group * int4_columns, end = p.end_of_group(b);
            if (b == 0 || p.zeros)
                offsets_of(p, at, offsets);
            // Half a panel at a time: the sums of a whole one would not stay in registers.
            for (index c = 0; c < int4_columns; c += 16)
                half_row(p.words + b * int4_columns + c, end - b, offsets + c, p.scales + at + c,
                         x + b * int4_inputs, sums + c);
            b = end;
        }
        __m256 none = _mm256_setzero_ps();  // NaN but for finite numbers
#pragma GCC unroll 4
        for (int v = 0; v < vectors; ++v) {
            __m256 const sum = _mm256_loadu_ps(sums + 8 * v);
            none = _mm256_add_ps(none, _mm256_sub_ps(sum, sum));
        }
        return _mm256_movemask_ps(_mm256_cmp_ps(none, none, _CMP_UNORD_Q)) == 0;
    }

    [[gnu::target("avx2,fma")]] static void spread(int4_panel const& p, index first, index count,
                                                   float* numbers) {
        std::uint32_t const* DESCENT_RESTRICT words = p.words + first * int4_columns;
        alignas(32) float offsets[places * int4_columns];
        for (index b = first; b < first + count;) {
            index const at = b / p.group * int4_columns, end = std::min(first + count, p.end_of_group(b));
            if (b == first || p.zeros)
                offsets_of(p, at, offsets);
            __m256 scale[vectors];
#pragma GCC unroll 4
            for (int v = 0; v < vectors; ++v)
                scale[v] = _mm256_loadu_ps(p.scales + at + 8 * v);
            for (; b < end; ++b, words += int4_columns, numbers += int4_inputs * int4_columns)
#pragma GCC unroll 4
                for (int v = 0; v < vectors; ++v) {
                    __m256i codes = load(words + 8 * v);
#pragma GCC unroll 8
                    for (int j = 0; j < int4_inputs; ++j) {
                        if (j == places)
                            codes = _mm256_srli_epi32(codes, 4 * places);
                        _mm256_storeu_ps(
                            numbers + j * int4_columns + 8 * v,
                            _mm256_mul_ps(number_at(j % places, codes, offsets + 8 * v), scale[v]));
                    }
                }
        }
    }

    template <int R>
    [[gnu::target("avx2,fma")]] static void tile(float const* a, float const* b, index depth, float* sums) {
        half_tile<R>(a, b, depth, sums);
        half_tile<R>(a, b + 16, depth, sums + 16);
    }

private:
    static constexpr int vectors = 4;
    /// Of a word whose bits fit into a number's fraction.
    static constexpr int places = 5;

    /// sums[c] += scales[c] times the sum of a group's inputs and codes, for 16 outputs.
    [[gnu::target("avx2,fma")]] static void half_row(std::uint32_t const* DESCENT_RESTRICT words, index blocks,
                                                     float const* DESCENT_RESTRICT offsets, float const* scales,
                                                     float const* DESCENT_RESTRICT x,
                                                     float* DESCENT_RESTRICT sums) {
        constexpr int parts = 3;  // sums enough to wait for none of them
        __m256 part[2 * parts];
#pragma GCC unroll 6
        for (int i = 0; i < 2 * parts; ++i)
            part[i] = _mm256_setzero_ps();
        for (; blocks > 0; --blocks, words += int4_columns, x += int4_inputs) {
            __m256i low = load(words), high = load(words + 8);
#pragma GCC unroll 8
            for (int j = 0; j < int4_inputs; ++j) {
                if (j == places) {
                    low = _mm256_srli_epi32(low, 4 * places);
                    high = _mm256_srli_epi32(high, 4 * places);
                }
                __m256 const number = _mm256_broadcast_ss(x + j);
                __m256 &left = part[j % parts * 2], &right = part[j % parts * 2 + 1];
                left = _mm256_fmadd_ps(number_at(j % places, low, offsets), number, left);
                right = _mm256_fmadd_ps(number_at(j % places, high, offsets + 8), number, right);
            }
        }
#pragma GCC unroll 2
        for (int v = 0; v < 2; ++v) {
            __m256 const sum = _mm256_add_ps(_mm256_add_ps(part[v], part[2 + v]), part[4 + v]);
            _mm256_storeu_ps(sums + 8 * v, _mm256_fmadd_ps(sum, _mm256_loadu_ps(scales + 8 * v),
                                                           _mm256_loadu_ps(sums + 8 * v)));
        }
    }
    template <int R>
    [[gnu::target("avx2,fma")]] static void half_tile(float const* DESCENT_RESTRICT a,
                                                      float const* DESCENT_RESTRICT b, index depth,
                                                      float* DESCENT_RESTRICT sums) {
        __m256 left[R], right[R];
#pragma GCC unroll 6
        for (int r = 0; r < R; ++r) {
            left[r] = _mm256_loadu_ps(sums + r * int4_columns);
            right[r] = _mm256_loadu_ps(sums + r * int4_columns + 8);
        }
        for (index k = depth; k > 0; --k, a += R, b += int4_columns) {
            __m256 const low = _mm256_loadu_ps(b), high = _mm256_loadu_ps(b + 8);
#pragma GCC unroll 6
            for (int r = 0; r < R; ++r) {
                __m256 const number = _mm256_broadcast_ss(a + r);
                left[r] = _mm256_fmadd_ps(number, low, left[r]);
                right[r] = _mm256_fmadd_ps(number, high, right[r]);
            }
        }
#pragma GCC unroll 6
        for (int r = 0; r < R; ++r) {
            _mm256_storeu_ps(sums + r * int4_columns, left[r]);
            _mm256_storeu_ps(sums + r * int4_columns + 8, right[r]);
        }
    }
    [[gnu::target("avx2,fma")]] static __m256i load(std::uint32_t const* from) {
        return _mm256_loadu_si256(reinterpret_cast<__m256i const*>(from));
    }
    /// The codes at such a place of their words, less their zeros.
    [[gnu::target("avx2,fma")]] static __m256 number_at(int place, __m256i words, float const* offsets) {
        __m256i const code = _mm256_and_si256(words, _mm256_set1_epi32(15 << (4 * place)));
        __m256i const power = _mm256_set1_epi32((150 - 4 * place) << 23);
        return _mm256_sub_ps(_mm256_castsi256_ps(_mm256_or_si256(code, power)),
                             _mm256_loadu_ps(offsets + place * int4_columns));
    }
    /// 2^(23 - 4 place) plus the zeros: exact.
    [[gnu::target("avx2,fma")]] static void offsets_of(int4_panel const& p, index at, float* offsets) {
        for (int place = 0; place < places; ++place)
            for (int v = 0; v < vectors; ++v) {
                __m256 zero = _mm256_set1_ps(8);
                if (p.zeros)
                    zero = _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(
                        _mm_loadl_epi64(reinterpret_cast<__m128i const*>(p.zeros + at + 8 * v))));
                _mm256_storeu_ps(offsets + place * int4_columns + 8 * v,
                                 _mm256_add_ps(_mm256_set1_ps(float(1 << (23 - 4 * place))), zero));
            }
    }
};

}  // namespace descent::quantize::detail

#endif
