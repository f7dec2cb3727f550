// SPDX-License-Identifier: MIT
#pragma once

#include <descent/core/config.hpp>
#include <descent/core/error.hpp>
#include <descent/core/math.hpp>

namespace descent::loss {

/// The pinball loss of one prediction z of a number y (Koenker & Bassett, 1978): tau (y - z) where z is too
/// low, (1 - tau) (z - y) where it is too high. Its minimum is the tau-quantile; tau = 1/2 is half the absolute
/// error. Same numbers as scikit-learn's mean_pinball_loss.
struct quantile {
    double tau = 0.5;  ///< the share of targets below the prediction; in (0, 1)

    template <class V>
    DESCENT_FN V value(V z, V y) const {
        using T = number_of<V>;
        V const r = y - z;
        return select(r < V(0), V(T(tau - 1)), V(T(tau))) * r;
    }

    /// -tau where z is too low, 1 - tau where it is too high; 0, a subgradient, where it is exact.
    template <class V>
    DESCENT_FN V slope(V z, V y) const {
        using T = number_of<V>;
        V const r = y - z;
        return select(r > V(0), V(T(-tau)), select(r < V(0), V(T(1 - tau)), r));
    }

    /// Throws descent::error for a tau outside (0, 1).
    void check() const { expect(tau > 0 && tau < 1, "quantile: tau = ", tau, ": must be in (0, 1)"); }
};

}  // namespace descent::loss
