// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>

#include <descent/core/math.hpp>
#include <descent/optim/check.hpp>
#include <descent/optim/rule.hpp>

namespace descent {

/// Averaged stochastic gradient descent (Polyak & Juditsky, 1992; with the rate of Bottou, 2010):
/// u <- eta (u + lambda w), eta = rate / (1 + lambda rate (t - 1))^alpha, and after each step
/// average <- average + (w - average) / max(1, t - 1 - t0). Same numbers as torch.optim.ASGD, which counts both
/// from the step before; it takes no other rate. optimizer.averaged() reads the average. Throws descent::error
/// for a rate that is not finite and > 0, or another member that is negative or not finite.
struct asgd {
    double rate = 1e-2, lambda = 1e-4, alpha = 0.75, t0 = 1e6;

    static constexpr bool sets_rate = true;

    template <class T>
    struct kernel {
        static constexpr int slots = 1;  // the average
        static constexpr bool exact = true;
        static constexpr int average = 0;
        T eta, pull, gain;

        template <class V>
        DESCENT_FN V operator()(V u, V w, V* /*slot*/) const {
            return fused_multiply_add(V(eta), u, pull * w);
        }
        template <class V>
        DESCENT_FN V after(V w, V* slot) const {
            *slot = gain == T(1) ? w : lerp(*slot, w, gain);
            return w;
        }
    };

    template <class T>
    kernel<T> at(step_count now) const {
        double const before = double(now.step - 1);
        double const eta = rate / std::pow(1 + lambda * rate * before, alpha);
        return {T(eta), T(lambda * eta), T(1 / std::max(1.0, before - t0))};
    }

    void check() const {
        detail::check_positive("asgd: rate", rate);
        detail::check_not_negative("asgd: lambda", lambda);
        detail::check_not_negative("asgd: alpha", alpha);
        detail::check_not_negative("asgd: t0", t0);
    }
};
static_assert(update_rule<asgd>);

}  // namespace descent
