// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>

#include <descent/regularize/detail/numbers.hpp>
#include <descent/regularize/detail/simplex.hpp>
#include <descent/regularize/penalty.hpp>

namespace descent::regularize {

/// The constraint sum |w| <= radius: the lasso in its first form (Tibshirani, 1996). Inside means: up to the
/// rounding of the sum. Throws descent::error for a radius that is not finite and > 0.
struct l1_ball {
    double radius = 1;

    /// 0 inside, infinity outside.
    template <detail::numbers W>
    double value(W const& w) const {
        using T = detail::number_in<W>;
        check();
        T const* const from = w.data();
        double const seen = detail::total(w.size(), [=](index i) { return std::fabs(double(from[i])); });
        return seen <= radius * (1 + detail::slack<T>(w.size())) ? 0
               : std::isnan(seen)                                ? seen
                                                                 : detail::infinity;
    }

    /// The nearest point inside, whatever the step: the soft threshold that leaves the radius (Duchi,
    /// Shalev-Shwartz, Singer, Chandra, 2008). What is not finite makes all NaN.
    template <detail::writable_numbers W>
    void prox(W&& w, double step) const {
        using T = detail::number_in<W>;
        check();
        detail::check_step("l1_ball", step);
        T* const at = w.data();
        index const n = w.size();
        if (!detail::finite_or_nan(at, n) || value(w) == 0)
            return;
        detail::project_to_simplex<true>(at, n, radius);
    }

    void check() const { detail::check_positive("l1_ball: radius", radius); }
};
static_assert(penalty<l1_ball> && !has_slope<l1_ball>);

}  // namespace descent::regularize
