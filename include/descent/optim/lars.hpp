// SPDX-License-Identifier: MIT
#pragma once

#include <descent/optim/chain.hpp>
#include <descent/optim/check.hpp>
#include <descent/optim/l2.hpp>
#include <descent/optim/momentum.hpp>
#include <descent/optim/rule.hpp>
#include <descent/optim/trust_ratio.hpp>

namespace descent {

/// LARS (You, Gitman & Ginsburg, 2017): l2, the trust ratio of each tensor, then momentum, as one rule. Same
/// numbers as optax.lars while the rate is constant (optax puts it inside the buffer). With Nesterov momentum:
/// chain(l2{}, trust_ratio{0.001}, nesterov{}, rate{...}). Throws descent::error for a coefficient that is not
/// finite and > 0, beta outside [0, 1), or a lambda or an epsilon that is negative or not finite.
struct lars {
    double coefficient = 0.001, beta = 0.9, lambda = 0, epsilon = 0;

    static constexpr bool forgets_rate = true;

    template <class T>
    auto at(step_count now) const {
        return join_kernels(l2{lambda}.at<T>(now), trust_ratio{coefficient, epsilon}.at<T>(now),
                            momentum{.beta = beta}.at<T>(now));
    }

    void check() const {
        detail::check_positive("lars: coefficient", coefficient);
        detail::check_fraction("lars: beta", beta);
        detail::check_not_negative("lars: lambda", lambda);
        detail::check_not_negative("lars: epsilon", epsilon);
    }
};
static_assert(update_rule<lars>);

}  // namespace descent
