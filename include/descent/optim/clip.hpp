// SPDX-License-Identifier: MIT
#pragma once

#include <descent/core/math.hpp>
#include <descent/optim/check.hpp>
#include <descent/optim/rule.hpp>

namespace descent {

/// Clips each element of the update to [-bound, bound]; NaN stays NaN. Same numbers as optax.clip and torch's
/// clip_grad_value_. Throws descent::error for a bound that is not finite and > 0.
struct clip {
    double bound = 1;

    template <class T>
    struct kernel {
        static constexpr int slots = 0;
        T bound;

        template <class V>
        DESCENT_FN V operator()(V u, V /*w*/, V* /*slot*/) const {
            return clamp(u, -bound, bound);
        }
    };

    template <class T>
    kernel<T> at(step_count) const {
        return {T(bound)};
    }

    void check() const { detail::check_positive("clip: bound", bound); }
};
static_assert(update_rule<clip>);

}  // namespace descent
