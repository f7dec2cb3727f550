// SPDX-License-Identifier: MIT
#pragma once

#include <cstring>
#include <utility>

#include <descent/quantize/detail/add_products.hpp>
#include <descent/quantize/detail/int8_kernels.hpp>

#if DESCENT_VECTOR_EXTENSIONS && defined(__x86_64__)
#include <immintrin.h>

namespace descent::quantize::detail {

/// AVX-512 VNNI: 64 products and 16 sums an instruction. Two of them a cycle want some 10 sums that wait for
/// none of the others, and a number of the samples, loaded, for more than one panel. (Forms with a mask where
/// one would do without: g++ 12 warns of what those of its own headers leave open.)
struct int8_rows_vnni {
    using code = std::uint8_t;
    static constexpr index group = 4;
    static constexpr int zero = 128;

    static void multiply(int8_product const& p) {
        index panel = 0;
        for (; p.count == 1 && panel < p.panels; ++panel)
            one_row(p, panel);
        for (; p.count > 0 && p.count <= few && panel + 4 <= p.panels; panel += 4)
            some_rows<4>(std::make_integer_sequence<int, few>{}, p.count, p, panel, 0);
        for (; panel + 2 <= p.panels; panel += 2)
            all_rows<2>(p, panel);
        if (panel < p.panels)
            all_rows<1>(p, panel);
    }

    [[gnu::target("avx512f,avx512bw,avx512vl,avx512vnni")]] static float encode(float const* x, index count,
                                                                                void* to, index room) {
        auto* const codes = static_cast<code*>(to);
        __m512i const magnitude = _mm512_set1_epi32(0x7fffffff);
        __m512i largest[4] = {};
        index i = 0;
        for (; i + 64 <= count; i += 64)
#pragma GCC unroll 4
            for (int k = 0; k < 4; ++k)
                largest[k] = max(largest[k], _mm512_and_si512(_mm512_loadu_si512(x + i + 16 * k), magnitude));
        for (; i < count; i += 16)
            largest[0] =
                max(largest[0], _mm512_and_si512(_mm512_castps_si512(some(x + i, count - i)), magnitude));
        row_scale const row{largest_of(max(max(largest[0], largest[1]), max(largest[2], largest[3])))};
        __m512 const inverse = _mm512_set1_ps(row.inverse);
        index const whole = row.inverse > 0 ? count / 64 * 64 : 0;
        for (i = 0; i < whole; i += 64) {
            __m512i part[4];
#pragma GCC unroll 4
            for (int k = 0; k < 4; ++k)
                part[k] = rounded(_mm512_loadu_ps(x + i + 16 * k), inverse);
            put(part, codes + i);
        }
        for (; i < room; i += 64) {
            __m512i part[4];
#pragma GCC unroll 4
            for (int k = 0; k < 4; ++k)
                part[k] = rounded(some(x + i + 16 * k, row.inverse > 0 ? count - i - 16 * k : 0), inverse);
            put(part, codes + i);
        }
        return row.scale;
    }

private:
    static constexpr int most = 12, few = 6;  ///< rows of a tile of two panels, of four
    static constexpr __mmask16 every = 0xffff;

    /// A tile of so many rows, one of 1 .. the sequence's length.
    template <int panels, int... I>
    static void some_rows(std::integer_sequence<int, I...>, index count, int8_product const& p, index panel,
                          index row) {
        using tile_of = void (*)(int8_product const&, index, index);
        static constexpr tile_of tiles[] = {tile<I + 1, panels>...};
        tiles[count - 1](p, panel, row);
    }

    template <int panels>
    static void all_rows(int8_product const& p, index panel) {
        index const count = (p.count + most - 1) / most;
        for (index t = 0; t < count; ++t) {
            index const row = t * p.count / count, end = (t + 1) * p.count / count;
            some_rows<panels>(std::make_integer_sequence<int, most>{}, end - row, p, panel, row);
        }
    }

    /// A group of the depth.
    template <int R, int C>
    [[gnu::target("avx512f,avx512bw,avx512vl,avx512vnni"), gnu::always_inline]] static inline void turn(
        __m512i (&sums)[R * C], code const* (&a)[(R + 2) / 3], index stride, std::int8_t const*& b,
        std::int8_t const*& last, index far) {
        __m512i weights[C];
#pragma GCC unroll 4
        for (int c = 0; c < C; ++c)
            weights[c] = _mm512_loadu_si512(c == 3 ? last : b + c * far);
#pragma GCC unroll 12
        for (int r = 0; r < R; ++r) {
            std::int32_t quad;
            std::memcpy(&quad, a[r / 3] + r % 3 * stride, sizeof quad);
            __m512i const bytes = _mm512_set1_epi32(quad);
#pragma GCC unroll 4
            for (int c = 0; c < C; ++c)
                add_products(sums[r * C + c], bytes, weights[c]);
        }
#pragma GCC unroll 4
        for (int q = 0; 3 * q < R; ++q)
            a[q] += group;
        b += group * panel_columns, last += group * panel_columns;
    }

    template <int R, int C>
    [[gnu::target("avx512f,avx512bw,avx512vl,avx512vnni")]] static void tile(int8_product const& p, index panel,
                                                                             index row) {
        __m512i sums[R * C];
#pragma GCC unroll 24
        for (int i = 0; i < R * C; ++i)
            sums[i] = _mm512_loadu_si512(p.start + (panel + i % C) * panel_columns);
        index const stride = p.stride, far = panel_columns * p.depth;
        // An address reaches a few rows from one pointer: so few pointers that registers hold them.
        code const* a[(R + 2) / 3];
#pragma GCC unroll 4
        for (int q = 0; 3 * q < R; ++q)
            a[q] = static_cast<code const*>(p.a) + (row + 3 * q) * stride;
        std::int8_t const *b = p.b + panel * far, *last = b + 3 * far;
        if constexpr (R * C > 2 * 4) {
#pragma GCC unroll 2
            for (index k = p.depth; k > 0; k -= group)
                turn<R, C>(sums, a, stride, b, last, far);
        } else {  // these wait for weights from afar: two groups a turn are slower
            for (index k = p.depth; k > 0; k -= group)
                turn<R, C>(sums, a, stride, b, last, far);
        }
        finish<R, C>(p, panel, row, sums);
    }

    /// One sample reads every weight once: one stream, which prefetching follows best, into sums enough not to
    /// wait.
    [[gnu::target("avx512f,avx512bw,avx512vl,avx512vnni")]] static void one_row(int8_product const& p,
                                                                                index panel) {
        constexpr int waits = 8;
        __m512i sums[waits] = {_mm512_loadu_si512(p.start + panel * panel_columns)};
        auto const* const a = static_cast<code const*>(p.a);
        std::int8_t const* const b = p.b + panel * panel_columns * p.depth;
        index k = 0;
        for (; k + waits * group <= p.depth; k += waits * group)
#pragma GCC unroll 8
            for (int i = 0; i < waits; ++i)
                add_group(sums[i], a, b, k + i * group);
        for (; k < p.depth; k += group)
            add_group(sums[0], a, b, k);
#pragma GCC unroll 8
        for (int i = 1; i < waits; ++i)
            sums[0] = _mm512_add_epi32(sums[0], sums[i]);
        finish<1, 1>(p, panel, 0, sums);
    }

    [[gnu::target("avx512f,avx512bw,avx512vl,avx512vnni"), gnu::always_inline]] static inline void add_group(
        __m512i& sum, code const* a, std::int8_t const* b, index k) {
        std::int32_t quad;
        std::memcpy(&quad, a + k, sizeof quad);
        add_products(sum, _mm512_set1_epi32(quad), _mm512_loadu_si512(b + k * panel_columns));
    }

    /// Scales a tile's sums back and adds the bias.
    template <int R, int C, std::size_t n>
    [[gnu::target("avx512f,avx512bw,avx512vl,avx512vnni"), gnu::always_inline]] static inline void finish(
        int8_product const& p, index panel, index row, __m512i (&sums)[n]) {
        index const first = panel * panel_columns;
        __m512 columns[C], bias[C];
        __mmask16 live[C];
#pragma GCC unroll 4
        for (int c = 0; c < C; ++c) {
            columns[c] = _mm512_loadu_ps(p.columns + first + c * panel_columns);
            bias[c] = _mm512_loadu_ps(p.bias + first + c * panel_columns);
            live[c] = mask(p.live - first - c * panel_columns);
        }
        float* y = p.y + row * p.width + first;
        float const* const rows = p.rows + row;
        index const width = p.width;
#pragma GCC unroll 12
        for (int r = 0; r < R; ++r, y += width) {
            __m512 const factor = _mm512_set1_ps(rows[r]);
#pragma GCC unroll 4
            for (int c = 0; c < C; ++c)
                _mm512_mask_storeu_ps(y + c * panel_columns, live[c],
                                      _mm512_fmadd_ps(_mm512_maskz_cvtepi32_ps(every, sums[r * C + c]),
                                                      _mm512_mul_ps(factor, columns[c]), bias[c]));
        }
    }

    static __mmask16 mask(index count) {
        return count >= panel_columns ? every : count > 0 ? __mmask16((1u << count) - 1) : __mmask16(0);
    }
    /// `count` numbers, at most 16, and zeros.
    [[gnu::target("avx512f")]] static __m512 some(float const* x, index count) {
        return _mm512_maskz_loadu_ps(mask(count), x);
    }
    [[gnu::target("avx512f")]] static __m512i max(__m512i a, __m512i b) {
        return _mm512_maskz_max_epi32(every, a, b);
    }
    [[gnu::target("avx512f,avx512vl")]] static std::uint32_t largest_of(__m512i v) {
        __m256i const half = _mm256_max_epi32(_mm512_maskz_extracti64x4_epi64(__mmask8(0xff), v, 0),
                                              _mm512_maskz_extracti64x4_epi64(__mmask8(0xff), v, 1));
        __m128i part = _mm_max_epi32(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
        part = _mm_max_epi32(part, _mm_shuffle_epi32(part, 0x4e));
        part = _mm_max_epi32(part, _mm_shuffle_epi32(part, 0xb1));
        return std::uint32_t(_mm_cvtsi128_si32(part));
    }
    [[gnu::target("avx512f")]] static __m512i rounded(__m512 x, __m512 inverse) {
        return _mm512_maskz_cvtps_epi32(every, _mm512_mul_ps(x, inverse));
    }
    /// 64 codes.
    [[gnu::target("avx512f,avx512bw")]] static void put(__m512i const* part, code* to) {
        // packs goes by quarters of a register.
        __m512i const order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15),
                      packed = _mm512_packs_epi16(_mm512_packs_epi32(part[0], part[1]),
                                                  _mm512_packs_epi32(part[2], part[3]));
        _mm512_storeu_si512(to, _mm512_xor_si512(_mm512_maskz_permutexvar_epi32(every, order, packed),
                                                 _mm512_set1_epi8(char(zero))));
    }
};

}  // namespace descent::quantize::detail

#endif
