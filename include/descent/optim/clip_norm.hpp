// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>

#include <descent/core/math.hpp>
#include <descent/optim/check.hpp>
#include <descent/optim/rule.hpp>

namespace descent {

/// Clips the update to a Euclidean norm over all tensors (Pascanu, Mikolov & Bengio, 2013):
/// u <- u min(1, bound / (|u| + epsilon)). A barrier: one more pass over memory. Same numbers as
/// optax.clip_by_global_norm; with epsilon = 1e-6, as torch.nn.utils.clip_grad_norm_. A NaN or Inf in u
/// gives NaN weights, as there: watch report.status; a finite u whose squares overflow T gives a step of 0.
/// Throws descent::error for a bound that is not finite and > 0, or an epsilon that is negative or not finite.
struct clip_norm {
    double bound = 1, epsilon = 0;

    template <class T>
    struct kernel {
        static constexpr int slots = 0;
        static constexpr int sums = 1;
        T scale;
        double bound, epsilon;

        template <class V>
        DESCENT_FN void measure(V u, V /*w*/, V* sum) const {
            sum[0] = fused_multiply_add(u, u, sum[0]);
        }
        void settle(double const* sum) {
            double const norm = std::sqrt(sum[0]) + epsilon;
            scale = T(norm <= bound ? 1 : bound / norm);
        }

        template <class V>
        DESCENT_FN V operator()(V u, V /*w*/, V* /*slot*/) const {
            return scale * u;
        }
    };

    template <class T>
    kernel<T> at(step_count) const {
        return {T(1), bound, epsilon};
    }

    void check() const {
        detail::check_positive("clip_norm: bound", bound);
        detail::check_not_negative("clip_norm: epsilon", epsilon);
    }
};
static_assert(update_rule<clip_norm>);

}  // namespace descent
