// SPDX-License-Identifier: MIT
#pragma once

#include <descent/core/config.hpp>
#include <descent/core/math.hpp>

namespace descent::loss {

/// The absolute error of one prediction z of a number y: |z - y| (Boscovich, 1757; Laplace, 1793). Its minimum
/// is the median. Same numbers as torch.nn.L1Loss.
struct absolute {
    template <class V>
    DESCENT_FN V value(V z, V y) const {
        return abs(z - y);
    }

    /// The sign of z - y; 0, a subgradient, where they are equal.
    template <class V>
    DESCENT_FN V slope(V z, V y) const {
        return sign(z - y);
    }
};

}  // namespace descent::loss
