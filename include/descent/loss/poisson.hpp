// SPDX-License-Identifier: MIT
#pragma once

#include <descent/core/config.hpp>
#include <descent/core/math.hpp>

namespace descent::loss {

/// The Poisson loss of a log rate z for a count y >= 0 (Nelder & Wedderburn, 1972): e^z - y z, the negative log
/// likelihood under P(y) = e^{z y} e^{-e^z} / y! less log y!, which no score changes. Same numbers as
/// torch.nn.PoissonNLLLoss. e^z is what it is: infinite from z = 88.8 in float, 709.8 in double.
struct poisson {
    template <class V>
    DESCENT_FN V value(V z, V y) const {
        return fused_multiply_add(-y, z, exp(z));
    }

    /// e^z - y: the rate less the count.
    template <class V>
    DESCENT_FN V slope(V z, V y) const {
        return exp(z) - y;
    }

    /// e^z: the rate, which is the variance. It has no bound.
    template <class V>
    DESCENT_FN V curvature(V z, V /*y*/) const {
        return exp(z);
    }
};

}  // namespace descent::loss
