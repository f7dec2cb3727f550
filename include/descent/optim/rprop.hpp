// SPDX-License-Identifier: MIT
#pragma once

#include <descent/core/math.hpp>
#include <descent/optim/check.hpp>
#include <descent/optim/rule.hpp>

namespace descent {

/// Resilient propagation (Riedmiller & Braun, 1993; the variant without backtracking), for full batches: each
/// weight has a step size of its own, which starts at `step`, grows by eta_plus while the gradient keeps its
/// sign and shrinks by eta_minus when it flips; after a flip the gradient counts as 0 once. u <- sign(u) step.
/// Same numbers as torch.optim.Rprop, whose lr is `step`; it takes no rate. Throws descent::error for eta_minus
/// outside (0, 1), eta_plus not finite and > 1, a step that is not finite and > 0, or step_min > step_max.
struct rprop {
    double step = 1e-2, eta_minus = 0.5, eta_plus = 1.2, step_min = 1e-6, step_max = 50;

    static constexpr bool sets_rate = true;
    static constexpr bool forgets_rate = true;

    template <class T>
    struct kernel {
        static constexpr int slots = 2;  // the gradient before, the step
        static constexpr bool exact = true;
        T eta_minus, eta_plus, step_min, step_max, step;

        template <class V>
        DESCENT_FN V init(int slot, V /*w*/) const {
            return V(slot ? step : T(0));
        }

        template <class V>
        DESCENT_FN V operator()(V u, V /*w*/, V* slot) const {
            V const agreement = u * slot[0];
            auto const flipped = agreement < V(0);
            V const factor = select(agreement > V(0), V(eta_plus), select(flipped, V(eta_minus), V(1)));
            slot[1] = clamp(slot[1] * factor, step_min, step_max);
            slot[0] = select(flipped, V(0), u);
            return sign(slot[0]) * slot[1];
        }
    };

    template <class T>
    kernel<T> at(step_count) const {
        return {T(eta_minus), T(eta_plus), T(step_min), T(step_max), T(step)};
    }

    void check() const {
        expect(eta_minus > 0 && eta_minus < 1, "rprop: eta_minus = ", eta_minus, ": must be in (0, 1)");
        detail::check_positive("rprop: eta_plus", eta_plus);
        expect(eta_plus > 1, "rprop: eta_plus = ", eta_plus, ": must be > 1");
        detail::check_positive("rprop: step", step);
        detail::check_positive("rprop: step_min", step_min);
        detail::check_positive("rprop: step_max", step_max);
        expect(step_min <= step_max, "rprop: step_min = ", step_min, ": must be <= step_max = ", step_max);
    }
};
static_assert(update_rule<rprop>);

}  // namespace descent
