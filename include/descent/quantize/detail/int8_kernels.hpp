// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

#include <descent/core/config.hpp>
#include <descent/core/pack.hpp>
#include <descent/core/tensor.hpp>

#if DESCENT_VECTOR_EXTENSIONS && defined(__x86_64__)
#include <immintrin.h>
#endif

// Sums of products of 8-bit numbers in 32 bits, exactly: what a quantized layer is made of. Weights lie in
// panels of 16 columns, two rows of the depth beside each other, so that one instruction multiplies 16-bit
// numbers, adds neighbours and keeps 32 bits. Its AVX2 form is compiled whatever the flags are, and chosen when
// the program runs.
namespace descent::quantize::detail {

/// Columns of a panel.
inline constexpr index panel_columns = 16;

/// Numbers of a panel for one pair of rows.
inline constexpr index pair_numbers = 2 * panel_columns;

/// What a quantized layer needs of a processor.
struct int8_kernels {
    /// Rows at most.
    static constexpr int rows = 6;

    /// y[r][c] = sum over pairs k of (a[r][2 k] b[k][c][0] + a[r][2 k + 1] b[k][c][1]), times rows[r]
    /// columns[c], plus bias[c], for R rows of a and y, `stride` and `width` numbers apart, and the 16 columns
    /// of a panel.
    struct tile_of {
        std::int16_t const* a;
        index stride;
        std::int8_t const* b;
        index pairs;
        float const *rows, *columns, *bias;
        float* y;
        index width;
    };
    using tile = void (*)(tile_of const&);
    tile tiles[rows + 1];

    /// The codes of a row: x over its scale, rounded to the even one half-way, zeros behind them up to `room`.
    /// The scale is a 127th of the largest |x|, 0 where that is below 2^-120; NaN for a row with Inf or NaN.
    float (*encode)(float const* x, index count, std::int16_t* codes, index room);
};

/// A row's scale from the bits of its largest |x|, and what numbers are multiplied by.
struct row_scale {
    float scale = 0, inverse = 0;
    explicit row_scale(std::uint32_t largest) {
        if (largest >= 0x7f800000u)
            scale = std::numeric_limits<float>::quiet_NaN();
        else if (largest >= 0x03800000u)  // 2^-120: 127 over less is no number
            scale = from_bits<float>(largest) / 127, inverse = 127 / from_bits<float>(largest);
    }
};

/// The plain form, for every processor: the reference of the others.
struct int8_portable {
    template <int R>
    static void tile(int8_kernels::tile_of const& t) {
        for (int r = 0; r < R; ++r) {
            std::int16_t const* const a = t.a + r * t.stride;
            std::int32_t sums[panel_columns] = {};
            for (index k = 0; k < t.pairs; ++k)
                for (index c = 0; c < panel_columns; ++c)
                    sums[c] += std::int32_t(a[2 * k]) * t.b[k * pair_numbers + 2 * c] +
                               std::int32_t(a[2 * k + 1]) * t.b[k * pair_numbers + 2 * c + 1];
            for (index c = 0; c < panel_columns; ++c)
                t.y[r * t.width + c] = float(sums[c]) * (t.rows[r] * t.columns[c]) + t.bias[c];
        }
    }
    static float encode(float const* x, index count, std::int16_t* codes, index room) {
        std::uint32_t largest = 0;
        for (index i = 0; i < count; ++i)
            largest = std::max(largest, to_bits(x[i]) & 0x7fffffffu);
        row_scale const row(largest);
        for (index i = 0; i < room; ++i)
            codes[i] = std::int16_t(i < count && row.inverse > 0 ? std::nearbyint(x[i] * row.inverse) : 0);
        return row.scale;
    }
};

#if DESCENT_VECTOR_EXTENSIONS && defined(__x86_64__)

/// AVX2: 16 products and 8 sums an instruction.
struct int8_avx2 {
    template <int R>
    [[gnu::target("avx2")]] static void tile(int8_kernels::tile_of const& t) {
        __m256i left[R], right[R];
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r)
            left[r] = right[r] = _mm256_setzero_si256();
        std::int16_t const* DESCENT_RESTRICT a = t.a;
        std::int8_t const* DESCENT_RESTRICT b = t.b;
        index const stride = t.stride;
        for (index k = t.pairs; k > 0; --k, a += 2, b += pair_numbers) {
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
        finish(R, sums, t);
    }

    [[gnu::target("avx2")]] static float encode(float const* x, index count, std::int16_t* codes, index room) {
        __m256i const magnitude = _mm256_set1_epi32(0x7fffffff);
        __m256i most = _mm256_setzero_si256(), others = most;
        index i = 0;
        for (; i + 16 <= count; i += 16) {
            most = _mm256_max_epi32(most, _mm256_and_si256(load(x + i), magnitude));
            others = _mm256_max_epi32(others, _mm256_and_si256(load(x + i + 8), magnitude));
        }
        most = _mm256_max_epi32(most, others);
        alignas(32) std::uint32_t lanes[8];
        store(lanes, most);
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
        for (; i < room; ++i)
            codes[i] = std::int16_t(i < count && row.inverse > 0 ? std::nearbyint(x[i] * row.inverse) : 0);
        return row.scale;
    }

private:
    [[gnu::target("avx2")]] static __m256i load(void const* from) {
        return _mm256_loadu_si256(static_cast<__m256i const*>(from));
    }
    [[gnu::target("avx2")]] static void store(void* to, __m256i value) {
        _mm256_storeu_si256(static_cast<__m256i*>(to), value);
    }
    // A function of its own: else g++ keeps the sums in memory, or moves them at every turn.
    [[gnu::target("avx2"), gnu::noinline]] static void finish(int rows, std::int32_t const* sums,
                                                              int8_kernels::tile_of const& t) {
        for (int r = 0; r < rows; ++r) {
            __m256 const row = _mm256_set1_ps(t.rows[r]);
            for (index c = 0; c < panel_columns; c += 8) {
                __m256 const scale = _mm256_mul_ps(row, _mm256_loadu_ps(t.columns + c));
                __m256 const sum = _mm256_cvtepi32_ps(load(sums + r * panel_columns + c));
                _mm256_storeu_ps(t.y + r * t.width + c,
                                 _mm256_add_ps(_mm256_mul_ps(sum, scale), _mm256_loadu_ps(t.bias + c)));
            }
        }
    }
    /// 16 numbers as 16 bits each.
    [[gnu::target("avx2")]] static __m256i words(std::int8_t const* from) {
        return _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<__m128i const*>(from)));
    }
};

#endif

template <class Form>
inline constexpr int8_kernels int8_kernels_of = {
    {nullptr, Form::template tile<1>, Form::template tile<2>, Form::template tile<3>, Form::template tile<4>,
     Form::template tile<5>, Form::template tile<6>},
    Form::encode};

/// The fastest that this processor has.
inline int8_kernels const& best_int8_kernels() {
#if DESCENT_VECTOR_EXTENSIONS && defined(__x86_64__)
    if (__builtin_cpu_supports("avx2"))
        return int8_kernels_of<int8_avx2>;
#endif
    return int8_kernels_of<int8_portable>;
}

}  // namespace descent::quantize::detail
