// SPDX-License-Identifier: MIT
#pragma once

#include <descent/core/math.hpp>
#include <descent/optim/rule.hpp>

namespace descent {

/// Sign descent (Bernstein et al., 2018): u <- sign(u), 0 where u is 0. Same numbers as optax.sign_sgd; behind
/// momentum{} it is signum.
struct sign_sgd {
    static constexpr bool forgets_rate = true;

    template <class T>
    struct kernel {
        static constexpr int slots = 0;

        template <class V>
        DESCENT_FN V operator()(V u, V /*w*/, V* /*slot*/) const {
            return sign(u);
        }
    };

    template <class T>
    kernel<T> at(step_count) const {
        return {};
    }
};
static_assert(update_rule<sign_sgd>);

}  // namespace descent
