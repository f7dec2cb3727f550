// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>

namespace descent::solve::detail {

/// A step of one number along a slope under (l2 / 2) w^2 and then through the prox of l1 |w|.
template <class T>
struct l1_step {
    T step, keep, threshold;
    double l1, l2;

    l1_step(double length, double l1_factor, double l2_factor)
        : step(T(length)),
          keep(T(1 - length * l2_factor)),
          threshold(T(length * l1_factor)),
          l1(l1_factor),
          l2(l2_factor) {}

    void move(T& w, T slope) const {
        T const aim = keep * w - step * slope;
        w = threshold > T(0) ? std::copysign(std::max(std::abs(aim) - threshold, T(0)), aim) : aim;
    }

    /// The square of this number's share of the gradient; with an l1 of the mapping (w - prox(w - step g)) /
    /// step.
    double part_of_norm(double slope, double w) const {
        double const g = slope + l2 * w, length = double(step), aim = w - length * g;
        double const next = std::copysign(std::max(std::abs(aim) - length * l1, 0.0), aim);
        double const part = l1 > 0 ? (w - next) / length : g;
        return part * part;
    }
};

/// Value and gradient norm of a point.
struct seen_point {
    double value, norm;
};

}  // namespace descent::solve::detail
