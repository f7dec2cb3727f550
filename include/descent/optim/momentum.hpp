// SPDX-License-Identifier: MIT
#pragma once

#include <descent/core/math.hpp>
#include <descent/optim/check.hpp>
#include <descent/optim/rule.hpp>

namespace descent {

/// Heavy-ball momentum (Polyak, 1964; Sutskever et al., 2013): b <- beta b + (1 - dampening) u, u <- b. The
/// first step takes u undamped, and the rate stands outside the buffer: same numbers as
/// torch.optim.SGD(momentum). averaged = true: b <- beta b + (1 - beta) u from the first step on (optax.ema
/// without debiasing). Throws descent::error for beta or dampening outside [0, 1), or dampening != 0 where
/// averaged.
struct momentum {
    double beta = 0.9, dampening = 0;
    bool averaged = false;

    template <class T>
    struct kernel {
        static constexpr int slots = 1;  // b
        T beta, gain;

        template <class V>
        DESCENT_FN V operator()(V u, V /*w*/, V* b) const {
            return *b = fused_multiply_add(V(beta), *b, gain * u);
        }
    };

    template <class T>
    kernel<T> at(step_count now) const {
        double const damped = now.step == 1 ? 1 : 1 - dampening;
        return {T(beta), T(averaged ? 1 - beta : damped)};
    }

    void check() const {
        detail::check_fraction("momentum: beta", beta);
        detail::check_fraction("momentum: dampening", dampening);
        expect(!averaged || dampening == 0, "momentum: dampening = ", dampening, ": must be 0 where averaged");
    }
};
static_assert(update_rule<momentum>);

}  // namespace descent
