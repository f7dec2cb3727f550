// SPDX-License-Identifier: MIT
#pragma once

#include <descent/quantize/detail/int4_panel.hpp>

#if DESCENT_VECTOR_EXTENSIONS && defined(__x86_64__)
#include <immintrin.h>

namespace descent::quantize::detail {

/// AVX2 and FMA: 8 outputs an instruction. A code is masked, made a number and rid of its zero before it is
/// multiplied, so that weights of 0 add nothing; shifting words along costs one instruction for each code.
struct int4_avx2 {
    [[gnu::target("avx2,fma")]] static void row(int4_panel const& p, float const* x, float* sums) {
        constexpr int vectors = 4, parts = 2;  // sums enough to wait for none of them
        __m256 all[vectors];
#pragma GCC unroll 4
        for (int v = 0; v < vectors; ++v)
            all[v] = _mm256_setzero_ps();
        std::uint32_t const* DESCENT_RESTRICT words = p.words;
        for (index b = 0; b < p.blocks;) {
            index const at = b / p.group * int4_columns, end = p.end_of_group(b);
            __m256 zero[vectors], part[vectors * parts];
#pragma GCC unroll 4
            for (int v = 0; v < vectors; ++v) {
                zero[v] = zeros_of(p, at + 8 * v);
                part[v] = part[vectors + v] = _mm256_setzero_ps();
            }
            for (; b < end; ++b, words += int4_columns, x += int4_inputs) {
                __m256i codes[vectors];
#pragma GCC unroll 4
                for (int v = 0; v < vectors; ++v)
                    codes[v] = load(words + 8 * v);
#pragma GCC unroll 8
                for (int j = 0; j < int4_inputs; ++j) {
                    __m256 const number = _mm256_broadcast_ss(x + j);
#pragma GCC unroll 4
                    for (int v = 0; v < vectors; ++v) {
                        __m256& sum = part[j % parts * vectors + v];
                        sum = _mm256_fmadd_ps(_mm256_sub_ps(lowest(codes[v]), zero[v]), number, sum);
                        codes[v] = _mm256_srli_epi32(codes[v], 4);
                    }
                }
            }
#pragma GCC unroll 4
            for (int v = 0; v < vectors; ++v)
                all[v] = _mm256_fmadd_ps(_mm256_add_ps(part[v], part[vectors + v]),
                                         _mm256_loadu_ps(p.scales + at + 8 * v), all[v]);
        }
#pragma GCC unroll 4
        for (int v = 0; v < vectors; ++v)
            _mm256_storeu_ps(sums + 8 * v, all[v]);
    }

    [[gnu::target("avx2,fma")]] static void spread(int4_panel const& p, index first, index count,
                                                   float* numbers) {
        constexpr int vectors = 4;
        std::uint32_t const* DESCENT_RESTRICT words = p.words + first * int4_columns;
        for (index b = first; b < first + count;) {
            index const at = b / p.group * int4_columns, end = std::min(first + count, p.end_of_group(b));
            __m256 zero[vectors], scale[vectors];
#pragma GCC unroll 4
            for (int v = 0; v < vectors; ++v) {
                zero[v] = zeros_of(p, at + 8 * v);
                scale[v] = _mm256_loadu_ps(p.scales + at + 8 * v);
            }
            for (; b < end; ++b, words += int4_columns)
#pragma GCC unroll 4
                for (int v = 0; v < vectors; ++v) {
                    __m256i codes = load(words + 8 * v);
#pragma GCC unroll 8
                    for (int j = 0; j < int4_inputs; ++j) {
                        _mm256_storeu_ps(numbers + ((b - first) * int4_inputs + j) * int4_columns + 8 * v,
                                         _mm256_mul_ps(_mm256_sub_ps(lowest(codes), zero[v]), scale[v]));
                        codes = _mm256_srli_epi32(codes, 4);
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
    /// The codes in the lowest bits.
    [[gnu::target("avx2,fma")]] static __m256 lowest(__m256i words) {
        return _mm256_cvtepi32_ps(_mm256_and_si256(words, _mm256_set1_epi32(15)));
    }
    [[gnu::target("avx2,fma")]] static __m256 zeros_of(int4_panel const& p, index at) {
        if (!p.zeros)
            return _mm256_set1_ps(8);
        return _mm256_cvtepi32_ps(
            _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<__m128i const*>(p.zeros + at))));
    }
};

}  // namespace descent::quantize::detail

#endif
