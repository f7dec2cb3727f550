// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>

#include <descent/core/math.hpp>
#include <descent/optim/check.hpp>
#include <descent/optim/rule.hpp>

namespace descent {

/// Nadam (Dozat, 2016): adam with Nesterov's look ahead and a momentum that warms up,
/// mu_t = beta1 (1 - 0.96^(t momentum_decay) / 2), P = mu_1 ... mu_t:
/// u <- ((1 - mu_t) / (1 - P) u + mu_{t+1} / (1 - P mu_{t+1}) m) / (sqrt(v_hat) + epsilon).
/// Same numbers as torch.optim.NAdam. The product P is the rule's memory. Throws descent::error for a beta
/// outside [0, 1), or an epsilon or momentum_decay that is negative or not finite.
struct nadam {
    double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, momentum_decay = 4e-3;

    static constexpr int memory = 1;  // P
    static constexpr bool forgets_rate = true;

    template <class T>
    struct kernel {
        static constexpr int slots = 2;  // m, v
        T gain1, gain2, now, next, unbias2, epsilon;

        template <class V>
        DESCENT_FN V operator()(V u, V /*w*/, V* slot) const {
            V& m = slot[0];
            V& v = slot[1];
            m = lerp(m, u, gain1);
            v = lerp(v, u * u, gain2);
            return fused_multiply_add(V(now), u, next * m) / (sqrt(unbias2 * v) + epsilon);
        }
    };

    template <class T>
    kernel<T> at(step_count now, double* product) const {
        double const t = double(now.step);
        auto const mu = [this](double step) {
            return beta1 * (1 - 0.5 * std::pow(0.96, step * momentum_decay));
        };
        *product *= mu(t);
        return {T(1 - beta1),
                T(1 - beta2),
                T((1 - mu(t)) / (1 - *product)),
                T(mu(t + 1) / (1 - *product * mu(t + 1))),
                T(1 / (1 - std::pow(beta2, t))),
                T(epsilon)};
    }

    void start(double* product) const { *product = 1; }

    void check() const {
        detail::check_fraction("nadam: beta1", beta1);
        detail::check_fraction("nadam: beta2", beta2);
        detail::check_not_negative("nadam: epsilon", epsilon);
        detail::check_not_negative("nadam: momentum_decay", momentum_decay);
    }
};
static_assert(update_rule<nadam>);

}  // namespace descent
