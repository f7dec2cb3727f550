// SPDX-License-Identifier: MIT
#pragma once

#include <descent/core/config.hpp>

namespace descent::loss {

/// Half the squared error of one prediction z of a number y: (z - y)^2 / 2 (Gauss, 1809). The half makes the
/// slope the residual; torch.nn.MSELoss is twice this.
struct squared {
    static constexpr double smoothness = 1;  ///< sup of the curvature

    template <class V>
    DESCENT_FN V value(V z, V y) const {
        return V(0.5f) * (z - y) * (z - y);
    }

    /// d value / d z.
    template <class V>
    DESCENT_FN V slope(V z, V y) const {
        return z - y;
    }

    /// 1.
    template <class V>
    DESCENT_FN V curvature(V /*z*/, V /*y*/) const {
        return V(1);
    }
};

}  // namespace descent::loss
