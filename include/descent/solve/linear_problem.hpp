// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include <descent/core/error.hpp>
#include <descent/solve/detail/rows.hpp>
#include <descent/solve/problem.hpp>

namespace descent::solve {

/// A linear model of one output over a table, as the methods see it that go row by row or column by column:
///
///     mean over the samples of weight_i loss(x_i . w + b, y_i)  +  (l2 / 2) |w|^2
///
/// where the mean divides by the sum of the sample weights. Rows is data::batch<T> or data::sparse_batch<T>,
/// loss one of descent::loss for one score; labels are 0 and 1. Methods take it with w (as many numbers as the
/// table has features) and bias, one number or none: without it b = 0. The bias is not penalized.
template <class Rows, class Loss>
struct linear_problem {
    using scalar = typename Rows::scalar;

    Rows rows;
    Loss loss = {};
    double l2 = 0;

    index samples() const { return rows.samples(); }
    index features() const { return rows.features; }

    /// The sum of the sample weights.
    double total_weight() const { return data::total_weight(rows); }

    /// The objective at w, in double. bias may be empty.
    double value(vector_view<scalar const> w, vector_view<scalar const> bias = {nullptr, 0}) const {
        double const b = bias.size() ? double(bias[0]) : 0;
        double total = 0, square = 0;
        for (index i = 0; i < samples(); ++i)
            total +=
                double(rows.weight(i)) *
                loss.value(detail::exact_dot(detail::row_of(rows, i), w.data()) + b, double(rows.target(i)));
        for (index j = 0; j < w.size(); ++j)
            square += double(w[j]) * double(w[j]);
        return total / total_weight() + l2 / 2 * square;
    }

    /// Throws descent::error unless there are samples, w has as many numbers as they have features, bias one or
    /// none, and l2 is sound. "saga: w has 3 numbers, the data 4 features".
    void check(vector_view<scalar> w, vector_view<scalar> bias, std::string_view who) const {
        expect(samples() > 0 && features() > 0, who, ": ", samples(), " samples x ", features(),
               " features: the data is empty");
        expect(w.size() == features(), who, ": w has ", w.size(), " numbers, the data ", features(),
               " features");
        expect(bias.size() <= 1, who, ": bias has ", bias.size(), " numbers: must be 1 or 0");
        expect(l2 >= 0 && l2 <= 1e300, who, ": l2 = ", l2, ": must be finite and >= 0");
        expect(total_weight() > 0, who, ": the sample weights sum to ", total_weight(), ": must be > 0");
    }
};
template <class Rows, class Loss>
linear_problem(Rows, Loss) -> linear_problem<Rows, Loss>;
template <class Rows, class Loss>
linear_problem(Rows, Loss, double) -> linear_problem<Rows, Loss>;

}  // namespace descent::solve
