// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>

#include <descent/core/math.hpp>
#include <descent/optim/check.hpp>
#include <descent/optim/rule.hpp>

namespace descent {

/// Rectified Adam (Liu et al., 2020, algorithm 2): with R = 2 / (1 - beta2) - 1 and
/// r = R - 2 t beta2^t / (1 - beta2^t), where r > 5
/// u <- m_hat sqrt((r - 4) (r - 2) R / ((R - 4) (R - 2) r)) sqrt(1 - beta2^t) / (sqrt(v) + epsilon), else u <-
/// m_hat. Same numbers as torch.optim.RAdam: epsilon is added before the correction, unlike in adam. Throws
/// descent::error for a beta outside [0, 1), or an epsilon that is negative or not finite.
struct radam {
    double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;

    static constexpr bool forgets_rate = true;

    template <class T>
    struct kernel {
        static constexpr int slots = 2;  // m, v
        T gain1, gain2, unbias1, rectified, epsilon;
        bool adaptive;

        template <class V>
        DESCENT_FN V operator()(V u, V /*w*/, V* slot) const {
            V& m = slot[0];
            V& v = slot[1];
            m = lerp(m, u, gain1);
            v = lerp(v, u * u, gain2);
            V const mean = unbias1 * m;
            return adaptive ? mean * rectified / (sqrt(v) + epsilon) : mean;
        }
    };

    template <class T>
    kernel<T> at(step_count now) const {
        double const t = double(now.step), power = std::pow(beta2, t), limit = 2 / (1 - beta2) - 1;
        double const r = limit - 2 * t * power / (1 - power);
        double const share = (r - 4) * (r - 2) * limit / ((limit - 4) * (limit - 2) * r);
        return {T(1 - beta1),
                T(1 - beta2),
                T(1 / (1 - std::pow(beta1, t))),
                T(r > 5 ? std::sqrt(share * (1 - power)) : 1),
                T(epsilon),
                r > 5};
    }

    void check() const {
        detail::check_fraction("radam: beta1", beta1);
        detail::check_fraction("radam: beta2", beta2);
        detail::check_not_negative("radam: epsilon", epsilon);
    }
};
static_assert(update_rule<radam>);

}  // namespace descent
