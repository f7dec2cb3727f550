// SPDX-License-Identifier: MIT
#pragma once

#include <descent/core/math.hpp>
#include <descent/optim/check.hpp>
#include <descent/optim/rule.hpp>

namespace descent {

/// Decoupled weight decay (Loshchilov & Hutter, 2019): u <- u + lambda w. Behind adam{} and before rate{} this
/// is AdamW; the decay is scaled by the rate, as in torch. Throws descent::error for a negative or non-finite
/// lambda.
struct decay {
    double lambda = 0.01;

    template <class T>
    struct kernel {
        static constexpr int slots = 0;
        T lambda;

        template <class V>
        DESCENT_FN V operator()(V u, V w, V* /*slot*/) const {
            return fused_multiply_add(V(lambda), w, u);
        }
    };

    template <class T>
    kernel<T> at(step_count) const {
        return {T(lambda)};
    }

    void check() const { detail::check_not_negative("decay: lambda", lambda); }
};
static_assert(update_rule<decay>);

}  // namespace descent
