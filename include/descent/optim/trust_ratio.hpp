// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>

#include <descent/core/math.hpp>
#include <descent/optim/check.hpp>
#include <descent/optim/rule.hpp>

namespace descent {

/// Layer-wise trust ratio (You, Gitman & Ginsburg, 2017): u <- u coefficient |w| / (|u| + epsilon) with the
/// Euclidean norms of each tensor; tensors where either norm is 0 keep u. A barrier: one more pass over memory.
/// Same numbers as optax.scale_by_trust_ratio. Throws descent::error for a coefficient that is not finite and >
/// 0, or an epsilon that is negative or not finite.
struct trust_ratio {
    double coefficient = 1, epsilon = 0;

    static constexpr bool forgets_rate = true;

    template <class T>
    struct kernel {
        static constexpr int slots = 0;
        static constexpr int sums = 2;
        static constexpr bool per_tensor = true;
        T ratio;
        double coefficient, epsilon;

        template <class V>
        DESCENT_FN void measure(V u, V w, V* sum) const {
            sum[0] = fused_multiply_add(u, u, sum[0]);
            sum[1] = fused_multiply_add(w, w, sum[1]);
        }
        void settle(double const* sum) {
            double const update = std::sqrt(sum[0]), weights = std::sqrt(sum[1]);
            bool const still = update == 0 || weights == 0;
            ratio = T(still ? 1 : coefficient * weights / (update + epsilon));
        }

        template <class V>
        DESCENT_FN V operator()(V u, V /*w*/, V* /*slot*/) const {
            return ratio * u;
        }
    };

    template <class T>
    kernel<T> at(step_count) const {
        return {T(1), coefficient, epsilon};
    }

    void check() const {
        detail::check_positive("trust_ratio: coefficient", coefficient);
        detail::check_not_negative("trust_ratio: epsilon", epsilon);
    }
};
static_assert(update_rule<trust_ratio>);

}  // namespace descent
