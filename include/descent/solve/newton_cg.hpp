// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

#include <descent/core/memory.hpp>
#include <descent/solve/detail/descend.hpp>
#include <descent/solve/detail/steihaug.hpp>
#include <descent/solve/problem.hpp>

namespace descent::solve {

/// Trust-region Newton with conjugate gradients (Steihaug, 1983; TRON: Lin & More, 1999; for linear models:
/// Lin, Weng & Keerthi, 2008): each step minimizes g.s + s.Hs / 2 within a radius, by products with H alone,
/// until its residual is `forcing` |g|; the radius follows how well that model foretold the value. Negative
/// curvature is followed to the edge, so saddle points are left. Where f has hessian_diagonal(out), at the x of
/// its last call, the radius and the conjugate gradients are measured in 0.01 + 0.99 diagonal. Memory: 8 n
/// numbers.
///
/// Converged where |g| <= tolerance (Euclidean); stalled where neither value nor gradient fell for ten
/// iterations, or no step within any radius goes down; diverged where f is not finite at the start.
/// `evaluations` counts calls of f, not products. Throws descent::error for settings out of range and an empty
/// x.
struct newton_cg {
    using problem = twice_differentiable;

    std::int64_t iterations = 1000;  ///< accepted steps, at most
    double tolerance = 1e-6;
    double forcing = 0.1;  ///< in (0, 1); smaller near the optimum, for faster than linear convergence
    int products = 1000;   ///< H v for one step, at most

    template <class F, class T, class Watch>
    outcome run(F& f, vector_view<T> x, Watch const& watch) const {
        static_assert(
            has_hessian_product<F, T>,
            "newton_cg: f needs a member hessian_product(v, out) that writes H v at the x of the last "
            "call of f; lbfgs needs none");
        check(x.size());
        index const n = x.size();
        aligned_buffer<T> work(std::size_t(3 * n));
        T *g = work.data(), *g_new = g + n, *const x_new = g_new + n;
        detail::steihaug<T> inner(n);
        auto run = detail::journal_of<T>(iterations, tolerance);

        double value = detail::evaluate(f, x.data(), g, n), norm = detail::norm(g, n), radius = 0;
        double const norm_at_start = norm;
        run.evaluations = 1;
        bool over = run.begin(value, norm), here = true;  // was f called at x last?
        for (int refused = 0; !over;) {
            if (!here) {
                detail::evaluate(f, x.data(), g_new, n);
                ++run.evaluations;
            }
            inner.precondition(f);
            if (radius == 0)
                radius = inner.scaled_norm(g);
            double const close = std::min(forcing, std::sqrt(norm / norm_at_start));
            auto const step = inner.solve(f, g, radius, close, products);
            if (++refused > 60 || !detail::add_to(x.data(), 1, inner.s(), x_new, n)) {
                run.stall();
                break;
            }
            double const next = detail::evaluate(f, x_new, g_new, n);
            ++run.evaluations;
            double const next_norm = std::isfinite(next) ? detail::norm(g_new, n) : next;
            bool const finite = std::isfinite(next) && std::isfinite(next_norm);
            double const fell = value - next, noise = detail::rounding<T>(value);
            // Where rounding hides the decrease, the gradient tells whether the step was good.
            bool const hidden = finite && std::fabs(fell) <= noise && step.predicted <= noise;
            double agreement = !finite ? -1 : hidden ? (next_norm < norm ? 1 : -1) : fell / step.predicted;
            if (std::isnan(agreement))
                agreement = -1;
            radius = resized(radius, step, agreement, finite ? next - value - step.slope : -1);
            here = agreement > 1e-4;
            if (!here)
                continue;
            refused = 0;
            std::copy_n(x_new, n, x.data());
            std::swap(g, g_new);
            value = next;
            norm = next_norm;
            over = run.next(watch, value, norm, 1);
        }
        return run.result;
    }

    /// Throws descent::error for what no run can begin with; n: the number of variables.
    void check(index n) const {
        detail::check_common("newton_cg", iterations, tolerance, n);
        expect(forcing > 0 && forcing < 1, "newton_cg: forcing = ", forcing, ": must be in (0, 1)");
        expect(products >= 1, "newton_cg: products = ", products, ": must be >= 1");
    }

private:
    /// Lin & More's rule; bend: f(x + s) - f(x) - g.s, which tells the best multiple of s.
    static double resized(double radius, detail::steihaug_step const& step, double agreement, double bend) {
        double const best = bend > 0 ? std::max(0.25, -0.5 * step.slope / bend) : 4;
        double const length = step.length;
        if (agreement < 1e-4)
            return std::min(std::max(best, 0.25) * length, 0.5 * std::min(radius, length));
        if (agreement < 0.25)
            return std::max(0.25 * radius, std::min(best * length, 0.5 * radius));
        if (agreement < 0.75)
            return std::max(0.25 * radius, std::min(best * length, 4 * radius));
        return step.at_edge ? 4 * radius : std::max(radius, std::min(best * length, 4 * radius));
    }
};

}  // namespace descent::solve
