// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include <descent/solve/detail/least_squares.hpp>

namespace descent::solve {

/// Nonlinear least squares, min |r(x)|^2 / 2, by Levenberg & Marquardt (1944, 1963): s minimizes
/// |J s + r|^2 + mu |D s|^2. D are the largest norms that the columns of J had so far (More, 1978), so that the
/// units of x do not matter; mu follows Nielsen (1999). Solved by Householder reflections in double, O(m n^2):
/// for n up to some hundreds. f: see vector_function.
///
/// Converged where |J' r| <= tolerance (Euclidean) or the cosine of the angle between r and every column of J
/// is at most `cosine` (More's test, free of units); stalled where the sum of squares stands still for ten
/// iterations, or no lower point is found; diverged where f is not finite at the start. The value is |r|^2 / 2,
/// `evaluations` counts calls of f with and without J. Throws descent::error for settings out of range, an
/// empty x and no residuals.
struct levenberg_marquardt {
    using problem = residuals;

    std::int64_t iterations = 1000;  ///< that lowered the sum of squares, at most
    double tolerance = 1e-6;
    double cosine = 1e-10;
    double damping = 1e-3;  ///< mu at the start, > 0: 1e-6 for a start near the optimum, 1 for a bad one

    template <class F, class T, class Watch>
    outcome run(F& f, vector_view<T> x, Watch const& watch) const {
        static_assert(many_valued<F, T>, "levenberg_marquardt: f must be a vector_function{residuals, f}");
        check(x.size(), index(f.size));
        index const n = x.size();
        detail::least_squares<F, T> squares(f, n);
        auto run = detail::journal_of<T>(iterations, tolerance);
        std::vector<T> x_new(std::size_t(n), T(0));
        std::vector<double> s(std::size_t(n), 0.0), most(s), diagonal(s);

        double value = squares.expand(x.data(), run.evaluations), mu = damping, raise = 2;
        bool over = run.begin(value, squares.gradient_norm) || orthogonal(squares, value, run);
        for (int refused = 0; !over;) {
            for (index j = 0; j < n; ++j) {
                auto const k = std::size_t(j);
                most[k] = std::max(most[k], squares.columns[k]);
                // A column that was never there has no unit: any.
                diagonal[k] = std::sqrt(mu) * (most[k] > 0 ? most[k] : 1);
            }
            bool moved = false, solved = squares.damped(diagonal, s.data());
            double foretold = 0;
            for (index j = 0; j < n && solved; ++j) {
                auto const k = std::size_t(j);
                x_new[k] = T(double(x[j]) + s[k]);
                moved = moved || x_new[k] != x[j];
                // |r|^2 - |J s + r|^2 = -s.J'r + mu |D s|^2, halved
                foretold += 0.5 * s[k] * (diagonal[k] * diagonal[k] * s[k] - squares.gradient[k]);
            }
            if ((solved && !moved) || ++refused > 60) {
                run.stall();
                break;
            }
            double const next = solved ? squares.value(x_new.data(), run.evaluations) : progress::unknown;
            // Where rounding hides the decrease, the model is believed.
            double const noise = detail::rounding<T>(value) / 16;
            bool const hidden = foretold <= noise && next <= value;
            double const gain = hidden ? 1 : (value - next) / foretold;
            if (!(gain > 1e-4) || !std::isfinite(next)) {
                mu *= raise;
                raise *= 2;
                continue;
            }
            refused = 0;
            std::copy_n(x_new.data(), n, x.data());
            value = squares.expand(x.data(), run.evaluations);
            if (!std::isfinite(squares.gradient_norm))
                return run.end(status::diverged, "the Jacobian is not finite"), run.result;
            double const t = 2 * gain - 1;
            mu = std::max(mu * std::max(1.0 / 3, 1 - t * t * t), 1e-30);
            raise = 2;
            over = run.next(watch, value, squares.gradient_norm, 1) || orthogonal(squares, value, run);
        }
        return run.result;
    }

    /// Throws descent::error for what no run can begin with; n: the number of variables.
    void check(index n, index functions) const {
        detail::check_common("levenberg_marquardt", iterations, tolerance, n);
        expect(cosine >= 0 && cosine < 1, "levenberg_marquardt: cosine = ", cosine, ": must be in [0, 1)");
        expect(damping > 0, "levenberg_marquardt: damping = ", damping, ": must be > 0");
        expect(functions > 0, "levenberg_marquardt: f.size = ", functions, ": must be > 0");
    }

private:
    template <class P>
    bool orthogonal(P const& squares, double value, detail::journal& run) const {
        double most = 0, length = std::sqrt(2 * value);
        for (std::size_t j = 0; j < squares.columns.size(); ++j)
            if (squares.columns[j] > 0)
                most = std::max(most, std::fabs(squares.gradient[j]) / squares.columns[j]);
        return most <= cosine * length &&
               run.end(status::converged,
                       text("cosine of the residuals to the Jacobian ", detail::brief(most / length)));
    }
};

}  // namespace descent::solve
