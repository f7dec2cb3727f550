// SPDX-License-Identifier: MIT
#pragma once

#include <descent/core/config.hpp>
#include <descent/core/math.hpp>

namespace descent::loss {

/// The logistic loss of a score z for a label y of 0 or 1: log(1 + e^z) - y z, the negative log likelihood
/// under P(y = 1) = 1 / (1 + e^-z) (Cox, 1958). Safe for every finite z. Same numbers as torch's
/// BCEWithLogitsLoss.
struct logistic {
    static constexpr bool two_classes = true;
    static constexpr double smoothness = 0.25;  ///< sup of the curvature

    template <class V>
    DESCENT_FN V value(V z, V y) const {
        // With the label's sign in the exponent nothing is subtracted, so nothing cancels; a product, for the
        // sake of a label that is NaN.
        return softplus((V(1) - (y + y)) * z);
    }

    /// d value / d z = P(y = 1) - y.
    template <class V>
    DESCENT_FN V slope(V z, V y) const {
        return sigmoid(z) - y;
    }

    /// P(y = 1) P(y = 0), also where one of them is near 0.
    template <class V>
    DESCENT_FN V curvature(V z, V /*y*/) const {
        V const e = exp(-abs(z)), total = e + V(1);
        return e / (total * total);
    }
};

}  // namespace descent::loss
