// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstring>
#include <utility>

#include <descent/quantize/detail/add_products.hpp>
#include <descent/quantize/detail/int8_block.hpp>

#if DESCENT_VECTOR_EXTENSIONS && defined(__x86_64__)
#include <immintrin.h>

namespace descent::quantize::detail {

/// AVX-512 VNNI: 64 products and 16 sums an instruction. Winograd's products need 16 bits, of which an
/// instruction multiplies half as many: 16 of them for 36 save a ninth, less than turning costs. (Forms with a
/// mask where one would do without: g++ 12 warns of what those of its own headers leave open.)
struct int8_quads_vnni {
    /// Places of a tile of two panels, of one: sums enough to wait for none of them.
    static constexpr int most = 12, more = 16;

    static void convolve(int8_block const& b) {
        index panel = 0;
        for (; panel + 2 <= b.panels; panel += 2)
            all_places<2>(b, panel, std::make_integer_sequence<int, most>{});
        if (panel < b.panels)
            all_places<1>(b, panel, std::make_integer_sequence<int, more>{});
    }

    [[gnu::target("avx512f,avx512bw,avx512vl,avx512vnni")]] static bool encode(float const* x, index n,
                                                                               void* codes,
                                                                               int8_encoding const& by) {
        auto* const to = static_cast<std::uint8_t*>(codes);
        __m512 const inverse = _mm512_set1_ps(by.inverse), low = _mm512_set1_ps(by.low),
                     high = _mm512_set1_ps(by.high);
        __m512i const zero = _mm512_set1_epi32(by.zero), magnitude = _mm512_set1_epi32(0x7fffffff);
        __m512i worst = _mm512_setzero_si512();
        index i = 0;
        for (; i + 16 <= n; i += 16) {
            __m512 v = _mm512_loadu_ps(x + i);
            worst = _mm512_maskz_max_epi32(every, worst, _mm512_and_si512(_mm512_castps_si512(v), magnitude));
            v = _mm512_maskz_max_ps(every, _mm512_mul_ps(v, inverse), low);
            v = _mm512_maskz_min_ps(every, v, high);
            _mm512_mask_cvtepi32_storeu_epi8(to + i, every,
                                             _mm512_add_epi32(_mm512_maskz_cvtps_epi32(every, v), zero));
        }
        bool const fine = _mm512_cmpgt_epi32_mask(worst, _mm512_set1_epi32(0x7f7fffff)) == 0;
        return int8_plain_quads::encode(x + i, n - i, to + i, by) && fine;
    }

private:
    static constexpr __mmask16 every = 0xffff;

    template <int panels, int... I>
    static void all_places(int8_block const& b, index panel, std::integer_sequence<int, I...>) {
        using tile_of = void (*)(int8_block const&, index, index, index);
        static constexpr tile_of tiles[] = {tile<I + 1, panels>...};
        // Tiles of one size, or of two.
        constexpr index at_most = sizeof...(I);
        index const count = (b.places + at_most - 1) / at_most;
        for (index row = 0; row < b.rows; ++row)
            for (index t = 0; t < count; ++t) {
                index const place = t * b.places / count, end = (t + 1) * b.places / count;
                tiles[end - place - 1](b, panel, row, place);
            }
    }

    template <int P, int C>
    [[gnu::target("avx512f,avx512bw,avx512vl,avx512vnni")]] static void tile(int8_block const& b, index panel,
                                                                             index row, index place) {
        index const channel = panel * panel_columns, step = b.x_place, far = panel_columns * b.depth();
        __m512i sums[P * C];
#pragma GCC unroll 24
        for (int i = 0; i < P * C; ++i)
            sums[i] = _mm512_loadu_si512(b.start + channel + i % C * panel_columns);
        auto const* w = static_cast<std::int8_t const*>(b.weights) + panel * far;
        auto const* const first = static_cast<std::uint8_t const*>(b.x) + row * b.x_row + place * step;
        for (index k = 0; k < b.run_count; ++k) {
            // An address reaches a few places from one pointer: so few pointers that registers hold them.
            std::uint8_t const* x[(P + 2) / 3];
#pragma GCC unroll 6
            for (int q = 0; 3 * q < P; ++q)
                x[q] = first + b.runs[k] + 3 * q * step;
            for (index i = b.run; i > 0; i -= 4, w += 4 * panel_columns) {
                __m512i weights[C];
#pragma GCC unroll 2
                for (int c = 0; c < C; ++c)
                    weights[c] = _mm512_loadu_si512(w + c * far);
#pragma GCC unroll 16
                for (int p = 0; p < P; ++p) {
                    std::int32_t quad;
                    std::memcpy(&quad, x[p / 3] + p % 3 * step, sizeof quad);
                    __m512i const bytes = _mm512_set1_epi32(quad);
#pragma GCC unroll 2
                    for (int c = 0; c < C; ++c)
                        add_products(sums[p * C + c], bytes, weights[c]);
                }
#pragma GCC unroll 6
                for (int q = 0; 3 * q < P; ++q)
                    x[q] += 4;
            }
        }
        alignas(64) std::int32_t out[P * C * panel_columns];
#pragma GCC unroll 24
        for (int i = 0; i < P * C; ++i)
            _mm512_store_si512(out + i * panel_columns, sums[i]);
        for (int c = 0; c < C; ++c)
            finish(b, channel + c * panel_columns, row, place, P, C * panel_columns, out + c * panel_columns);
    }

    /// What the sums of some places, `far` numbers apart, become, channels from `first` on.
    [[gnu::target("avx512f,avx512bw,avx512vl,avx512vnni"), gnu::noinline]] static void finish(
        int8_block const& b, index first, index row, index place, index places, index far,
        std::int32_t const* sums) {
        index const live = std::min(panel_columns, b.channels - first);
        __mmask16 const mask = live < panel_columns ? __mmask16((1u << live) - 1) : every;
        __m512 const scale = _mm512_loadu_ps(b.scale + first);
        index to = row * b.y_row + place * b.y_place + first;
        if (b.scores) {
            for (index p = 0; p < places; ++p, sums += far, to += b.y_place)
                _mm512_mask_storeu_ps(
                    b.scores + to, mask,
                    _mm512_mul_ps(_mm512_maskz_cvtepi32_ps(every, _mm512_load_si512(sums)), scale));
            return;
        }
        __m512 const low = _mm512_set1_ps(b.low), high = _mm512_set1_ps(b.high),
                     beside_scale = _mm512_set1_ps(b.beside_scale), steps = _mm512_set1_ps(fine_codes);
        __m512i const zero = _mm512_set1_epi32(b.zero);
        index beside = row * b.beside_row + place * b.beside_place + first,
              fine = row * b.fine_row + place * b.fine_place + first;
        for (index p = 0; p < places;
             ++p, sums += far, to += b.y_place, beside += b.beside_place, fine += b.fine_place) {
            __m512 v = _mm512_mul_ps(_mm512_maskz_cvtepi32_ps(every, _mm512_load_si512(sums)), scale);
            if (b.beside) {
                __m256i const codes = _mm256_maskz_loadu_epi16(mask, b.beside + beside);
                v = _mm512_fmadd_ps(_mm512_maskz_cvtepi32_ps(every, _mm512_maskz_cvtepi16_epi32(every, codes)),
                                    beside_scale, v);
            }
            v = _mm512_maskz_min_ps(every, _mm512_maskz_max_ps(every, v, low), high);
            if (b.y) {
                __m128i const codes = _mm512_maskz_cvtepi32_epi8(
                    every, _mm512_add_epi32(_mm512_maskz_cvtps_epi32(every, v), zero));
                _mm_mask_storeu_epi8(static_cast<std::uint8_t*>(b.y) + to, mask, codes);
            }
            if (b.fine)
                _mm256_mask_storeu_epi16(b.fine + fine, mask,
                                         _mm512_maskz_cvtepi32_epi16(
                                             every, _mm512_maskz_cvtps_epi32(every, _mm512_mul_ps(v, steps))));
        }
    }
};

}  // namespace descent::quantize::detail

#endif
