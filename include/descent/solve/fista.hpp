// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include <descent/regularize/l1.hpp>
#include <descent/solve/detail/proximal.hpp>
#include <descent/solve/problem.hpp>

namespace descent::solve {

/// FISTA (Beck & Teboulle, 2009), the accelerated proximal gradient method, with adaptive restart (O'Donoghue &
/// Candes, 2015): minimizes f(x) + penalty(x), f smooth, the penalty anything of descent::regularize, also a
/// constraint:
///
///     x' <- prox(y - step grad f(y), step),   y <- x' + (t - 1) / t' (x' - x)
///
/// The momentum t starts again where it points uphill; a step that raises the value beyond
/// rounding is not taken. Without strong convexity the value falls as 1 / k^2, with it linearly, and neither
/// must be known. gradient_norm is that of the gradient mapping (y - x') / step; converged where it is at most
/// tolerance. Two evaluations an iteration. Throws descent::error for settings out of range and an empty x.
template <class Penalty = regularize::l1>
struct fista {
    using problem = smooth;

    Penalty penalty = {};
    std::int64_t iterations = 10000;  ///< at most
    double tolerance = 1e-6;
    index free = 0;  ///< numbers at the end of x that are not penalized: a bias

    template <class F, class T, class Watch>
    outcome run(F& f, vector_view<T> x, Watch const& watch) const {
        check(x.size());
        index const n = x.size();
        aligned_buffer<T> work(std::size_t(5 * n));
        T *const y = work.data(), *const g_y = y + n, *const g_x = g_y + n, *const x_new = g_x + n,
                 *const g_new = x_new + n;
        auto run = detail::journal_of<T>(iterations, tolerance);
        run.measure = "gradient mapping norm";
        run.patience = 200;  // the norm swings
        detail::proximal_step<F, T, Penalty> at(f, penalty, n, free, run.evaluations);

        at.prox(x.data(), 1);
        double smooth_x = at.smooth(x.data(), g_x), value = smooth_x + at.penalty(x.data());
        double smooth_y = smooth_x, t = 1;
        std::copy_n(x.data(), n, y);
        std::copy_n(g_x, n, g_y);
        bool over = run.begin(value, detail::norm(g_x, n));
        run.smallest = std::numeric_limits<double>::infinity();
        while (!over) {
            double const found = at.take(y, smooth_y, g_y, x_new, g_new), next = found + at.penalty(x_new);
            // From x itself the step is sound whatever rounding says of its value.
            if (t > 1 && !(next <= value + detail::rounding<T>(value))) {
                t = 1;
                std::copy_n(x.data(), n, y);
                std::copy_n(g_x, n, g_y);
                smooth_y = smooth_x;
                continue;
            }
            if (!std::isfinite(found)) {
                run.stall();
                break;
            }
            double const norm = detail::mapping_norm(x_new, y, at.step, n);
            double uphill = 0;
            for (index i = 0; i < n; ++i)
                uphill += (double(y[i]) - double(x_new[i])) * (double(x_new[i]) - double(x[i]));
            if (uphill > 0)
                t = 1;
            double const t_new = (1 + std::sqrt(1 + 4 * t * t)) / 2, momentum = (t - 1) / t_new;
            t = t_new;
            for (index i = 0; i < n; ++i)
                y[i] = x_new[i] + T(momentum) * (x_new[i] - x[i]);
            std::copy_n(x_new, n, x.data());
            std::copy_n(g_new, n, g_x);
            smooth_x = found;
            value = next;
            if (momentum > 0) {
                smooth_y = at.smooth(y, g_y);
            } else {
                smooth_y = smooth_x;
                std::copy_n(g_x, n, g_y);
            }
            over = run.next(watch, value, norm, at.step);
        }
        return run.result;
    }

    /// Throws descent::error for what no run can begin with; n: the number of variables.
    void check(index n) const { detail::check_proximal("fista", penalty, iterations, tolerance, n, free); }
};
template <class Penalty, class... Rest>
fista(Penalty, Rest...) -> fista<Penalty>;

}  // namespace descent::solve
