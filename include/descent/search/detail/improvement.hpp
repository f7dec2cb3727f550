// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>

namespace descent::search::detail {

inline double normal_density(double z) { return 0.39894228040143267794 * std::exp(-0.5 * z * z); }
inline double normal_below(double z) { return 0.5 * std::erfc(-0.70710678118654752440 * z); }

/// log(phi(z) + z Phi(z)) and its slope Phi(z) / (phi(z) + z Phi(z)): the logarithm of the expected improvement
/// of a standard normal over z (Ament, Daulton, Eriksson, Balandat & Bakshy, 2023). Never -inf nor 0 for finite
/// z.
struct log_improvement {
    double value, slope;
};
inline log_improvement log_expected(double z) {
    if (z > -25) {  // the difference loses only z^2 roundings
        double const below = normal_below(z), h = normal_density(z) + z * below;
        return {std::log(h), below / h};
    }
    // phi(z) + z Phi(z) = phi(z) / z^2 (1 - 3 / z^2 + 15 / z^4 - 105 / z^6 + 945 / z^8 ...); z Phi(z) likewise.
    double const q = 1 / (z * z);
    double const h = 1 + q * (-3 + q * (15 + q * (-105 + q * 945)));
    double const below = 1 + q * (-1 + q * (3 + q * (-15 + q * 105)));
    return {-0.5 * z * z - 0.91893853320467274178 + std::log(q * h), -z * below / h};
}

/// log Phi(z) and its slope.
inline log_improvement log_probability(double z) {
    if (z > -25) {
        double const below = normal_below(z);
        return {std::log(below), normal_density(z) / below};
    }
    double const q = 1 / (z * z), below = 1 + q * (-1 + q * (3 + q * (-15 + q * 105)));
    return {-0.5 * z * z - 0.91893853320467274178 + std::log(-below / z), -z / below};
}

}  // namespace descent::search::detail
