// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include <descent/regularize/l1.hpp>
#include <descent/solve/detail/proximal.hpp>
#include <descent/solve/problem.hpp>

namespace descent::solve {

/// The proximal gradient method (ISTA; Daubechies, Defrise & De Mol, 2004; Beck & Teboulle, 2009): minimizes
/// f(x) + penalty(x), f smooth, the penalty anything of descent::regularize, also a constraint:
///
///     x <- prox(x - step grad f(x), step),   the step found by backtracking
///
/// The start is first moved into the constraint, where there is one. gradient_norm is that of the gradient
/// mapping (x - x') / step; converged where it is at most tolerance. fista is nearly always faster. Throws
/// descent::error for settings out of range and an empty x.
template <class Penalty = regularize::l1>
struct proximal_gradient {
    using problem = smooth;

    Penalty penalty = {};
    std::int64_t iterations = 10000;  ///< at most
    double tolerance = 1e-6;
    index free = 0;  ///< numbers at the end of x that are not penalized: a bias

    template <class F, class T, class Watch>
    outcome run(F& f, vector_view<T> x, Watch const& watch) const {
        check(x.size());
        index const n = x.size();
        aligned_buffer<T> work(std::size_t(3 * n));
        T *g = work.data(), *g_new = g + n, *const x_new = g_new + n;
        auto run = detail::journal_of<T>(iterations, tolerance);
        run.measure = "gradient mapping norm";
        run.patience = 1000;  // its steps are small
        detail::proximal_step<F, T, Penalty> at(f, penalty, n, free, run.evaluations);

        at.prox(x.data(), 1);
        double value = at.smooth(x.data(), g);
        bool over = run.begin(value + at.penalty(x.data()), detail::norm(g, n));
        run.smallest = std::numeric_limits<double>::infinity();
        while (!over) {
            double const found = at.take(x.data(), value, g, x_new, g_new);
            if (!std::isfinite(found)) {
                run.stall();
                break;
            }
            double const norm = detail::mapping_norm(x_new, x.data(), at.step, n);
            std::copy_n(x_new, n, x.data());
            std::swap(g, g_new);
            value = found;
            over = run.next(watch, value + at.penalty(x.data()), norm, at.step);
        }
        return run.result;
    }

    /// Throws descent::error for what no run can begin with; n: the number of variables.
    void check(index n) const {
        detail::check_proximal("proximal_gradient", penalty, iterations, tolerance, n, free);
    }
};
template <class Penalty, class... Rest>
proximal_gradient(Penalty, Rest...) -> proximal_gradient<Penalty>;

}  // namespace descent::solve
