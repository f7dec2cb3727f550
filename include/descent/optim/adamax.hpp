// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>

#include <descent/core/math.hpp>
#include <descent/optim/check.hpp>
#include <descent/optim/rule.hpp>

namespace descent {

/// AdaMax (Kingma & Ba, 2015, algorithm 2): m <- beta1 m + (1 - beta1) u, n <- max(beta2 n, |u| + epsilon),
/// u <- m_hat / n, where m_hat = m / (1 - beta1^t). Same numbers as torch.optim.Adamax. Throws descent::error
/// for a beta outside [0, 1), or an epsilon that is not finite and > 0 (with 0, a zero gradient would give 0 /
/// 0).
struct adamax {
    double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;

    static constexpr bool forgets_rate = true;

    template <class T>
    struct kernel {
        static constexpr int slots = 2;  // m, n
        T gain1, beta2, unbias1, epsilon;

        template <class V>
        DESCENT_FN V operator()(V u, V /*w*/, V* slot) const {
            V& m = slot[0];
            V& n = slot[1];
            m = lerp(m, u, gain1);
            n = max(abs(u) + epsilon, beta2 * n);
            return unbias1 * m / n;
        }
    };

    template <class T>
    kernel<T> at(step_count now) const {
        return {T(1 - beta1), T(beta2), T(1 / (1 - std::pow(beta1, double(now.step)))), T(epsilon)};
    }

    void check() const {
        detail::check_fraction("adamax: beta1", beta1);
        detail::check_fraction("adamax: beta2", beta2);
        detail::check_positive("adamax: epsilon", epsilon);
    }
};
static_assert(update_rule<adamax>);

}  // namespace descent
