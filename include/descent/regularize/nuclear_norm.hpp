// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <vector>

#include <descent/regularize/detail/numbers.hpp>
#include <descent/regularize/detail/orthogonal_rows.hpp>
#include <descent/regularize/penalty.hpp>

namespace descent::regularize {

/// The penalty lambda times the sum of the singular values of a row-major matrix (Fazel, 2002): matrices of low
/// rank. Each call decomposes the matrix in double, in memory of its own: min(rows, columns) squared plus all
/// weights. Throws descent::error for a lambda that is negative or not finite, columns < 1, and weights that
/// are no whole rows. What is not finite makes all NaN.
struct nuclear_norm {
    double lambda = 1e-4;
    index columns = 1;  ///< weights a row

    template <detail::numbers W>
    double value(W const& w) const {
        check(w.size());
        for (index i = 0; i < w.size(); ++i)
            if (!std::isfinite(w.data()[i]))
                return std::numeric_limits<double>::quiet_NaN();
        auto const parts = decompose(w);
        double sum = 0;
        for (index i = 0; i < parts.count(); ++i)
            sum += parts.singular_value(i);
        return lambda * sum;
    }

    /// lambda U V^T over the singular values that are not 0: a subgradient.
    template <detail::numbers W, detail::writable_numbers G>
    void slope(W const& w, G&& g) const {
        using T = detail::number_in<G>;
        check(w.size());
        detail::check_sizes("nuclear_norm", w.size(), g.size());
        for (index i = 0; i < w.size(); ++i)
            if (!std::isfinite(w.data()[i])) {
                g.data()[i] = std::numeric_limits<T>::quiet_NaN();
                detail::finite_or_nan(g.data(), g.size());
                return;
            }
        auto const parts = decompose(w);
        std::vector<double> share(static_cast<std::size_t>(parts.count()));
        for (index i = 0; i < parts.count(); ++i)
            share[std::size_t(i)] = parts.counts(i) ? lambda / parts.singular_value(i) : 0;
        T* const to = g.data();
        parts.scaled(share, [=](index at, double number) { to[at] += T(number); });
    }

    /// The soft threshold of the singular values by step lambda (Cai, Candes, Shen, 2010).
    template <detail::writable_numbers W>
    void prox(W&& w, double step) const {
        using T = detail::number_in<W>;
        check(w.size());
        detail::check_step("nuclear_norm", step);
        double const threshold = step * lambda;
        if (!detail::finite_or_nan(w.data(), w.size()) || threshold == 0)
            return;
        auto const parts = decompose(w);
        std::vector<double> share(static_cast<std::size_t>(parts.count()));
        for (index i = 0; i < parts.count(); ++i)
            if (double const size = parts.singular_value(i); size > threshold)
                share[std::size_t(i)] = 1 - threshold / size;
        T* const to = w.data();
        parts.scaled(share, [=](index at, double number) { to[at] = T(number); });
    }

    void check() const {
        detail::check_not_negative("nuclear_norm: lambda", lambda);
        expect(columns >= 1, "nuclear_norm: columns = ", columns, ": must be >= 1");
    }

private:
    void check(index weights) const {
        check();
        detail::check_columns("nuclear_norm", weights, columns);
    }
    template <class W>
    detail::orthogonal_rows<detail::number_in<W>> decompose(W const& w) const {
        return {w.data(), w.size() / columns, columns};
    }
};
static_assert(has_slope<nuclear_norm>);

}  // namespace descent::regularize
