// SPDX-License-Identifier: MIT
#pragma once

#include <descent/core/config.hpp>
#include <descent/core/math.hpp>
#include <descent/regularize/detail/numbers.hpp>
#include <descent/regularize/penalty.hpp>

namespace descent::regularize {

/// The elastic net penalty sum l1 |w| + l2 / 2 w^2 (Zou & Hastie, 2005): zeros as by l1, but correlated weights
/// stay together. scikit-learn's alpha and l1_ratio are l1 = alpha l1_ratio, l2 = alpha (1 - l1_ratio). Throws
/// descent::error for a strength that is negative or not finite.
struct elastic_net {
    double l1 = 1e-4, l2 = 1e-4;

    template <detail::element V>
    DESCENT_FN V value(V w) const {
        using T = number_of<V>;
        V const size = abs(w);
        return fused_multiply_add(V(T(l2 / 2)), size, V(T(l1))) * size;
    }

    /// l1 times the sign, 0 at 0, plus l2 w.
    template <detail::element V>
    DESCENT_FN V slope(V w) const {
        using T = number_of<V>;
        return fused_multiply_add(V(T(l2)), w, V(T(l1)) * sign(w));
    }

    /// The soft threshold by step l1, divided by 1 + step l2.
    template <detail::element V>
    DESCENT_FN V prox(V w, V step) const {
        using T = number_of<V>;
        V const size = max(fused_multiply_add(-step, V(T(l1)), abs(w)), V(0));
        return copysign(size, w) / fused_multiply_add(step, V(T(l2)), V(1));
    }

    template <detail::numbers W>
    double value(W const& w) const {
        return detail::value_of_each(*this, w);
    }
    template <detail::numbers W, detail::writable_numbers G>
    void slope(W const& w, G&& g) const {
        detail::add_slope_of_each(*this, "elastic_net", w, g);
    }
    template <detail::writable_numbers W>
    void prox(W&& w, double step) const {
        detail::prox_of_each(*this, "elastic_net", w, step);
    }
    void check() const {
        detail::check_not_negative("elastic_net: l1", l1);
        detail::check_not_negative("elastic_net: l2", l2);
    }
};
static_assert(separable<elastic_net> && has_slope<elastic_net>);

}  // namespace descent::regularize
