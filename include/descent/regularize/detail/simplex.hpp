// SPDX-License-Identifier: MIT
#pragma once

#include <descent/regularize/detail/numbers.hpp>

namespace descent::regularize::detail {

/// The level for which sum max(number(i) - level, 0) = sum > 0, given the largest number; relative to it, so
/// that nothing cancels. Newton's steps from below (Michelot, 1986), exact as soon as one leaves the same
/// numbers above the level, with a bisection between two steps: at most 2 log2(1 / epsilon) passes however the
/// numbers lie, a handful as a rule, no sorting and no memory.
template <class Number>
double simplex_level(index n, Number const& number, double largest, double sum) {
    struct part {
        double sum = 0;  ///< of the numbers above the level
        index count = 0;
    };
    auto const above = [&](double level) {
        part found;
        for (index i = 0; i < n; ++i)
            if (double const each = number(i) - largest; each > level) {
                found.sum += each;
                ++found.count;
            }
        return found;
    };
    double low = -sum, high = -sum / double(n);
    part now = above(low);
    for (;;) {
        double const newton = (now.sum - sum) / double(now.count);
        part const next = above(newton);
        if (newton <= low || next.count == now.count)
            return newton;
        low = newton;
        now = next;
        double const middle = low + (high - low) / 2;
        if (part const half = above(middle); half.sum - double(half.count) * middle < sum) {
            high = middle;
        } else {
            low = middle;
            now = half;
        }
    }
}

}  // namespace descent::regularize::detail
