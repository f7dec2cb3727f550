// SPDX-License-Identifier: MIT
#pragma once

#include <limits>

#include <descent/prune/detail/n_of_m_columns.hpp>
#include <descent/prune/detail/n_of_m_rows.hpp>

#if DESCENT_VECTOR_EXTENSIONS && defined(__x86_64__)
#include <immintrin.h>

// (Forms with a mask where one would do without: g++ 12 warns of what those of its own headers leave open.)
namespace descent::prune::detail {

/// AVX-512, outputs in the lanes.
struct n_of_m_rows_avx512 {
    static constexpr index most = 6;  ///< with four panels 24 sums in registers

    static index least(index) { return 1; }
    static index wide(index) { return 4; }
    static index width(index rows) { return rows; }
    static index window(index of) { return of <= 4 ? 4 : 16; }

    static void pack(n_of_m_pattern const& pattern, float const* x, index rows, index inputs, float* to) {
        (pattern.of <= 4 ? pack_rows<4> : pack_rows<16>)(pattern, x, rows, inputs, to);
    }

    static void multiply(n_of_m_tile<float> const& t) {
        using run_of = void (*)(n_of_m_tile<float> const&, index);
        static constexpr run_of runs[2][2][most] = {
            {{run<1, 1, 4>, run<2, 1, 4>, run<3, 1, 4>, run<4, 1, 4>, run<5, 1, 4>, run<6, 1, 4>},
             {run<1, 4, 4>, run<2, 4, 4>, run<3, 4, 4>, run<4, 4, 4>, run<5, 4, 4>, run<6, 4, 4>}},
            {{run<1, 1, 16>, run<2, 1, 16>, run<3, 1, 16>, run<4, 1, 16>, run<5, 1, 16>, run<6, 1, 16>},
             {run<1, 4, 16>, run<2, 4, 16>, run<3, 4, 16>, run<4, 4, 16>, run<5, 4, 16>, run<6, 4, 16>}}};
        auto const& of_window = runs[t.pattern.of > 4];
        index panel = 0;
        for (; panel + 4 <= t.panels; panel += 4)
            of_window[1][t.rows - 1](t, panel);
        for (; panel < t.panels; ++panel)
            of_window[0][t.rows - 1](t, panel);
    }

private:
    static constexpr __mmask16 all = 0xffff;

    /// R rows by P panels.
    template <int R, int P, int Window>
    [[gnu::target("avx512f")]] static void run(n_of_m_tile<float> const& t, index panel) {
        constexpr int bits = Window == 4 ? 2 : 4;
        constexpr index word = 32 / bits;
        __m512 sums[R][P];
        float* const to = t.sums + panel * n_of_m_outputs;
#pragma GCC unroll 6
        for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
            for (int p = 0; p < P; ++p)
                sums[r][p] = _mm512_loadu_ps(to + r * t.sums_step + p * n_of_m_outputs);
        index const kept = t.pattern.kept;
        float const *values = t.values + panel * t.values_step, *x = t.x;
        std::uint32_t const* words = t.codes + panel * t.codes_step;
        index left = kept;
        for (index slots = t.groups * kept; slots > 0; slots -= word, words += n_of_m_outputs) {
            __m512i codes[P];
#pragma GCC unroll 4
            for (int p = 0; p < P; ++p)
                codes[p] = _mm512_loadu_si512(words + p * t.codes_step);
            for (index slot = slots < word ? slots : word; slot > 0; --slot, values += n_of_m_outputs) {
                __m512 value[P];
#pragma GCC unroll 4
                for (int p = 0; p < P; ++p)
                    value[p] = _mm512_loadu_ps(values + p * t.values_step);
#pragma GCC unroll 6
                for (int r = 0; r < R; ++r) {
                    __m512 const group = numbers<Window>(x + r * Window);
#pragma GCC unroll 4
                    for (int p = 0; p < P; ++p)
                        sums[r][p] = _mm512_fmadd_ps(picked<Window>(group, codes[p]), value[p], sums[r][p]);
                }
#pragma GCC unroll 4
                for (int p = 0; p < P; ++p)
                    codes[p] = _mm512_maskz_srli_epi32(all, codes[p], bits);
                if (--left == 0)
                    x += R * Window, left = kept;
            }
        }
#pragma GCC unroll 6
        for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
            for (int p = 0; p < P; ++p)
                _mm512_storeu_ps(to + r * t.sums_step + p * n_of_m_outputs, sums[r][p]);
    }

    template <int Window>
    [[gnu::target("avx512f")]] static __m512 numbers(float const* x) {
        if constexpr (Window == 4)
            return _mm512_maskz_broadcast_f32x4(all, _mm_loadu_ps(x));
        else
            return _mm512_loadu_ps(x);
    }
    template <int Window>
    [[gnu::target("avx512f")]] static __m512 picked(__m512 group, __m512i codes) {
        if constexpr (Window == 4)
            return _mm512_maskz_permutevar_ps(all, group, codes);
        else
            return _mm512_maskz_permutexvar_ps(all, codes, group);
    }
};

/// AVX-512, rows in the lanes.
struct n_of_m_columns_avx512 {
    static constexpr index most = 64;  ///< by four outputs 16 sums in registers

    static index least(index of) {
        return of <= 8 ? 32 : std::numeric_limits<index>::max();  // rows of wide groups lie too far apart
    }
    static index wide(index) { return 4; }
    static index width(index rows) { return (rows + 15) / 16 * 16; }
    static index window(index of) { return of; }

    static void pack(n_of_m_pattern const& pattern, float const* x, index rows, index inputs, float* to) {
        pack_columns(pattern, x, rows, width(rows), inputs, to);
    }

    static void multiply(n_of_m_tile<float> const& t) {
        using run_of = void (*)(n_of_m_tile<float> const&, index, index);
        static constexpr run_of runs[2][4] = {{run<1, 2>, run<2, 2>, run<3, 2>, run<4, 2>},
                                              {run<1, 4>, run<2, 4>, run<3, 4>, run<4, 4>}};
        auto const run_outputs = runs[t.pattern.of > 4][(t.rows - 1) / 16];
        for (index panel = 0; panel < t.panels; ++panel) {
            fetch_panel(t, panel + 1);
            for (index lane = 0; lane < n_of_m_outputs; lane += 4)
                run_outputs(t, panel, lane);
        }
    }

private:
    /// Four outputs by P registers of rows.
    template <int P, int Bits>
    [[gnu::target("avx512f")]] static void run(n_of_m_tile<float> const& t, index panel, index lane) {
        constexpr index word = 32 / Bits, wide = 16 * P;
        constexpr __mmask16 all = 0xffff;
        __m512 sums[4][P];
        float* const to = t.sums + (panel * n_of_m_outputs + lane) * t.sums_step;
#pragma GCC unroll 4
        for (int o = 0; o < 4; ++o)
#pragma GCC unroll 4
            for (int p = 0; p < P; ++p)
                sums[o][p] = _mm512_loadu_ps(to + o * t.sums_step + p * 16);
        index const kept = t.pattern.kept, step = t.pattern.of * wide;
        float const *values = t.values + panel * t.values_step + lane, *x = t.x;
        std::uint32_t const* words = t.codes + panel * t.codes_step + lane;
        index left = kept;
        for (index slots = t.groups * kept; slots > 0; slots -= word, words += n_of_m_outputs) {
            std::uint32_t codes[4] = {words[0], words[1], words[2], words[3]};
            for (index slot = slots < word ? slots : word; slot > 0; --slot, values += n_of_m_outputs) {
                // To spread what was loaded once leaves the loads to x.
                __m512 const four = _mm512_maskz_broadcast_f32x4(all, _mm_loadu_ps(values));
                __m512 const value[4] = {
                    _mm512_maskz_permute_ps(all, four, 0x00), _mm512_maskz_permute_ps(all, four, 0x55),
                    _mm512_maskz_permute_ps(all, four, 0xaa), _mm512_maskz_permute_ps(all, four, 0xff)};
#pragma GCC unroll 4
                for (int o = 0; o < 4; ++o) {
                    float const* const at = x + std::size_t(codes[o] & ((1u << Bits) - 1)) * wide;
                    codes[o] >>= Bits;
#pragma GCC unroll 4
                    for (int p = 0; p < P; ++p)
                        sums[o][p] = _mm512_fmadd_ps(value[o], _mm512_loadu_ps(at + p * 16), sums[o][p]);
                }
                if (--left == 0)
                    x += step, left = kept;
            }
        }
#pragma GCC unroll 4
        for (int o = 0; o < 4; ++o)
#pragma GCC unroll 4
            for (int p = 0; p < P; ++p)
                _mm512_storeu_ps(to + o * t.sums_step + p * 16, sums[o][p]);
    }
};

}  // namespace descent::prune::detail

#endif
