// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>

#include <descent/core/math.hpp>
#include <descent/optim/check.hpp>
#include <descent/optim/rule.hpp>

namespace descent {

/// Adam (Kingma & Ba, 2015, algorithm 1): m <- beta1 m + (1 - beta1) u, v <- beta2 v + (1 - beta2) u^2,
/// u <- m_hat / (sqrt(v_hat) + epsilon), where m_hat = m / (1 - beta1^t), v_hat = v / (1 - beta2^t).
/// Same numbers as torch.optim.Adam. Throws descent::error for a beta outside [0, 1) or epsilon < 0.
struct adam {
    double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;

    static constexpr bool forgets_rate = true;

    template <class T>
    struct kernel {
        static constexpr int slots = 2;  // m, v
        T gain1, gain2, unbias1, unbias2, epsilon;

        template <class V>
        DESCENT_FN V operator()(V u, V /*w*/, V* slot) const {
            V& m = slot[0];
            V& v = slot[1];
            m = lerp(m, u, gain1);
            v = lerp(v, u * u, gain2);
            return unbias1 * m / (sqrt(unbias2 * v) + epsilon);
        }
    };

    template <class T>
    kernel<T> at(step_count now) const {
        auto const unbias = [t = double(now.step)](double beta) { return T(1 / (1 - std::pow(beta, t))); };
        return {T(1 - beta1), T(1 - beta2), unbias(beta1), unbias(beta2), T(epsilon)};
    }

    void check() const {
        detail::check_fraction("adam: beta1", beta1);
        detail::check_fraction("adam: beta2", beta2);
        detail::check_not_negative("adam: epsilon", epsilon);
    }
};
static_assert(update_rule<adam>);

}  // namespace descent
