// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>

#include <descent/regularize/detail/numbers.hpp>
#include <descent/regularize/detail/simplex.hpp>
#include <descent/regularize/penalty.hpp>

namespace descent::regularize {

/// The constraint w >= 0, sum w = sum: mixture weights, probabilities. Inside means: up to the rounding of the
/// sum. Throws descent::error for a sum that is not finite and > 0.
struct simplex {
    double sum = 1;

    /// 0 inside, infinity outside (no weights at all are outside).
    template <detail::numbers W>
    double value(W const& w) const {
        using T = detail::number_in<W>;
        check();
        T const* const from = w.data();
        double const seen = detail::total(w.size(), [=](index i) { return double(from[i]); });
        if (std::isnan(seen))
            return seen;
        bool inside = std::fabs(seen - sum) <= sum * detail::slack<T>(w.size());
        for (index i = 0; i < w.size() && inside; ++i)
            inside = from[i] >= 0;
        return inside ? 0 : detail::infinity;
    }

    /// The nearest point inside, whatever the step: max(w - level, 0) (Duchi, Shalev-Shwartz, Singer, Chandra,
    /// 2008). What is not finite makes all NaN.
    template <detail::writable_numbers W>
    void prox(W&& w, double step) const {
        using T = detail::number_in<W>;
        check();
        detail::check_step("simplex", step);
        T* const at = w.data();
        index const n = w.size();
        if (!detail::finite_or_nan(at, n) || n == 0 || value(w) == 0)
            return;
        detail::project_to_simplex<false>(at, n, sum);
    }

    void check() const { detail::check_positive("simplex: sum", sum); }
};
static_assert(penalty<simplex> && !has_slope<simplex>);

}  // namespace descent::regularize
