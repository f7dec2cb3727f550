// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include <descent/solve/detail/least_squares.hpp>
#include <descent/solve/line_search.hpp>

namespace descent::solve {

/// Nonlinear least squares, min |r(x)|^2 / 2, by Gauss & Newton's method: s minimizes |J s + r|, and is
/// shortened until the sum of squares falls enough (Armijo). The fastest where the residuals at the optimum are
/// small and J has full rank; where it has not, s is damped a little. Householder reflections in double,
/// O(m n^2). f: see vector_function. levenberg_marquardt is the safer choice.
///
/// Converged where |J' r| <= tolerance (Euclidean); stalled where the sum of squares stands still for ten
/// iterations, or no lower point is found along s; diverged where f is not finite at the start. The value is
/// |r|^2 / 2, `evaluations` counts calls of f with and without J. Throws descent::error for settings out of
/// range, an empty x and no residuals.
struct gauss_newton {
    using problem = residuals;

    std::int64_t iterations = 1000;  ///< at most
    double tolerance = 1e-6;
    armijo line_search = {};

    template <class F, class T, class Watch>
    outcome run(F& f, vector_view<T> x, Watch const& watch) const {
        static_assert(many_valued<F, T>, "gauss_newton: f must be a vector_function{residuals, f}");
        check(x.size(), index(f.size));
        index const n = x.size();
        detail::least_squares<F, T> squares(f, n);
        auto run = detail::journal_of<T>(iterations, tolerance);
        std::vector<T> x_new(std::size_t(n), T(0));
        std::vector<double> s(std::size_t(n), 0.0), diagonal(s);

        double value = squares.expand(x.data(), run.evaluations);
        bool over = run.begin(value, squares.gradient_norm);
        while (!over) {
            if (!squares.triangle.solve(s.data())) {
                double const most = *std::max_element(squares.columns.begin(), squares.columns.end());
                std::fill(diagonal.begin(), diagonal.end(), 1e-6 * most);
                squares.damped(diagonal, s.data());
            }
            double const slope = detail::dot(s.data(), squares.gradient.data(), n);
            auto const found = line_search(
                [&](double step) -> line_point {
                    bool moved = false;
                    for (index j = 0; j < n; ++j) {
                        x_new[std::size_t(j)] = T(double(x[j]) + step * s[std::size_t(j)]);
                        moved = moved || x_new[std::size_t(j)] != x[j];
                    }
                    if (!moved)
                        return {step, progress::unknown, 0};
                    return {step, squares.value(x_new.data(), run.evaluations), slope};
                },
                {0, value, slope}, 1);
            if (!found.found) {
                run.stall();
                break;
            }
            std::copy_n(x_new.data(), n, x.data());
            value = squares.expand(x.data(), run.evaluations);
            if (!std::isfinite(squares.gradient_norm))
                return run.end(status::diverged, "the Jacobian is not finite"), run.result;
            over = run.next(watch, value, squares.gradient_norm, found.at.step);
        }
        return run.result;
    }

    /// Throws descent::error for what no run can begin with; n: the number of variables.
    void check(index n, index functions) const {
        detail::check_common("gauss_newton", iterations, tolerance, n);
        expect(functions > 0, "gauss_newton: f.size = ", functions, ": must be > 0");
        line_search.check();
    }
};

}  // namespace descent::solve
