// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>

#include <descent/core/math.hpp>
#include <descent/optim/check.hpp>
#include <descent/optim/rule.hpp>

namespace descent {

/// Yogi (Zaheer et al., 2018, algorithm 2): adam, where v moves by a step of u^2 at most,
/// v <- v - (1 - beta2) sign(v - u^2) u^2. Same numbers as optax.yogi: m and v start at `initial`, both are
/// bias-corrected. Throws descent::error for a beta outside [0, 1), or an epsilon or initial that is negative
/// or not finite.
struct yogi {
    double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-3, initial = 1e-6;

    static constexpr bool forgets_rate = true;

    template <class T>
    struct kernel {
        static constexpr int slots = 2;  // m, v
        T gain1, gain2, unbias1, unbias2, epsilon, initial;

        template <class V>
        DESCENT_FN V init(int /*slot*/, V /*w*/) const {
            return V(initial);
        }

        template <class V>
        DESCENT_FN V operator()(V u, V /*w*/, V* slot) const {
            V& m = slot[0];
            V& v = slot[1];
            V const power = u * u;
            m = lerp(m, u, gain1);
            v = fused_multiply_add(-sign(v - power), gain2 * power, v);
            return unbias1 * m / (sqrt(unbias2 * v) + epsilon);
        }
    };

    template <class T>
    kernel<T> at(step_count now) const {
        auto const unbias = [t = double(now.step)](double beta) { return T(1 / (1 - std::pow(beta, t))); };
        return {T(1 - beta1), T(1 - beta2), unbias(beta1), unbias(beta2), T(epsilon), T(initial)};
    }

    void check() const {
        detail::check_fraction("yogi: beta1", beta1);
        detail::check_fraction("yogi: beta2", beta2);
        detail::check_not_negative("yogi: epsilon", epsilon);
        detail::check_not_negative("yogi: initial", initial);
    }
};
static_assert(update_rule<yogi>);

}  // namespace descent
