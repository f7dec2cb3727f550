// SPDX-License-Identifier: MIT
#pragma once

#include <descent/core/config.hpp>
#include <descent/core/math.hpp>
#include <descent/loss/hinge.hpp>

namespace descent::loss {

/// The squared hinge loss of a score z for a label y of 0 or 1 (Cortes & Vapnik, 1995): max(0, 1 - m)^2, where
/// the margin m is z for label 1 and -z for label 0. Same numbers as LIBLINEAR's L2-loss SVM.
struct squared_hinge {
    static constexpr bool two_classes = true;
    static constexpr double smoothness = 2;  ///< sup of the curvature

    template <class V>
    DESCENT_FN V value(V z, V y) const {
        return square(hinge{}.value(z, y));
    }

    /// -2 max(0, 1 - m) for label 1, 2 max(0, 1 - m) for label 0.
    template <class V>
    DESCENT_FN V slope(V z, V y) const {
        V const lack = hinge{}.value(z, y);
        return (V(1) - (y + y)) * (lack + lack);
    }

    /// 2 where the margin is below 1, 0 elsewhere.
    template <class V>
    DESCENT_FN V curvature(V z, V y) const {
        return select(hinge::margin(z, y) < V(1), V(2), V(0));
    }
};

}  // namespace descent::loss
