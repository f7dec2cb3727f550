// SPDX-License-Identifier: MIT
#pragma once

#include <descent/prune/detail/n_of_m_columns.hpp>
#include <descent/prune/detail/n_of_m_rows.hpp>

#if DESCENT_VECTOR_EXTENSIONS && defined(__x86_64__)
#include <immintrin.h>

namespace descent::prune::detail {

/// AVX2, outputs in the lanes.
struct n_of_m_rows_avx2 {
    static constexpr index most = 4;  ///< with both halves of a panel 8 sums in registers

    static index least(index) { return 1; }
    static index wide(index rows) { return rows == 1 ? 4 : rows == 2 ? 2 : 1; }
    static index width(index rows) { return rows; }
    static index window(index of) { return of <= 4 ? 4 : of <= 8 ? 8 : 16; }

    static void pack(n_of_m_pattern const& pattern, float const* x, index rows, index inputs, float* to) {
        (pattern.of <= 4   ? pack_rows<4>
         : pattern.of <= 8 ? pack_rows<8>
                           : pack_rows<16>)(pattern, x, rows, inputs, to);
    }

    static void multiply(n_of_m_tile<float> const& t) {
        using run_of = void (*)(n_of_m_tile<float> const&, index);
        static constexpr run_of runs[3][2][most] = {
            {{run<1, 1, 4>, run<2, 1, 4>, run<3, 1, 4>, run<4, 1, 4>},
             {run<1, 4, 4>, run<2, 2, 4>, run<3, 1, 4>, run<4, 1, 4>}},
            {{run<1, 1, 8>, run<2, 1, 8>, run<3, 1, 8>, run<4, 1, 8>},
             {run<1, 4, 8>, run<2, 2, 8>, run<3, 1, 8>, run<4, 1, 8>}},
            {{run<1, 1, 16>, run<2, 1, 16>, run<3, 1, 16>, run<4, 1, 16>},
             {run<1, 4, 16>, run<2, 2, 16>, run<3, 1, 16>, run<4, 1, 16>}}};
        index const step = wide(t.rows);
        auto const& of_window = runs[t.pattern.of <= 4 ? 0 : t.pattern.of <= 8 ? 1 : 2];
        index panel = 0;
        for (; panel + step <= t.panels; panel += step)
            of_window[1][t.rows - 1](t, panel);
        for (; panel < t.panels; ++panel)
            of_window[0][t.rows - 1](t, panel);
    }

private:
    /// R rows by P panels.
    template <int R, int P, int Window>
    [[gnu::target("avx2,fma")]] static void run(n_of_m_tile<float> const& t, index panel) {
        constexpr int halves = 2 * P, bits = Window == 4 ? 2 : 4;
        constexpr index word = 32 / bits;
        __m256 sums[R][halves];
        float* const to = t.sums + panel * n_of_m_outputs;
#pragma GCC unroll 4
        for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
            for (int h = 0; h < halves; ++h)
                sums[r][h] = _mm256_loadu_ps(to + r * t.sums_step + h * 8);
        index const kept = t.pattern.kept;
        float const *values = t.values + panel * t.values_step, *x = t.x;
        std::uint32_t const* words = t.codes + panel * t.codes_step;
        index left = kept;
        for (index slots = t.groups * kept; slots > 0; slots -= word, words += n_of_m_outputs) {
            __m256i codes[halves];
#pragma GCC unroll 8
            for (int h = 0; h < halves; ++h)
                codes[h] = _mm256_loadu_si256(
                    reinterpret_cast<__m256i const*>(words + h / 2 * t.codes_step + h % 2 * 8));
            for (index slot = slots < word ? slots : word; slot > 0; --slot, values += n_of_m_outputs) {
#pragma GCC unroll 4
                for (int r = 0; r < R; ++r) {
                    group<Window> const numbers(x + r * Window);
#pragma GCC unroll 8
                    for (int h = 0; h < halves; ++h)
                        sums[r][h] = _mm256_fmadd_ps(
                            numbers.picked(codes[h]),
                            _mm256_loadu_ps(values + h / 2 * t.values_step + h % 2 * 8), sums[r][h]);
                }
#pragma GCC unroll 8
                for (int h = 0; h < halves; ++h)
                    codes[h] = _mm256_srli_epi32(codes[h], bits);
                if (--left == 0)
                    x += R * Window, left = kept;
            }
        }
#pragma GCC unroll 4
        for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
            for (int h = 0; h < halves; ++h)
                _mm256_storeu_ps(to + r * t.sums_step + h * 8, sums[r][h]);
    }

    /// A row's numbers of a group.
    template <int Window>
    struct group {
        __m256 low, high;

        [[gnu::target("avx2,fma")]] explicit group(float const* x)
            : low(Window == 4 ? _mm256_broadcast_ps(reinterpret_cast<__m128 const*>(x)) : _mm256_loadu_ps(x)),
              high(Window == 16 ? _mm256_loadu_ps(x + 8) : low) {}

        [[gnu::target("avx2,fma")]] __m256 picked(__m256i codes) const {
            if constexpr (Window == 4)
                return _mm256_permutevar_ps(low, codes);
            else if constexpr (Window == 8)
                return _mm256_permutevar8x32_ps(low, codes);
            else  // the fourth bit, moved to where signs are, chooses the half
                return _mm256_blendv_ps(_mm256_permutevar8x32_ps(low, codes),
                                        _mm256_permutevar8x32_ps(high, codes),
                                        _mm256_castsi256_ps(_mm256_slli_epi32(codes, 28)));
        }
    };
};

/// AVX2, rows in the lanes.
struct n_of_m_columns_avx2 {
    static constexpr index most = 32;  ///< by two outputs 8 sums in registers

    static index least(index of) { return of <= 4 ? 24 : of <= 8 ? 16 : 12; }
    static index wide(index) { return 4; }
    static index width(index rows) { return (rows + 7) / 8 * 8; }
    static index window(index of) { return of; }

    static void pack(n_of_m_pattern const& pattern, float const* x, index rows, index inputs, float* to) {
        pack_columns(pattern, x, rows, width(rows), inputs, to);
    }

    static void multiply(n_of_m_tile<float> const& t) {
        using run_of = void (*)(n_of_m_tile<float> const&, index, index);
        static constexpr run_of runs[2][4] = {{run<1, 2>, run<2, 2>, run<3, 2>, run<4, 2>},
                                              {run<1, 4>, run<2, 4>, run<3, 4>, run<4, 4>}};
        auto const run_outputs = runs[t.pattern.of > 4][(t.rows - 1) / 8];
        for (index panel = 0; panel < t.panels; ++panel) {
            fetch_panel(t, panel + 1);
            for (index lane = 0; lane < n_of_m_outputs; lane += 2)
                run_outputs(t, panel, lane);
        }
    }

private:
    /// Two outputs by P registers of rows.
    template <int P, int Bits>
    [[gnu::target("avx2,fma")]] static void run(n_of_m_tile<float> const& t, index panel, index lane) {
        constexpr index word = 32 / Bits, wide = 8 * P;
        __m256 sums[2][P];
        float* const to = t.sums + (panel * n_of_m_outputs + lane) * t.sums_step;
#pragma GCC unroll 2
        for (int o = 0; o < 2; ++o)
#pragma GCC unroll 4
            for (int p = 0; p < P; ++p)
                sums[o][p] = _mm256_loadu_ps(to + o * t.sums_step + p * 8);
        index const kept = t.pattern.kept, step = t.pattern.of * wide;
        float const *values = t.values + panel * t.values_step + lane, *x = t.x;
        std::uint32_t const* words = t.codes + panel * t.codes_step + lane;
        index left = kept;
        for (index slots = t.groups * kept; slots > 0; slots -= word, words += n_of_m_outputs) {
            std::uint32_t codes[2] = {words[0], words[1]};
            for (index slot = slots < word ? slots : word; slot > 0; --slot, values += n_of_m_outputs) {
                // To spread what was loaded once leaves the loads to x.
                std::int64_t pair;
                std::memcpy(&pair, values, sizeof pair);
                __m256 const both = _mm256_castsi256_ps(_mm256_set1_epi64x(pair));
                __m256 const value[2] = {_mm256_moveldup_ps(both), _mm256_movehdup_ps(both)};
#pragma GCC unroll 2
                for (int o = 0; o < 2; ++o) {
                    float const* const at = x + std::size_t(codes[o] & ((1u << Bits) - 1)) * wide;
                    codes[o] >>= Bits;
#pragma GCC unroll 4
                    for (int p = 0; p < P; ++p)
                        sums[o][p] = _mm256_fmadd_ps(value[o], _mm256_loadu_ps(at + p * 8), sums[o][p]);
                }
                if (--left == 0)
                    x += step, left = kept;
            }
        }
#pragma GCC unroll 2
        for (int o = 0; o < 2; ++o)
#pragma GCC unroll 4
            for (int p = 0; p < P; ++p)
                _mm256_storeu_ps(to + o * t.sums_step + p * 8, sums[o][p]);
    }
};

}  // namespace descent::prune::detail

#endif
