// SPDX-License-Identifier: MIT
#pragma once

#include <cstring>

#include <descent/quantize/detail/int8_block.hpp>

#if DESCENT_VECTOR_EXTENSIONS && defined(__x86_64__)
#include <immintrin.h>

namespace descent::quantize::detail {

/// AVX-512 VNNI: 64 products and 16 sums an instruction. (Forms with a mask where one would do without: g++ 12
/// warns of what those of its own headers leave open.)
struct int8_quads_vnni {
    static constexpr index most = 12;  ///< places of a tile: sums enough to wait for none of them

    template <int P>
    [[gnu::target("avx512f,avx512bw,avx512vl,avx512vnni")]] static void tile(int8_block const& b, index panel,
                                                                             index row, index place) {
        index const channel = panel * panel_columns, step = b.x_place;
        __m512i sums[P];
        __m512i const first = _mm512_loadu_si512(b.start + channel);
#pragma GCC unroll 12
        for (int p = 0; p < P; ++p)
            sums[p] = first;
        auto const* DESCENT_RESTRICT w = static_cast<std::int8_t const*>(b.weights) + channel * b.depth();
        for (index k = 0; k < b.run_count; ++k) {
            auto const* DESCENT_RESTRICT x =
                static_cast<std::uint8_t const*>(b.x) + row * b.x_row + place * step + b.runs[k];
            for (index i = b.run; i > 0; i -= 4, x += 4, w += 4 * panel_columns) {
                __m512i const weights = _mm512_loadu_si512(w);
#pragma GCC unroll 12
                for (int p = 0; p < P; ++p) {
                    std::int32_t quad;
                    std::memcpy(&quad, x + p * step, sizeof quad);
                    sums[p] = _mm512_dpbusd_epi32(sums[p], _mm512_set1_epi32(quad), weights);
                }
            }
        }
        index const live = std::min(panel_columns, b.channels - channel);
        auto const mask = __mmask16((1u << live) - 1);
        __m512 const scale = _mm512_loadu_ps(b.scale + channel), low = _mm512_set1_ps(b.low),
                     high = _mm512_set1_ps(b.high), beside_scale = _mm512_set1_ps(b.beside_scale),
                     steps = _mm512_set1_ps(fine_codes);
        __m512i const zero = _mm512_set1_epi32(b.zero);
        index const to = row * b.y_row + place * b.y_place + channel;
        index const fine = row * b.fine_row + place * b.fine_place + channel;
        index const from = row * b.beside_row + place * b.beside_place + channel;
#pragma GCC unroll 12
        for (int p = 0; p < P; ++p) {
            __m512 v = _mm512_mul_ps(_mm512_maskz_cvtepi32_ps(mask, sums[p]), scale);
            if (b.scores) {
                _mm512_mask_storeu_ps(b.scores + to + p * b.y_place, mask, v);
                continue;
            }
            if (b.beside) {
                __m256i const codes = _mm256_maskz_loadu_epi16(mask, b.beside + from + p * b.beside_place);
                v = _mm512_fmadd_ps(_mm512_maskz_cvtepi32_ps(mask, _mm512_maskz_cvtepi16_epi32(mask, codes)),
                                    beside_scale, v);
            }
            v = _mm512_maskz_min_ps(mask, _mm512_maskz_max_ps(mask, v, low), high);
            if (b.y)
                _mm512_mask_cvtepi32_storeu_epi8(static_cast<std::uint8_t*>(b.y) + to + p * b.y_place, mask,
                                                 _mm512_add_epi32(_mm512_maskz_cvtps_epi32(mask, v), zero));
            if (b.fine)
                _mm512_mask_cvtepi32_storeu_epi16(b.fine + fine + p * b.fine_place, mask,
                                                  _mm512_maskz_cvtps_epi32(mask, _mm512_mul_ps(v, steps)));
        }
    }

    static void convolve(int8_block const& b) {
        using tile_of = void (*)(int8_block const&, index, index, index);
        static constexpr tile_of tiles[most + 1] = {nullptr,  tile<1>,  tile<2>, tile<3>, tile<4>,
                                                    tile<5>,  tile<6>,  tile<7>, tile<8>, tile<9>,
                                                    tile<10>, tile<11>, tile<12>};
        index const count = (b.places + most - 1) / most;
        for (index panel = 0; panel < b.panels; ++panel)
            for (index row = 0; row < b.rows; ++row)
                for (index t = 0; t < count; ++t) {
                    index const place = t * b.places / count, end = (t + 1) * b.places / count;
                    tiles[end - place](b, panel, row, place);
                }
    }

    [[gnu::target("avx512f,avx512bw,avx512vl,avx512vnni")]] static bool encode(float const* x, index n,
                                                                               void* codes,
                                                                               int8_encoding const& by) {
        auto* const to = static_cast<std::uint8_t*>(codes);
        __m512 const inverse = _mm512_set1_ps(by.inverse), low = _mm512_set1_ps(by.low),
                     high = _mm512_set1_ps(by.high);
        __m512i const zero = _mm512_set1_epi32(by.zero), magnitude = _mm512_set1_epi32(0x7fffffff);
        __m512i worst = _mm512_setzero_si512();
        constexpr __mmask16 all = 0xffff;
        index i = 0;
        for (; i + 16 <= n; i += 16) {
            __m512 v = _mm512_loadu_ps(x + i);
            worst = _mm512_maskz_max_epi32(all, worst, _mm512_and_si512(_mm512_castps_si512(v), magnitude));
            v = _mm512_maskz_max_ps(all, _mm512_mul_ps(v, inverse), low);
            v = _mm512_maskz_min_ps(all, v, high);
            _mm512_mask_cvtepi32_storeu_epi8(to + i, all,
                                             _mm512_add_epi32(_mm512_maskz_cvtps_epi32(all, v), zero));
        }
        bool const fine = _mm512_cmpgt_epi32_mask(worst, _mm512_set1_epi32(0x7f7fffff)) == 0;
        return int8_plain_quads::encode(x + i, n - i, to + i, by) && fine;
    }
};

}  // namespace descent::quantize::detail

#endif
