// SPDX-License-Identifier: MIT
#pragma once

#include <descent/core/math.hpp>
#include <descent/optim/check.hpp>
#include <descent/optim/rule.hpp>

namespace descent {

/// Adadelta (Zeiler, 2012, algorithm 1): v <- rho v + (1 - rho) u^2, u <- u sqrt(d + epsilon) / sqrt(v +
/// epsilon), d <- rho d + (1 - rho) u^2; made for rate 1. Same numbers as torch.optim.Adadelta. Throws
/// descent::error for rho outside [0, 1), or an epsilon that is not finite and > 0 (with 0 no weight would ever
/// move).
struct adadelta {
    double rho = 0.9, epsilon = 1e-6;

    static constexpr bool sets_rate = true;  // 1 is its rate
    static constexpr bool forgets_rate = true;

    template <class T>
    struct kernel {
        static constexpr int slots = 2;  // v, d
        T gain, epsilon;

        template <class V>
        DESCENT_FN V operator()(V u, V /*w*/, V* slot) const {
            V& v = slot[0];
            V& d = slot[1];
            v = lerp(v, u * u, gain);
            V const moved = sqrt(d + epsilon) / sqrt(v + epsilon) * u;
            d = lerp(d, moved * moved, gain);
            return moved;
        }
    };

    template <class T>
    kernel<T> at(step_count) const {
        return {T(1 - rho), T(epsilon)};
    }

    void check() const {
        detail::check_fraction("adadelta: rho", rho);
        detail::check_positive("adadelta: epsilon", epsilon);
    }
};
static_assert(update_rule<adadelta>);

}  // namespace descent
