// SPDX-License-Identifier: MIT
#pragma once

#include <descent/regularize/detail/numbers.hpp>
#include <descent/regularize/penalty.hpp>

namespace descent::regularize {

/// The constraint |row| <= limit on the Euclidean norm of each row of a row-major matrix, all weights of one
/// output (Srebro & Shraibman, 2005; Srivastava et al., 2014), or on that of all weights. Inside means: up to
/// the rounding of the norm. Throws descent::error for a limit that is not finite and > 0, columns < 0, and
/// weights that are no whole rows.
struct max_norm {
    double limit = 1;
    index columns = 0;  ///< weights a row; 0: all weights are one row

    /// 0 inside, infinity outside.
    template <detail::numbers W>
    double value(W const& w) const {
        using T = detail::number_in<W>;
        check(w.size());
        double sum = 0;
        for (index first = 0; first < w.size(); first += width(w.size())) {
            double const norm = row_norm(w.data() + first, w.size());
            if (!inside<T>(norm, w.size()))
                sum += norm > limit ? detail::infinity : norm;  // NaN stays
        }
        return sum;
    }

    /// Rows that are too long are scaled to the limit, whatever the step.
    template <detail::writable_numbers W>
    void prox(W&& w, double step) const {
        using T = detail::number_in<W>;
        check(w.size());
        detail::check_step("max_norm", step);
        for (index first = 0; first < w.size(); first += width(w.size())) {
            T* const row = w.data() + first;
            double const norm = row_norm(row, w.size()), share = limit / norm;
            for (index i = 0; i < width(w.size()) && !inside<T>(norm, w.size()); ++i)
                row[i] = T(double(row[i]) * share);
        }
    }

    void check() const {
        detail::check_positive("max_norm: limit", limit);
        expect(columns >= 0, "max_norm: columns = ", columns, ": must be >= 0");
    }

private:
    void check(index weights) const {
        check();
        if (columns > 0)
            detail::check_columns("max_norm", weights, columns);
    }
    index width(index weights) const { return columns > 0 ? columns : weights; }
    template <class T>
    double row_norm(T const* row, index weights) const {
        return detail::norm(width(weights), [=](index i) { return double(row[i]); });
    }
    template <class T>
    bool inside(double norm, index weights) const {
        return norm <= limit * (1 + detail::slack<T>(width(weights)));
    }
};
static_assert(penalty<max_norm> && !has_slope<max_norm>);

}  // namespace descent::regularize
