// SPDX-License-Identifier: MIT
#pragma once

#include <descent/core/math.hpp>
#include <descent/optim/check.hpp>
#include <descent/optim/rule.hpp>

namespace descent {

/// RMSprop (Tieleman & Hinton, 2012): v <- alpha v + (1 - alpha) u^2, u <- u / (sqrt(v) + epsilon). Same
/// numbers as torch.optim.RMSprop: epsilon outside the root, no bias correction. Its momentum is the next rule
/// of a chain, chain(rmsprop{}, momentum{0.9}, rate{1e-2}), and its centered form is rmsprop_centered, so that
/// plain RMSprop pays for one slot alone. Throws descent::error for alpha outside [0, 1), or an epsilon that is
/// negative or not finite.
struct rmsprop {
    double alpha = 0.99, epsilon = 1e-8;

    static constexpr bool forgets_rate = true;

    template <class T>
    struct kernel {
        static constexpr int slots = 1;  // v
        T gain, epsilon;

        template <class V>
        DESCENT_FN V operator()(V u, V /*w*/, V* slot) const {
            *slot = lerp(*slot, u * u, gain);
            return u / (sqrt(*slot) + epsilon);
        }
    };

    template <class T>
    kernel<T> at(step_count) const {
        return {T(1 - alpha), T(epsilon)};
    }

    void check() const {
        detail::check_fraction("rmsprop: alpha", alpha);
        detail::check_not_negative("rmsprop: epsilon", epsilon);
    }
};
static_assert(update_rule<rmsprop>);

}  // namespace descent
