// SPDX-License-Identifier: MIT
#pragma once

#include <descent/core/math.hpp>
#include <descent/optim/check.hpp>
#include <descent/optim/rule.hpp>

namespace descent {

/// Lion (Chen et al., 2023, algorithm 2): u <- sign(beta1 m + (1 - beta1) u), then
/// m <- beta2 m + (1 - beta2) times the old u. Same numbers as optax.lion and bitsandbytes; their weight decay
/// is the next rule of a chain, chain(lion{}, decay{1e-3}, rate{1e-4}). Throws descent::error for a beta
/// outside [0, 1).
struct lion {
    double beta1 = 0.9, beta2 = 0.99;

    static constexpr bool forgets_rate = true;

    template <class T>
    struct kernel {
        static constexpr int slots = 1;  // m
        T gain1, gain2;

        template <class V>
        DESCENT_FN V operator()(V u, V /*w*/, V* slot) const {
            V const blend = lerp(*slot, u, gain1);
            *slot = lerp(*slot, u, gain2);
            return sign(blend);
        }
    };

    template <class T>
    kernel<T> at(step_count) const {
        return {T(1 - beta1), T(1 - beta2)};
    }

    void check() const {
        detail::check_fraction("lion: beta1", beta1);
        detail::check_fraction("lion: beta2", beta2);
    }
};
static_assert(update_rule<lion>);

}  // namespace descent
