// SPDX-License-Identifier: MIT
#pragma once

#include <limits>

#include <descent/core/config.hpp>
#include <descent/core/math.hpp>
#include <descent/regularize/detail/numbers.hpp>
#include <descent/regularize/penalty.hpp>

namespace descent::regularize {

/// The constraint low <= w <= high on every weight; a bound may be infinite. The default keeps weights from
/// being negative. The bounds are rounded to the weights' type. Throws descent::error unless low <= high, low <
/// infinity and high > -infinity.
struct box {
    double low = 0, high = detail::infinity;

    /// 0 inside, infinity outside.
    template <detail::element V>
    DESCENT_FN V value(V w) const {
        using T = number_of<V>;
        constexpr T outside = std::numeric_limits<T>::infinity();
        return select(w < V(T(low)) || w > V(T(high)), V(outside), select(is_nan(w), w, V(0)));
    }

    /// The nearest number inside, whatever the step.
    template <detail::element V>
    DESCENT_FN V prox(V w, V /*step*/) const {
        using T = number_of<V>;
        return clamp(w, V(T(low)), V(T(high)));
    }

    template <detail::numbers W>
    double value(W const& w) const {
        check();
        auto const* const from = w.data();
        return detail::total(w.size(), [=, this](index i) { return double(value(from[i])); });
    }
    template <detail::writable_numbers W>
    void prox(W&& w, double step) const {
        detail::prox_of_each(*this, "box", w, step);
    }
    void check() const {
        expect(low <= high && low < detail::infinity && high > -detail::infinity, "box: low = ", low,
               ", high = ", high, ": must be low <= high, low < inf, high > -inf");
    }
};
static_assert(separable<box> && !has_slope<box>);

}  // namespace descent::regularize
