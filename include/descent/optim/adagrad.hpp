// SPDX-License-Identifier: MIT
#pragma once

#include <descent/core/math.hpp>
#include <descent/optim/check.hpp>
#include <descent/optim/rule.hpp>

namespace descent {

/// Adagrad (Duchi, Hazan & Singer, 2011): s <- s + u^2, u <- u / (sqrt(s) + epsilon) / (1 + (t - 1)
/// rate_decay); s starts at `initial`. Same numbers as torch.optim.Adagrad. Throws descent::error for a member
/// that is negative or not finite.
struct adagrad {
    double epsilon = 1e-10, rate_decay = 0, initial = 0;

    static constexpr bool forgets_rate = true;

    template <class T>
    struct kernel {
        static constexpr int slots = 1;  // s
        T gain, epsilon, initial;

        template <class V>
        DESCENT_FN V init(int /*slot*/, V /*w*/) const {
            return V(initial);
        }

        template <class V>
        DESCENT_FN V operator()(V u, V /*w*/, V* slot) const {
            *slot = fused_multiply_add(u, u, *slot);
            return gain * u / (sqrt(*slot) + epsilon);
        }
    };

    template <class T>
    kernel<T> at(step_count now) const {
        return {T(1 / (1 + double(now.step - 1) * rate_decay)), T(epsilon), T(initial)};
    }

    void check() const {
        detail::check_not_negative("adagrad: epsilon", epsilon);
        detail::check_not_negative("adagrad: rate_decay", rate_decay);
        detail::check_not_negative("adagrad: initial", initial);
    }
};
static_assert(update_rule<adagrad>);

}  // namespace descent
