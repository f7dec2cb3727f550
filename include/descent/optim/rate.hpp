// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <type_traits>

#include <descent/optim/check.hpp>
#include <descent/optim/rule.hpp>
#include <descent/schedule/constant.hpp>
#include <descent/schedule/schedule.hpp>

namespace descent {

/// The learning rate: u <- eta u, eta from a number or from any schedule, mostly the last rule of a chain. What
/// stands behind it works on the step itself: ema, project, a clip of the step; a decay there is not scaled by
/// the rate. Rules that give the update a length of their own (adam) would lose a rate in front of them, a
/// second rate would multiply the first: fit and minimize refuse both. A schedule is called with the number of
/// updates already done. Throws descent::error for a constant rate that is not finite and > 0, and in the step
/// for a scheduled one that is not finite or is negative.
template <schedule S>
struct rate {
    S eta;

    static constexpr bool sets_rate = true;
    static constexpr int memory = memory_of<S>;

    template <class T>
    struct kernel {
        static constexpr int slots = 0;
        T eta;

        template <class V>
        DESCENT_FN V operator()(V u, V /*w*/, V* /*slot*/) const {
            return eta * u;
        }
    };

    template <class T>
    kernel<T> at(step_count now, double* numbers = nullptr) const {
        double const value = schedule_value(eta, now.step - 1, numbers);
        detail::check_not_negative("rate: the schedule's value", value);
        return {T(value)};
    }

    void check() const {
        if constexpr (std::is_same_v<S, constant>)
            detail::check_positive("rate", eta.rate);
        else
            schedule_check(eta);
    }
    void start(double* numbers) const { schedule_start(eta, numbers); }
    void observe(double metric, double* numbers) const { schedule_observe(eta, metric, numbers); }
};
rate(double)->rate<constant>;
template <schedule S>
rate(S) -> rate<S>;

}  // namespace descent
