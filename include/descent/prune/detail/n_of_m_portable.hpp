// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>

#include <descent/core/math.hpp>
#include <descent/core/pack.hpp>
#include <descent/exec/unrolled.hpp>
#include <descent/prune/detail/n_of_m_columns.hpp>

namespace descent::prune::detail {

/// For every processor and number: packs of rows of x.
template <class T>
struct n_of_m_portable {
    using V = native_pack<T>;
    static constexpr index lanes = lanes_of<V>, most = 4 * lanes;

    static index least(index) { return 1; }
    static index wide(index) { return 4; }
    static index window(index of) { return of; }
    static index width(index rows) {
        return rows == 1 ? 1 : rows <= lanes ? lanes : rows <= 2 * lanes ? 2 * lanes : most;
    }

    static void pack(n_of_m_pattern const& pattern, T const* x, index rows, index inputs, T* to) {
        pack_columns(pattern, x, rows, width(rows), inputs, to);
    }

    static void multiply(n_of_m_tile<T> const& t) {
        if (t.rows == 1)
            panels<T, 1>(t);
        else if (t.rows <= lanes)
            panels<V, 1>(t);
        else if (t.rows <= 2 * lanes)
            panels<V, 2>(t);
        else
            panels<V, 4>(t);
    }

private:
    template <class U, int P>
    static void panels(n_of_m_tile<T> const& t) {
        constexpr index beside = 8 / P;  // sums under way: their latency is hidden
        for (index panel = 0; panel < t.panels; ++panel)
            for (index o = 0; o < n_of_m_outputs; o += beside)
                outputs<U, P, int(beside)>(t, panel, o);
    }

    /// O outputs of a panel from `first` on by P packs of rows.
    template <class U, int P, int O>
    static void outputs(n_of_m_tile<T> const& t, index panel, index first) {
        constexpr int lanes_of_u = lanes_of<U>;
        T* const to = t.sums + (panel * n_of_m_outputs + first) * t.sums_step;
        U sums[O][P];
        exec::unrolled<O>([&](auto o) {
            exec::unrolled<P>([&](auto p) { sums[o][p] = load<U>(to + o * t.sums_step + p * lanes_of_u); });
        });
        index const bits = t.pattern.bits(), word = t.pattern.word_slots(),
                    step = t.pattern.of * (P * lanes_of_u);
        std::uint32_t const mask = (1u << bits) - 1;
        T const *values = t.values + panel * t.values_step + first, *x = t.x;
        std::uint32_t const* codes = t.codes + panel * t.codes_step + first;
        index left = t.pattern.kept;
        for (index slots = t.groups * t.pattern.kept; slots > 0; slots -= word, codes += n_of_m_outputs) {
            int const end = int(bits * std::min(slots, word));
            for (int shift = 0; shift < end; shift += int(bits), values += n_of_m_outputs) {
                exec::unrolled<O>([&](auto o) {
                    U const value(values[o]);
                    T const* const at = x + index((codes[o] >> shift) & mask) * (P * lanes_of_u);
                    exec::unrolled<P>([&](auto p) {
                        sums[o][p] = fused_multiply_add(value, load<U>(at + p * lanes_of_u), sums[o][p]);
                    });
                });
                if (--left == 0)
                    x += step, left = t.pattern.kept;
            }
        }
        exec::unrolled<O>([&](auto o) {
            exec::unrolled<P>([&](auto p) { store(to + o * t.sums_step + p * lanes_of_u, sums[o][p]); });
        });
    }
};

}  // namespace descent::prune::detail
