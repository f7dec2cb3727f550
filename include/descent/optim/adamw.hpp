// SPDX-License-Identifier: MIT
#pragma once

#include <descent/optim/adam.hpp>
#include <descent/optim/chain.hpp>
#include <descent/optim/check.hpp>
#include <descent/optim/decay.hpp>
#include <descent/optim/rule.hpp>

namespace descent {

/// AdamW (Loshchilov & Hutter, 2019): adam, then decoupled weight decay, as one rule; the rate behind it scales
/// both. Same numbers as torch.optim.AdamW. Throws descent::error for a beta outside [0, 1), or an epsilon or a
/// decay that is negative or not finite.
struct adamw {
    double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, decay = 0.01;

    static constexpr bool forgets_rate = true;

    template <class T>
    auto at(step_count now) const {
        return join_kernels(adam{beta1, beta2, epsilon}.at<T>(now), descent::decay{decay}.at<T>(now));
    }

    void check() const {
        detail::check_fraction("adamw: beta1", beta1);
        detail::check_fraction("adamw: beta2", beta2);
        detail::check_not_negative("adamw: epsilon", epsilon);
        detail::check_not_negative("adamw: decay", decay);
    }
};
static_assert(update_rule<adamw>);

}  // namespace descent
