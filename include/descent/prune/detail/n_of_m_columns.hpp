// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <type_traits>

#include <descent/prune/detail/n_of_m_tile.hpp>

#if DESCENT_VECTOR_EXTENSIONS && defined(__x86_64__)
#include <immintrin.h>
#endif

namespace descent::prune::detail {

/// to[c, r] = from[r, c].
template <class T>
void turn(T const* from, index from_step, index rows, index columns, T* to, index to_step) {
    index whole_rows = 0, whole_columns = 0;
#if DESCENT_VECTOR_EXTENSIONS && defined(__x86_64__)
    if constexpr (std::is_same_v<T, float>) {
        whole_rows = rows / 4 * 4, whole_columns = columns / 4 * 4;
        auto const square = [=](index r, index c) {
            float const* const f = from + r * from_step + c;
            float* const t = to + c * to_step + r;
            __m128 v0 = _mm_loadu_ps(f), v1 = _mm_loadu_ps(f + from_step), v2 = _mm_loadu_ps(f + 2 * from_step),
                   v3 = _mm_loadu_ps(f + 3 * from_step);
            _MM_TRANSPOSE4_PS(v0, v1, v2, v3);
            _mm_storeu_ps(t, v0), _mm_storeu_ps(t + to_step, v1), _mm_storeu_ps(t + 2 * to_step, v2),
                _mm_storeu_ps(t + 3 * to_step, v3);
        };
        // Along the lines that lie far apart: more of them than a cache has places for would push one another
        // out.
        if (from_step > to_step) {
            for (index r = 0; r < whole_rows; r += 4)
                for (index c = 0; c < whole_columns; c += 4)
                    square(r, c);
        } else {
            for (index c = 0; c < whole_columns; c += 4)
                for (index r = 0; r < whole_rows; r += 4)
                    square(r, c);
        }
    }
#endif
    for (index r = 0; r < rows; ++r)
        for (index c = r < whole_rows ? whole_columns : 0; c < columns; ++c)
            to[c * to_step + r] = from[r * from_step + c];
}

/// Asks the memory for a panel's weights, if it is one of the tile's: a stretch of them is too short for the
/// processor to see it coming.
inline void fetch_panel([[maybe_unused]] n_of_m_tile<float> const& t, [[maybe_unused]] index panel) {
#if defined(__GNUC__)
    if (panel >= t.panels)
        return;
    index const slots = t.groups * t.pattern.kept;
    for (index slot = 0; slot < slots; ++slot)
        __builtin_prefetch(t.values + panel * t.values_step + slot * n_of_m_outputs);
    for (index slot = 0; slot < slots; slot += t.pattern.word_slots())
        __builtin_prefetch(t.codes + panel * t.codes_step + slot / t.pattern.word_slots() * n_of_m_outputs);
#endif
}

/// Rows of x side by side, `width` of them: what forms that have them in their lanes load.
template <class T>
void pack_columns(n_of_m_pattern const& pattern, T const* x, index rows, index width, index inputs, T* to) {
    constexpr index some = 16;  // a cache line of each row
    for (index i = 0; i < inputs; i += some)
        turn(x + i, inputs, rows, std::min(some, inputs - i), to + i * width, width);
    index const all = pattern.groups(inputs) * pattern.of;
    for (index i = 0; i < all; ++i)
        std::fill(to + i * width + (i < inputs ? rows : 0), to + (i + 1) * width, T(0));
}

}  // namespace descent::prune::detail
