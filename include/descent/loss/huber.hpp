// SPDX-License-Identifier: MIT
#pragma once

#include <limits>

#include <descent/core/config.hpp>
#include <descent/core/error.hpp>
#include <descent/core/math.hpp>

namespace descent::loss {

/// Huber's loss of one prediction z of a number y (Huber, 1964): r^2 / 2 for residuals |r| = |z - y| up to
/// delta, delta (|r| - delta / 2) beyond, so that outliers pull with delta at most. Same numbers as
/// torch.nn.HuberLoss.
struct huber {
    double delta = 1;  ///< the residual from which the loss is linear, in units of y; finite and > 0

    static constexpr double smoothness = 1;  ///< sup of the curvature

    template <class V>
    DESCENT_FN V value(V z, V y) const {
        V const distance = abs(z - y), inside = min(distance, V(number_of<V>(delta)));
        return inside * (distance - V(0.5f) * inside);
    }

    /// z - y, cut off at -delta and delta.
    template <class V>
    DESCENT_FN V slope(V z, V y) const {
        V const limit = V(number_of<V>(delta));
        return clamp(z - y, -limit, limit);
    }

    /// 1 for residuals up to delta, 0 beyond.
    template <class V>
    DESCENT_FN V curvature(V z, V y) const {
        return select(abs(z - y) <= V(number_of<V>(delta)), V(1), V(0));
    }

    /// Throws descent::error for a delta that is not finite and > 0.
    void check() const {
        expect(delta > 0 && delta <= std::numeric_limits<double>::max(), "huber: delta = ", delta,
               ": must be finite and > 0");
    }
};

}  // namespace descent::loss
