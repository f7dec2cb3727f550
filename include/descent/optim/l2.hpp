// SPDX-License-Identifier: MIT
#pragma once

#include <descent/optim/check.hpp>
#include <descent/optim/decay.hpp>
#include <descent/optim/rule.hpp>

namespace descent {

/// The gradient of an L2 penalty lambda / 2 |w|^2 (Tikhonov): u <- u + lambda w before the rule sees u, as
/// weight_decay does in torch.optim.SGD and Adam. Behind the rule the same arithmetic is decay{}, decoupled.
/// Throws descent::error for a lambda that is negative or not finite.
struct l2 {
    double lambda = 1e-4;

    template <class T>
    decay::kernel<T> at(step_count) const {
        return {T(lambda)};
    }

    void check() const { detail::check_not_negative("l2: lambda", lambda); }
};
static_assert(update_rule<l2>);

}  // namespace descent
