// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include <descent/solve/detail/journal.hpp>
#include <descent/solve/detail/pairs.hpp>
#include <descent/solve/detail/ray.hpp>
#include <descent/solve/problem.hpp>

namespace descent::solve {

/// OWL-QN (Andrew & Gao, 2007): L-BFGS for f(x) + l1 |x|_1, f smooth. Each step stays in one orthant, where the
/// penalty is linear, and weights that would cross 0 stop there, so the result has exact zeros.
///
/// gradient_norm is that of the smallest subgradient; converged where it is at most tolerance, stalled where no
/// lower point is found. Throws descent::error for settings out of range and an empty x.
struct owlqn {
    using problem = smooth;

    double l1 = 1e-4;                ///< >= 0
    int memory = 10;                 ///< pairs kept; >= 1
    std::int64_t iterations = 1000;  ///< at most
    double tolerance = 1e-6;
    index free = 0;  ///< numbers at the end of x that are not penalized: a bias

    template <class F, class T, class Watch>
    outcome run(F& f, vector_view<T> x, Watch const& watch) const {
        check(x.size());
        index const n = x.size(), head = n - free;
        aligned_buffer<T> work(std::size_t(5 * n));
        T *g = work.data(),
          *g_new = g + n, *const slope = g_new + n, *const d = slope + n, *const x_new = d + n;
        detail::pairs<T> pairs(n, memory);
        auto run = detail::journal_of<T>(iterations, tolerance);
        run.measure = "subgradient norm";

        double value = detail::evaluate(f, x.data(), g, n) + penalty(x.data(), head);
        run.evaluations = 1;
        steepest(x.data(), g, slope, n, head);
        bool over = run.begin(value, detail::norm(slope, n));
        while (!over) {
            pairs.direction(slope, d);
            for (index i = 0; i < head; ++i)
                if (!(d[i] * slope[i] < T(0)))
                    d[i] = T(0);
            double step = pairs.size() ? 1 : std::min(1.0, 1 / detail::norm(slope, n)), found = 0;
            bool lower = false;
            for (int k = 0; k < 60 && !lower; ++k, step *= 0.5) {
                double const along = move(x.data(), slope, d, step, x_new, n, head);
                if (along == 0)
                    break;
                found = detail::evaluate(f, x_new, g_new, n) + penalty(x_new, head);
                ++run.evaluations;
                lower = found <= value + 1e-4 * along + detail::rounding<T>(value) / 16;
            }
            if (!lower) {
                if (pairs.size()) {
                    pairs.clear();
                    continue;
                }
                run.stall();
                break;
            }
            pairs.push(x_new, x.data(), g_new, g);
            std::copy_n(x_new, n, x.data());
            std::swap(g, g_new);
            value = found;
            steepest(x.data(), g, slope, n, head);
            over = run.next(watch, value, detail::norm(slope, n), 2 * step);
        }
        return run.result;
    }

    /// Throws descent::error for what no run can begin with; n: the number of variables.
    void check(index n) const {
        detail::check_common("owlqn", iterations, tolerance, n);
        expect(l1 >= 0 && l1 <= 1e300, "owlqn: l1 = ", l1, ": must be finite and >= 0");
        expect(memory >= 1, "owlqn: memory = ", memory, ": must be >= 1");
        expect(free >= 0 && free <= n, "owlqn: free = ", free, ": must be in [0, ", n, "]");
    }

private:
    template <class T>
    double penalty(T const* x, index head) const {
        double total = 0;
        for (index i = 0; i < head; ++i)
            total += std::fabs(double(x[i]));
        return l1 * total;
    }

    /// The subgradient of least norm.
    template <class T>
    void steepest(T const* x, T const* g, T* slope, index n, index head) const {
        T const bound = T(l1);
        for (index i = 0; i < head; ++i) {
            if (x[i] != T(0))
                slope[i] = g[i] + (x[i] > T(0) ? bound : -bound);
            else
                slope[i] = g[i] > bound    ? g[i] - bound
                           : g[i] < -bound ? g[i] + bound
                           : g[i] == g[i]  ? T(0)
                                           : g[i];
        }
        std::copy_n(g + head, n - head, slope + head);
    }

    /// x_new = x + step d, cut off at 0 where it leaves the orthant; slope . (x_new - x).
    template <class T>
    static double move(T const* x, T const* slope, T const* d, double step, T* x_new, index n, index head) {
        double along = 0;
        for (index i = 0; i < n; ++i) {
            x_new[i] = x[i] + T(step) * d[i];
            T const side = x[i] != T(0) ? x[i] : -slope[i];
            if (i < head && !(x_new[i] * side > T(0)))
                x_new[i] = T(0);
            along += double(slope[i]) * (double(x_new[i]) - double(x[i]));
        }
        return along;
    }
};

}  // namespace descent::solve
