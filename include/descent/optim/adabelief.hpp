// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>

#include <descent/core/math.hpp>
#include <descent/optim/check.hpp>
#include <descent/optim/rule.hpp>

namespace descent {

/// AdaBelief (Zhuang et al., 2020, algorithm 2): adam, where v follows how far u is from m,
/// v <- beta2 v + (1 - beta2) (u - m)^2 + epsilon_root with the new m. Same numbers as optax.adabelief. Throws
/// descent::error for a beta outside [0, 1), or an epsilon that is negative or not finite.
struct adabelief {
    double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-16, epsilon_root = 1e-16;

    static constexpr bool forgets_rate = true;

    template <class T>
    struct kernel {
        static constexpr int slots = 2;  // m, v
        T gain1, gain2, unbias1, unbias2, epsilon, epsilon_root;

        template <class V>
        DESCENT_FN V operator()(V u, V /*w*/, V* slot) const {
            V& m = slot[0];
            V& v = slot[1];
            m = lerp(m, u, gain1);
            V const surprise = u - m;
            v = lerp(v, surprise * surprise, gain2) + epsilon_root;
            return unbias1 * m / (sqrt(unbias2 * v) + epsilon);
        }
    };

    template <class T>
    kernel<T> at(step_count now) const {
        auto const unbias = [t = double(now.step)](double beta) { return T(1 / (1 - std::pow(beta, t))); };
        return {T(1 - beta1), T(1 - beta2), unbias(beta1), unbias(beta2), T(epsilon), T(epsilon_root)};
    }

    void check() const {
        detail::check_fraction("adabelief: beta1", beta1);
        detail::check_fraction("adabelief: beta2", beta2);
        detail::check_not_negative("adabelief: epsilon", epsilon);
        detail::check_not_negative("adabelief: epsilon_root", epsilon_root);
    }
};
static_assert(update_rule<adabelief>);

}  // namespace descent
