// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include <descent/core/config.hpp>
#include <descent/core/tensor.hpp>
#include <descent/quantize/detail/slices.hpp>

#if DESCENT_VECTOR_EXTENSIONS && defined(__x86_64__)
#include <immintrin.h>
#endif

// Sums of products of numbers that are -1, 1 (one bit) or -1, 0, 1 (two bits) by counting bits, exactly.
// Weights lie in panels of 8 columns: word k of each of them beside the others, so that one instruction counts
// four of them. The AVX2 form is compiled whatever the flags are, and chosen when the program runs.
namespace descent::quantize::detail {

using bit_word = std::uint64_t;

/// Columns of a panel.
inline constexpr index bit_columns = 8;

/// A bit a number: 1 stands for -1. a b summed over n of them is n - 2 (bits that differ).
struct one_bit {
    static constexpr bool zeros = false;
    static constexpr index planes = 1;
};
/// Two bits a number, in words beside one another: is it not 0, is it -1?
struct two_bits {
    static constexpr bool zeros = true;
    static constexpr index planes = 2;
};

/// What a layer of bits needs of a processor.
struct popcount_kernels {
    /// Rows at most.
    static constexpr int rows = 4;

    /// sums[r][c] = the sum of the products of row r, `stride` words behind the one before, and column c of a
    /// panel, over `count` numbers in `words` words a plane.
    struct tile_of {
        bit_word const* a;
        index stride;
        bit_word const* b;
        index words, count;
        std::int32_t* sums;
    };
    using tile = void (*)(tile_of const&);
    tile tiles[rows + 1];

    /// The bits of a row of `count` numbers, zeros behind them to `words` words a plane. Those whose |x| is
    /// above the threshold are not 0; one bit asks for the sign alone. Tells whether all are numbers.
    bool (*encode)(float const* x, index count, float threshold, bit_word* bits, index words);
};

/// The plain form, for every processor: the reference of the others.
template <class Bits>
struct popcount_portable {
    template <int R>
    static void tile(popcount_kernels::tile_of const& t) {
        for (int r = 0; r < R; ++r)
            for (index c = 0; c < bit_columns; ++c) {
                bit_word const *const a = t.a + r * t.stride, *const b = t.b + c;
                std::int32_t differ = 0, both = 0;
                for (index k = 0; k < t.words; ++k)
                    if constexpr (Bits::zeros) {
                        bit_word const there = a[2 * k] & b[2 * k * bit_columns];
                        both += std::popcount(there);
                        differ += std::popcount(there & (a[2 * k + 1] ^ b[(2 * k + 1) * bit_columns]));
                    } else {
                        differ += std::popcount(a[k] ^ b[k * bit_columns]);
                    }
                t.sums[r * bit_columns + c] = (Bits::zeros ? both : std::int32_t(t.count)) - 2 * differ;
            }
    }
    static bool encode(float const* x, index count, float threshold, bit_word* bits, index words) {
        std::fill_n(bits, words * Bits::planes, bit_word(0));
        return encode_from(0, x, count, threshold, bits);
    }
    /// The numbers behind `first`.
    static bool encode_from(index first, float const* x, index count, float threshold, bit_word* bits) {
        bool known = true;
        for (index i = first; i < count; ++i) {
            bit_word* const word = bits + i / 64 * Bits::planes;
            known = known && x[i] == x[i];
            if constexpr (Bits::zeros)
                word[0] |= bit_word(x[i] > threshold || x[i] < -threshold) << (i % 64);
            word[Bits::planes - 1] |= bit_word(x[i] < 0) << (i % 64);
        }
        return known;
    }
};

#if DESCENT_VECTOR_EXTENSIONS && defined(__x86_64__)

/// AVX2: bits are counted by looking up halves of bytes (Mula, Kurz, Lemire: "Faster population counts using
/// AVX2 instructions", 2018); bytes are summed as long as they hold the sum. Adding words up before counting
/// (Harley, Seal) would save a sixth of the instructions at best at the 16 words of 1024 numbers.
template <class Bits>
struct popcount_avx2 {
    template <int R>
    [[gnu::target("avx2")]] static void tile(popcount_kernels::tile_of const& t) {
        __m256i left[R], right[R];
#pragma GCC unroll 4
        for (int r = 0; r < R; ++r)
            left[r] = right[r] = _mm256_setzero_si256();
        bit_word const *a = t.a, *b = t.b;
        index const stride = t.stride;
        // A word adds 8 at most to a byte, with zeros 16.
        constexpr index most = Bits::zeros ? 15 : 31;
        for (index rest = t.words; rest > 0; rest -= most) {
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
        alignas(32) std::int64_t sums[bit_columns];
#pragma GCC unroll 4
        for (int r = 0; r < R; ++r) {
            _mm256_store_si256(reinterpret_cast<__m256i*>(sums), left[r]);
            _mm256_store_si256(reinterpret_cast<__m256i*>(sums + 4), right[r]);
            for (index c = 0; c < bit_columns; ++c)
                t.sums[r * bit_columns + c] =
                    std::int32_t(Bits::zeros ? sums[c] - 64 * t.words : t.count - 2 * sums[c]);
        }
    }

    [[gnu::target("avx2")]] static bool encode(float const* x, index count, float threshold, bit_word* bits,
                                               index words) {
        std::fill_n(bits, words * Bits::planes, bit_word(0));
        __m256 const zero = _mm256_setzero_ps(), above = _mm256_set1_ps(threshold);
        __m256 const below = _mm256_sub_ps(zero, above);
        int unknown = 0;
        index i = 0;
        for (; i + 8 <= count; i += 8) {
            __m256 const v = _mm256_loadu_ps(x + i);
            bit_word* const word = bits + i / 64 * Bits::planes;
            unknown |= _mm256_movemask_ps(_mm256_cmp_ps(v, v, _CMP_UNORD_Q));
            if constexpr (Bits::zeros) {
                __m256 const there =
                    _mm256_or_ps(_mm256_cmp_ps(v, above, _CMP_GT_OQ), _mm256_cmp_ps(v, below, _CMP_LT_OQ));
                word[0] |= bit_word(unsigned(_mm256_movemask_ps(there))) << (i % 64);
            }
            word[Bits::planes - 1] |= bit_word(unsigned(_mm256_movemask_ps(_mm256_cmp_ps(v, zero, _CMP_LT_OQ))))
                                      << (i % 64);
        }
        bool const rest = popcount_portable<Bits>::encode_from(i, x, count, threshold, bits);
        return rest && unknown == 0;
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

#endif

template <class Form>
inline constexpr popcount_kernels popcount_kernels_of = {
    {nullptr, Form::template tile<1>, Form::template tile<2>, Form::template tile<3>, Form::template tile<4>},
    Form::encode};

/// The fastest that this processor has.
template <class Bits>
popcount_kernels const& best_popcount_kernels() {
#if DESCENT_VECTOR_EXTENSIONS && defined(__x86_64__)
    if (__builtin_cpu_supports("avx2"))
        return popcount_kernels_of<popcount_avx2<Bits>>;
#endif
    return popcount_kernels_of<popcount_portable<Bits>>;
}

}  // namespace descent::quantize::detail
