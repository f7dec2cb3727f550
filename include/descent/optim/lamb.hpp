// SPDX-License-Identifier: MIT
#pragma once

#include <descent/optim/adam.hpp>
#include <descent/optim/chain.hpp>
#include <descent/optim/check.hpp>
#include <descent/optim/decay.hpp>
#include <descent/optim/rule.hpp>
#include <descent/optim/trust_ratio.hpp>

namespace descent {

/// LAMB (You et al., 2020, algorithm 2): adam, decoupled weight decay, then the trust ratio of each tensor, as
/// one rule. Same numbers as optax.lamb. Throws descent::error for a beta outside [0, 1), or an epsilon or a
/// decay that is negative or not finite.
struct lamb {
    double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-6, decay = 0;

    static constexpr bool forgets_rate = true;

    template <class T>
    auto at(step_count now) const {
        return join_kernels(adam{beta1, beta2, epsilon}.at<T>(now), descent::decay{decay}.at<T>(now),
                            trust_ratio{}.at<T>(now));
    }

    void check() const {
        detail::check_fraction("lamb: beta1", beta1);
        detail::check_fraction("lamb: beta2", beta2);
        detail::check_not_negative("lamb: epsilon", epsilon);
        detail::check_not_negative("lamb: decay", decay);
    }
};
static_assert(update_rule<lamb>);

}  // namespace descent
