// SPDX-License-Identifier: MIT
#pragma once

#include <descent/core/config.hpp>
#include <descent/core/math.hpp>
#include <descent/regularize/detail/numbers.hpp>
#include <descent/regularize/penalty.hpp>

namespace descent::regularize {

/// The lasso penalty lambda sum |w| (Tibshirani, 1996), which makes weights exactly 0. Throws descent::error
/// for a lambda that is negative or not finite.
struct l1 {
    double lambda = 1e-4;

    template <detail::element V>
    DESCENT_FN V value(V w) const {
        return V(number_of<V>(lambda)) * abs(w);
    }

    /// lambda times the sign; 0, the smallest subgradient, at 0.
    template <detail::element V>
    DESCENT_FN V slope(V w) const {
        return V(number_of<V>(lambda)) * sign(w);
    }

    /// The soft threshold: step lambda nearer to 0, and no further than 0.
    template <detail::element V>
    DESCENT_FN V prox(V w, V step) const {
        return copysign(max(fused_multiply_add(-step, V(number_of<V>(lambda)), abs(w)), V(0)), w);
    }

    template <detail::numbers W>
    double value(W const& w) const {
        return detail::value_of_each(*this, w);
    }
    template <detail::numbers W, detail::writable_numbers G>
    void slope(W const& w, G&& g) const {
        detail::add_slope_of_each(*this, "l1", w, g);
    }
    template <detail::writable_numbers W>
    void prox(W&& w, double step) const {
        detail::prox_of_each(*this, "l1", w, step);
    }
    void check() const { detail::check_not_negative("l1: lambda", lambda); }
};
static_assert(separable<l1> && has_slope<l1>);

}  // namespace descent::regularize
