// SPDX-License-Identifier: MIT
#pragma once

#include <limits>

#include <descent/core/config.hpp>
#include <descent/core/error.hpp>
#include <descent/core/math.hpp>
#include <descent/loss/hinge.hpp>

namespace descent::loss {

/// The smoothed hinge loss of a score z for a label y of 0 or 1, as in Shalev-Shwartz & Zhang (2013): with the
/// margin m, z for label 1 and -z for label 0, and d = max(0, 1 - m),
///
///     d^2 / (2 gamma)   where d <= gamma
///     d - gamma / 2     beyond
///
/// gamma = 1 is the smooth hinge of Rennie & Srebro (2005); gamma -> 0 is the hinge.
struct smooth_hinge {
    static constexpr bool two_classes = true;
    double gamma = 1;  ///< width of the quadratic part, in units of the margin; finite and > 0

    /// sup of the curvature: 1 / gamma
    constexpr double smoothness() const { return 1 / gamma; }

    template <class V>
    DESCENT_FN V value(V z, V y) const {
        using T = number_of<V>;
        V const lack = hinge{}.value(z, y), inside = min(lack, V(T(gamma)));
        return V(T(1 / gamma)) * inside * (lack - V(0.5f) * inside);
    }

    /// -min(d / gamma, 1) for label 1, min(d / gamma, 1) for label 0.
    template <class V>
    DESCENT_FN V slope(V z, V y) const {
        using T = number_of<V>;
        return (V(1) - (y + y)) * min(hinge{}.value(z, y) * V(T(1 / gamma)), V(1));
    }

    /// 1 / gamma where 0 < d <= gamma, 0 elsewhere.
    template <class V>
    DESCENT_FN V curvature(V z, V y) const {
        using T = number_of<V>;
        V const lack = hinge{}.value(z, y);
        return select(lack > V(0) && lack <= V(T(gamma)), V(T(1 / gamma)), V(0));
    }

    /// Throws descent::error for a gamma that is not finite and > 0.
    void check() const {
        expect(gamma > 0 && gamma <= std::numeric_limits<double>::max(), "smooth_hinge: gamma = ", gamma,
               ": must be finite and > 0");
    }
};

}  // namespace descent::loss
