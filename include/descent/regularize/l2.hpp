// SPDX-License-Identifier: MIT
#pragma once

#include <descent/core/config.hpp>
#include <descent/core/math.hpp>
#include <descent/regularize/detail/numbers.hpp>
#include <descent/regularize/penalty.hpp>

namespace descent::regularize {

/// The ridge penalty lambda / 2 sum w^2 (Tikhonov, 1943; Hoerl & Kennard, 1970). descent::l2 and descent::decay
/// are its gradient as a step of an update rule. Throws descent::error for a lambda that is negative or not
/// finite.
struct l2 {
    double lambda = 1e-4;

    template <detail::element V>
    DESCENT_FN V value(V w) const {
        return V(number_of<V>(lambda / 2)) * w * w;
    }

    /// lambda w.
    template <detail::element V>
    DESCENT_FN V slope(V w) const {
        return V(number_of<V>(lambda)) * w;
    }

    /// w / (1 + step lambda).
    template <detail::element V>
    DESCENT_FN V prox(V w, V step) const {
        return w / fused_multiply_add(step, V(number_of<V>(lambda)), V(1));
    }

    template <detail::numbers W>
    double value(W const& w) const {
        return detail::value_of_each(*this, w);
    }
    template <detail::numbers W, detail::writable_numbers G>
    void slope(W const& w, G&& g) const {
        detail::add_slope_of_each(*this, "l2", w, g);
    }
    template <detail::writable_numbers W>
    void prox(W&& w, double step) const {
        detail::prox_of_each(*this, "l2", w, step);
    }
    void check() const { detail::check_not_negative("l2: lambda", lambda); }
};
static_assert(separable<l2> && has_slope<l2>);

}  // namespace descent::regularize
