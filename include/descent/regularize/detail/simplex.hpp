// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>

#include <descent/core/math.hpp>
#include <descent/core/pack.hpp>
#include <descent/regularize/detail/numbers.hpp>

namespace descent::regularize::detail {

/// w, or |w|, less the largest, in double.
template <bool absolute, class V>
DESCENT_FN same_lanes<V, double> beneath(V w, double largest) {
    using D = same_lanes<V, double>;
    D const each = convert<double>(w);
    if constexpr (absolute)
        return abs(each) - D(largest);
    else
        return each - D(largest);
}

/// The sum and the number of those that lie above the level; level and sum are relative to the largest.
struct simplex_part {
    double sum, count;
};
template <bool absolute, class T>
simplex_part above_level(T const* w, index n, double largest, double level) {
    using D = native_pack<double>;
    using V = same_lanes<D, T>;
    D sums = D(0.0), counts = D(0.0);
    index i = 0;
    for (; i + lanes_of<V> <= n; i += lanes_of<V>) {
        D const each = beneath<absolute>(load_unaligned<V>(w + i), largest);
        sums += select(each > D(level), each, D(0.0));
        counts += select(each > D(level), D(1.0), D(0.0));
    }
    simplex_part part{sum(sums), sum(counts)};
    for (; i < n; ++i)
        if (double const each = beneath<absolute>(w[i], largest); each > level) {
            part.sum += each;
            part.count += 1;
        }
    return part;
}

/// The level for which the sum of max(w - level, 0), or of max(|w| - level, 0), is `sum` > 0; relative to the
/// largest w or |w|, so that nothing cancels. Newton's steps from below (Michelot, 1986), exact as soon as one
/// leaves the same numbers above the level, with a bisection between two steps: at most 2 log2(1 / epsilon)
/// passes however the numbers lie, about ten as a rule, no sorting and no memory.
template <bool absolute, class T>
double simplex_level(T const* w, index n, double largest, double sum) {
    double low = -sum, high = -sum / double(n);
    simplex_part now = above_level<absolute>(w, n, largest, low);
    for (;;) {
        double const newton = (now.sum - sum) / now.count;
        simplex_part const next = above_level<absolute>(w, n, largest, newton);
        if (newton <= low || next.count == now.count)
            return newton;
        low = newton;
        now = next;
        double const middle = low + (high - low) / 2;
        simplex_part const half = above_level<absolute>(w, n, largest, middle);
        if (half.sum - half.count * middle < sum) {
            high = middle;
        } else {
            low = middle;
            now = half;
        }
    }
}

/// w <- max(w - level, 0), or the sign of w times max(|w| - level, 0), whose sum is `sum` > 0; w is finite, n >
/// 0.
template <bool absolute, class T>
void project_to_simplex(T* w, index n, double sum) {
    using D = native_pack<double>;
    using V = same_lanes<D, T>;
    D most = D(absolute ? 0.0 : double(w[0]));
    index i = 0;
    for (; i + lanes_of<V> <= n; i += lanes_of<V>)
        most = max(most, beneath<absolute>(load_unaligned<V>(w + i), 0));
    for (; i < n; ++i)
        most = max(most, D(beneath<absolute>(w[i], 0)));
    double lane[lanes_of<D>], largest;
    store_unaligned(lane, most);
    largest = lane[0];
    for (double const each : lane)
        largest = max(largest, each);
    double const level = simplex_level<absolute>(w, n, largest, sum);
    auto const project = [=](auto from) {
        using E = same_lanes<decltype(from), double>;
        auto const to = convert<T>(max(beneath<absolute>(from, largest) - E(level), E(0.0)));
        if constexpr (absolute)
            return copysign(to, from);
        else
            return to;
    };
    for (i = 0; i + lanes_of<V> <= n; i += lanes_of<V>)
        store_unaligned(w + i, project(load_unaligned<V>(w + i)));
    for (; i < n; ++i)
        w[i] = project(w[i]);
}

}  // namespace descent::regularize::detail
