// SPDX-License-Identifier: MIT
#pragma once

#include <descent/core/config.hpp>
#include <descent/core/math.hpp>

namespace descent::loss {

/// The hinge loss of a score z for a label y of 0 or 1 (Cortes & Vapnik, 1995): max(0, 1 - m), where the margin
/// m is z for label 1 and -z for label 0. Same numbers as scikit-learn's hinge_loss.
struct hinge {
    static constexpr bool two_classes = true;
    template <class V>
    DESCENT_FN V value(V z, V y) const {
        return max(V(1) - margin(z, y), V(0));
    }

    /// -1 for label 1, 1 for label 0 where the margin is below 1; 0 elsewhere, at the margin 1 too, where it is
    /// a subgradient.
    template <class V>
    DESCENT_FN V slope(V z, V y) const {
        V const m = margin(z, y);
        return select(m < V(1), V(1) - (y + y), select(m >= V(1), V(0), m));
    }

    /// z for label 1, -z for label 0.
    template <class V>
    static DESCENT_FN V margin(V z, V y) {
        return (y + y - V(1)) * z;
    }
};

}  // namespace descent::loss
