// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>

#include <descent/core/math.hpp>
#include <descent/optim/check.hpp>
#include <descent/optim/rule.hpp>

namespace descent {

/// Where an exponential average begins: at a copy of the weights after the first step (torch's AveragedModel),
/// at the weights before it (optax.incremental_update), or at 0 with the bias divided out (optax.ema).
enum class ema_origin { first_step, start, unbiased };

/// Exponential average of the weights, beside the training: average <- beta average + (1 - beta) w after each
/// step. optimizer.averaged() reads it. Same numbers as torch.optim.swa_utils.get_ema_multi_avg_fn. Throws
/// descent::error for a beta outside [0, 1).
struct ema {
    double beta = 0.999;
    ema_origin origin = ema_origin::first_step;

    template <class T>
    struct kernel {
        static constexpr int slots = 1;  // the average
        static constexpr bool exact = true;
        static constexpr int average = 0;
        T gain;

        template <class V>
        DESCENT_FN V init(int /*slot*/, V w) const {
            return w;
        }
        template <class V>
        DESCENT_FN V operator()(V u, V /*w*/, V* /*slot*/) const {
            return u;
        }
        template <class V>
        DESCENT_FN V after(V w, V* slot) const {
            *slot = gain == T(1) ? w : lerp(*slot, w, gain);
            return w;
        }
    };

    template <class T>
    kernel<T> at(step_count now) const {
        if (origin == ema_origin::start)
            return {T(1 - beta)};
        if (now.step == 1)
            return {T(1)};
        // a_t = m_t / (1 - beta^t) obeys the same recursion with this gain.
        bool const unbiased = origin == ema_origin::unbiased;
        return {T((1 - beta) / (unbiased ? 1 - std::pow(beta, double(now.step)) : 1))};
    }

    void check() const { detail::check_fraction("ema: beta", beta); }
};
static_assert(update_rule<ema>);

}  // namespace descent
