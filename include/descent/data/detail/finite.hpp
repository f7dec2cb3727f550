// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

#include <descent/core/pack.hpp>

namespace descent::data::detail {

/// Is every number finite? At the speed of memory: x - x is NaN for NaN and Inf and else 0, and NaN stays in a
/// sum.
template <class T>
bool all_finite(T const* x, std::ptrdiff_t count) {
    using V = native_pack<T>;
    constexpr std::ptrdiff_t lanes = lanes_of<V>;
    V a(T(0)), b(T(0)), c(T(0)), d(T(0));
    std::ptrdiff_t i = 0;
    for (; i + 4 * lanes <= count; i += 4 * lanes) {
        V const p = load_unaligned<V>(x + i), q = load_unaligned<V>(x + i + lanes);
        V const r = load_unaligned<V>(x + i + 2 * lanes), s = load_unaligned<V>(x + i + 3 * lanes);
        a += p - p;
        b += q - q;
        c += r - r;
        d += s - s;
    }
    T rest = descent::sum((a + b) + (c + d));
    for (; i < count; ++i)
        rest += x[i] - x[i];
    return rest == T(0);
}

}  // namespace descent::data::detail
