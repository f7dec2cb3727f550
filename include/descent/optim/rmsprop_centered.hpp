// SPDX-License-Identifier: MIT
#pragma once

#include <descent/core/math.hpp>
#include <descent/optim/check.hpp>
#include <descent/optim/rule.hpp>

namespace descent {

/// Centered RMSprop (Graves, 2013): v <- alpha v + (1 - alpha) u^2, m <- alpha m + (1 - alpha) u,
/// u <- u / (sqrt(v - m^2) + epsilon). Same numbers as torch.optim.RMSprop(centered = True); with momentum:
/// chain(rmsprop_centered{}, momentum{0.9}, rate{1e-2}). Throws descent::error for alpha outside [0, 1), or an
/// epsilon that is negative or not finite.
struct rmsprop_centered {
    double alpha = 0.99, epsilon = 1e-8;

    static constexpr bool forgets_rate = true;

    template <class T>
    struct kernel {
        static constexpr int slots = 2;  // v, m
        T gain, epsilon;

        template <class V>
        DESCENT_FN V operator()(V u, V /*w*/, V* slot) const {
            V& v = slot[0];
            V& m = slot[1];
            v = lerp(v, u * u, gain);
            m = lerp(m, u, gain);
            V const variance = max(fused_multiply_add(-m, m, v), V(0));  // rounding may leave it below 0
            return u / (sqrt(variance) + epsilon);
        }
    };

    template <class T>
    kernel<T> at(step_count) const {
        return {T(1 - alpha), T(epsilon)};
    }

    void check() const {
        detail::check_fraction("rmsprop_centered: alpha", alpha);
        detail::check_not_negative("rmsprop_centered: epsilon", epsilon);
    }
};
static_assert(update_rule<rmsprop_centered>);

}  // namespace descent
