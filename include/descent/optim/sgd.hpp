// SPDX-License-Identifier: MIT
#pragma once

#include <descent/optim/rule.hpp>

namespace descent {

/// Gradient descent (Cauchy, 1847; stochastic: Robbins & Monro, 1951): u <- g. Full-batch, single-sample and
/// mini-batch descent are this rule with another batch policy. Same numbers as torch.optim.SGD without
/// momentum.
struct sgd {
    template <class T>
    struct kernel {
        static constexpr int slots = 0;

        template <class V>
        DESCENT_FN V operator()(V u, V /*w*/, V* /*slot*/) const {
            return u;
        }
    };

    template <class T>
    kernel<T> at(step_count) const {
        return {};
    }
};
static_assert(update_rule<sgd>);

}  // namespace descent
