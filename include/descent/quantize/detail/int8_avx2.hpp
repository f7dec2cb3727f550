// SPDX-License-Identifier: MIT
#pragma once

#include <cstring>

#include <descent/quantize/detail/int8_block.hpp>

#if DESCENT_VECTOR_EXTENSIONS && defined(__x86_64__)
#include <immintrin.h>

namespace descent::quantize::detail {

/// AVX2: 16 products and 8 sums an instruction, exactly: vpmaddubsw, which has twice as many products, rounds
/// sums off at 16 bits, and needs a second multiplication to bring them to 32.
struct int8_pairs_avx2 {
    static constexpr index most = 6;  ///< places of a tile: 12 sums in registers

    template <int P>
    [[gnu::target("avx2,fma")]] static void tile(int8_block const& b, index panel, index row, index place) {
        __m256i left[P], right[P];
        __m256i const first = load(b.start + panel * panel_columns),
                      second = load(b.start + panel * panel_columns + 8);
#pragma GCC unroll 8
        for (int p = 0; p < P; ++p)
            left[p] = first, right[p] = second;
        auto const* DESCENT_RESTRICT w =
            static_cast<std::int16_t const*>(b.weights) + panel * panel_columns * b.depth();
        index const step = b.x_place;
        for (index k = 0; k < b.run_count; ++k) {
            auto const* DESCENT_RESTRICT x =
                static_cast<std::int16_t const*>(b.x) + row * b.x_row + place * step + b.runs[k];
            for (index i = b.run; i > 0; i -= 2, x += 2, w += 2 * panel_columns) {
                __m256i const low = load(w), high = load(w + panel_columns);
#pragma GCC unroll 8
                for (int p = 0; p < P; ++p) {
                    std::int32_t pair;
                    std::memcpy(&pair, x + p * step, sizeof pair);
                    __m256i const number = _mm256_set1_epi32(pair);
                    left[p] = _mm256_add_epi32(left[p], _mm256_madd_epi16(number, low));
                    right[p] = _mm256_add_epi32(right[p], _mm256_madd_epi16(number, high));
                }
            }
        }
        alignas(32) std::int32_t sums[P * panel_columns];
#pragma GCC unroll 8
        for (int p = 0; p < P; ++p) {
            store(sums + p * panel_columns, left[p]);
            store(sums + p * panel_columns + 8, right[p]);
        }
        finish(b, panel * panel_columns, row, place, P, sums);
    }

    static void convolve(int8_block const& b) {
        using tile_of = void (*)(int8_block const&, index, index, index);
        static constexpr tile_of tiles[most + 1] = {nullptr, tile<1>, tile<2>, tile<3>,
                                                    tile<4>, tile<5>, tile<6>};
        // Tiles of one size, or of two: a last one of few places would wait for its loads.
        index const count = (b.places + most - 1) / most;
        for (index panel = 0; panel < b.panels; ++panel)
            for (index row = 0; row < b.rows; ++row)
                for (index t = 0; t < count; ++t) {
                    index const place = t * b.places / count, end = (t + 1) * b.places / count;
                    tiles[end - place](b, panel, row, place);
                }
    }

    [[gnu::target("avx2,fma")]] static bool encode(float const* x, index n, void* codes,
                                                   int8_encoding const& by) {
        auto* const to = static_cast<std::int16_t*>(codes);
        __m256 const inverse = _mm256_set1_ps(by.inverse), low = _mm256_set1_ps(by.low),
                     high = _mm256_set1_ps(by.high);
        __m256i const magnitude = _mm256_set1_epi32(0x7fffffff), infinite = _mm256_set1_epi32(0x7f7fffff);
        __m256i worst = _mm256_setzero_si256();
        index i = 0;
        for (; i + 16 <= n; i += 16) {
            __m256 const a = _mm256_loadu_ps(x + i), b = _mm256_loadu_ps(x + i + 8);
            worst = _mm256_max_epi32(worst, _mm256_and_si256(_mm256_castps_si256(a), magnitude));
            worst = _mm256_max_epi32(worst, _mm256_and_si256(_mm256_castps_si256(b), magnitude));
            store(to + i, narrow(limited(_mm256_mul_ps(a, inverse), low, high),
                                 limited(_mm256_mul_ps(b, inverse), low, high)));
        }
        bool const fine = _mm256_testz_si256(_mm256_cmpgt_epi32(worst, infinite), magnitude);
        return int8_plain_pairs::encode(x + i, n - i, to + i, by) && fine;
    }

    /// What the sums of some places become, channels from `first` on.
    // A function of its own: else g++ keeps the sums in memory, or moves them at every turn.
    [[gnu::target("avx2,fma"), gnu::noinline]] static void finish(int8_block const& b, index first, index row,
                                                                  index place, index places,
                                                                  std::int32_t const* sums) {
        index const live = std::min(panel_columns, b.channels - first);
        if (b.scores || live < panel_columns) {
            for (index p = 0; p < places; ++p)
                int8_plain_pairs::finish(b, first, row, place + p, sums + p * panel_columns);
            return;
        }
        __m256 const scale = _mm256_loadu_ps(b.scale + first), more = _mm256_loadu_ps(b.scale + first + 8);
        __m256 const low = _mm256_set1_ps(b.low), high = _mm256_set1_ps(b.high),
                     beside_scale = _mm256_set1_ps(b.beside_scale), steps = _mm256_set1_ps(fine_codes);
        index y = row * b.y_row + place * b.y_place + first,
              beside = row * b.beside_row + place * b.beside_place + first,
              fine = row * b.fine_row + place * b.fine_place + first;
        for (index p = 0; p < places;
             ++p, sums += panel_columns, y += b.y_place, beside += b.beside_place, fine += b.fine_place) {
            __m256 u = _mm256_mul_ps(_mm256_cvtepi32_ps(load(sums)), scale);
            __m256 v = _mm256_mul_ps(_mm256_cvtepi32_ps(load(sums + 8)), more);
            if (b.beside) {
                __m256i const codes = load(b.beside + beside);
                u = _mm256_fmadd_ps(widened(_mm256_castsi256_si128(codes)), beside_scale, u);
                v = _mm256_fmadd_ps(widened(_mm256_extracti128_si256(codes, 1)), beside_scale, v);
            }
            u = _mm256_min_ps(_mm256_max_ps(u, low), high);
            v = _mm256_min_ps(_mm256_max_ps(v, low), high);
            if (b.y)
                store(static_cast<std::int16_t*>(b.y) + y,
                      narrow(_mm256_cvtps_epi32(u), _mm256_cvtps_epi32(v)));
            if (b.fine)
                store(b.fine + fine, narrow(_mm256_cvtps_epi32(_mm256_mul_ps(u, steps)),
                                            _mm256_cvtps_epi32(_mm256_mul_ps(v, steps))));
        }
    }

private:
    [[gnu::target("avx2,fma")]] static __m256i load(void const* from) {
        return _mm256_loadu_si256(static_cast<__m256i const*>(from));
    }
    [[gnu::target("avx2,fma")]] static void store(void* to, __m256i value) {
        _mm256_storeu_si256(static_cast<__m256i*>(to), value);
    }
    [[gnu::target("avx2,fma")]] static __m256i limited(__m256 v, __m256 low, __m256 high) {
        return _mm256_cvtps_epi32(_mm256_min_ps(_mm256_max_ps(v, low), high));
    }
    /// 16 numbers of 32 bits as such of 16.
    [[gnu::target("avx2,fma")]] static __m256i narrow(__m256i first, __m256i second) {
        return _mm256_permute4x64_epi64(_mm256_packs_epi32(first, second), 0xd8);
    }
    [[gnu::target("avx2,fma")]] static __m256 widened(__m128i codes) {
        return _mm256_cvtepi32_ps(_mm256_cvtepi16_epi32(codes));
    }
};

}  // namespace descent::quantize::detail

#endif
