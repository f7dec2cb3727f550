// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <descent/core/error.hpp>
#include <descent/loss/squared.hpp>
#include <descent/solve/detail/lasso_state.hpp>
#include <descent/solve/linear_problem.hpp>

namespace descent::solve {

/// Coordinate descent for the lasso and the elastic net (Friedman, Hastie & Tibshirani, 2010): minimizes
///
///     mean of weight_i (x_i . w + b - y_i)^2 / 2  +  l1 |w|_1  +  (l2 / 2) |w|^2
///
/// one weight at a time, exactly, over a copy of the table by columns; l2 is the problem's. With l1 = alpha
/// l1_ratio and l2 = alpha (1 - l1_ratio) it is scikit-learn's ElasticNet. The bias, not penalized, is taken
/// out by centering and is exact at every moment. Where there are more samples than features the products of
/// columns are kept ("covariance updates") as features become active. Between looks at all features only the
/// active ones are visited, and features that the duality gap proves to be 0 are left out (gap safe rules:
/// Ndiaye, Fercoq, Gramfort & Salmon, 2017). Starts from the w given: a path is warm-started so.
///
/// Ends when the duality gap is below tolerance times the mean square of the (centered) targets, as in
/// scikit-learn. A constant column gets weight 0 where there is a bias.
struct coordinate_descent {
    using problem = sum_of_samples;

    double l1 = 0;                ///< >= 0; with l2 > 0 it may be 0
    double tolerance = 1e-4;      ///< duality gap over mean square of y; > 0
    std::int64_t passes = 10000;  ///< over all features at most; > 0

    /// Minimizes from w and leaves the solution in w and bias (one number, or none). progress: one iteration a
    /// pass over all features, single steps as evaluations, value and gap. Throws descent::error for bad
    /// settings and shapes, and for l1 = l2 = 0.
    template <class Rows, class Watch>
    outcome run(linear_problem<Rows, loss::squared> const& p, vector_view<typename Rows::scalar> w,
                vector_view<typename Rows::scalar> bias, Watch const& watch) const {
        check(p, w, bias);
        detail::design<Rows> columns(p.rows, bias.size() > 0);
        return run_on(columns, p.l2, w, bias, watch);
    }

    /// The same over columns that are already there: what a path does.
    template <class Rows, class Watch>
    outcome run_on(detail::design<Rows>& columns, double l2, vector_view<typename Rows::scalar> w,
                   vector_view<typename Rows::scalar> bias, Watch const& watch) const {
        detail::lasso_state<Rows> state(columns, l1, l2, w);
        outcome result;
        double best = std::numeric_limits<double>::infinity();
        std::int64_t improved = 0;
        for (std::int64_t pass = 0;; ++pass) {
            // The gap of the start is looked at as well: a warm start may be the solution.
            auto const seen = state.look();
            result.iterations = pass;
            result.evaluations = state.steps();
            result.value = seen.value;
            result.gap = seen.gap;
            if (bias.size())
                bias[0] = typename Rows::scalar(columns.bias(w.data()));
            if (!std::isfinite(seen.value))
                return ended(result, status::diverged, "the value was not finite");
            auto const told =
                pass ? watch(progress{pass, result.evaluations, seen.value, progress::unknown, seen.gap})
                     : verdict{};
            if (seen.gap <= tolerance * seen.scale)
                return ended(result, status::converged, text("duality gap ", detail::brief(seen.gap)));
            if (told.stop)
                return ended(result, told.status, told.reason);
            if (seen.gap < 0.9 * best) {
                best = seen.gap;
                improved = pass;
            }
            if (pass - improved > std::max<std::int64_t>(20, pass / 2))
                return ended(result, status::stalled, text("duality gap ", detail::brief(seen.gap)));
            if (pass == passes)
                return ended(result, status::finished, text(passes, " passes"));
            state.pass();
        }
    }

    /// Throws descent::error for bad settings and shapes.
    template <class P, class V>
    void check(P const& p, V const& w, V const& bias) const {
        expect(l1 >= 0 && l1 <= 1e300, "coordinate_descent: l1 = ", l1, ": must be finite and >= 0");
        expect(tolerance > 0, "coordinate_descent: tolerance = ", tolerance, ": must be > 0");
        expect(passes > 0, "coordinate_descent: passes = ", passes, ": must be > 0");
        p.check(w, bias, "coordinate_descent");
        expect(l1 > 0 || p.l2 > 0, "coordinate_descent: l1 = 0, l2 = 0: one of them must be > 0");
    }

private:
    static outcome& ended(outcome& result, descent::status why, std::string reason) {
        result.status = why;
        result.reason = std::move(reason);
        return result;
    }
};

}  // namespace descent::solve
