// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>

#include <descent/core/math.hpp>
#include <descent/optim/check.hpp>
#include <descent/optim/rule.hpp>

namespace descent {

/// AMSGrad (Reddi, Kale & Kumar, 2018): adam, where the largest v so far takes the place of v. As in
/// torch.optim.Adam(amsgrad = True) it is the raw v that is compared, and its largest that is bias-corrected.
/// Throws descent::error for a beta outside [0, 1), or an epsilon that is negative or not finite.
struct amsgrad {
    double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;

    static constexpr bool forgets_rate = true;

    template <class T>
    struct kernel {
        static constexpr int slots = 3;  // m, v, the largest v
        T gain1, gain2, unbias1, unbias2, epsilon;

        template <class V>
        DESCENT_FN V operator()(V u, V /*w*/, V* slot) const {
            V& m = slot[0];
            V& v = slot[1];
            m = lerp(m, u, gain1);
            v = lerp(v, u * u, gain2);
            slot[2] = max(v, slot[2]);
            return unbias1 * m / (sqrt(unbias2 * slot[2]) + epsilon);
        }
    };

    template <class T>
    kernel<T> at(step_count now) const {
        auto const unbias = [t = double(now.step)](double beta) { return T(1 / (1 - std::pow(beta, t))); };
        return {T(1 - beta1), T(1 - beta2), unbias(beta1), unbias(beta2), T(epsilon)};
    }

    void check() const {
        detail::check_fraction("amsgrad: beta1", beta1);
        detail::check_fraction("amsgrad: beta2", beta2);
        detail::check_not_negative("amsgrad: epsilon", epsilon);
    }
};
static_assert(update_rule<amsgrad>);

}  // namespace descent
