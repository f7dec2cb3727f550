// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>

namespace descent {

/// The curve by which a schedule goes from one value to another.
enum class anneal : std::uint8_t {
    linear,          ///< a straight line
    cosine,          ///< half a wave, flat at both ends
    one_minus_sqrt,  ///< fast first: 1 - sqrt(share) of the way is left (Hägele et al., 2024)
};

/// The value between `from` (share = 0) and `to` (share = 1) on the curve.
inline double anneal_between(anneal curve, double from, double to, double share) {
    switch (curve) {
        case anneal::cosine:
            return to + (from - to) / 2 * (1 + std::cos(std::numbers::pi * share));
        case anneal::one_minus_sqrt:
            return to + (from - to) * (1 - std::sqrt(share));
        case anneal::linear:
            break;
    }
    return from + (to - from) * share;
}

}  // namespace descent
