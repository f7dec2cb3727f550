// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>

#include <descent/core/memory.hpp>
#include <descent/solve/detail/journal.hpp>
#include <descent/solve/detail/pairs.hpp>
#include <descent/solve/detail/ray.hpp>
#include <descent/solve/line_search.hpp>
#include <descent/solve/problem.hpp>

namespace descent::solve {

/// Limited-memory BFGS (Nocedal, 1980; Liu & Nocedal, 1989): quasi-Newton directions from the last `memory`
/// pairs of steps and gradient changes, a strong Wolfe line search that first tries step 1 (1 / |g| at the
/// start, at most 1). Memory: (2 memory + 4) n numbers, none allocated after the start. Converged where
/// |g| <= tolerance (Euclidean); stalled where neither value nor gradient fell for ten iterations, or no lower
/// point is found along -g. Throws descent::error for memory < 1, iterations < 0, tolerance < 0 and an empty x.
struct lbfgs {
    using problem = smooth;

    int memory = 10;
    std::int64_t iterations = 1000;  ///< at most
    double tolerance = 1e-6;
    strong_wolfe line_search = {};

    template <class F, class T, class Watch>
    outcome run(F& f, vector_view<T> x, Watch const& watch) const {
        check(x.size());
        index const n = x.size();
        aligned_buffer<T> work(std::size_t(4 * n));
        T *g = work.data(), *g_new = g + n, *const x_new = g_new + n, *const d = x_new + n;
        detail::pairs<T> pairs(n, memory);
        detail::journal journal{iterations, tolerance, double(std::numeric_limits<T>::epsilon())};

        double value = detail::evaluate(f, x.data(), g, n), norm = detail::norm(g, n);
        ++journal.evaluations;
        bool over = journal.begin(value, norm);
        while (!over) {
            pairs.direction(g, d);
            double slope = detail::dot(g, d, n);
            if (!(slope < 0) || !std::isfinite(slope)) {
                pairs.clear();
                pairs.direction(g, d);
                slope = detail::dot(g, d, n);
            }
            double const first = pairs.size() ? 1 : std::min(1.0, 1 / norm);
            auto const found =
                line_search(detail::ray<F, T>{f, x.data(), d, x_new, g_new, n, journal.evaluations},
                            {0, value, slope}, first, detail::rounding<T>(value));
            if (!found.found && !found.lower) {
                if (pairs.size() == 0) {
                    over = journal.stall();
                } else {
                    pairs.clear();  // once more from the steepest descent
                }
                continue;
            }
            pairs.push(x_new, x.data(), g_new, g);
            std::copy_n(x_new, n, x.data());
            std::swap(g, g_new);
            value = found.at.value;
            norm = detail::norm(g, n);
            over = journal.next(watch, value, norm, found.at.step);
        }
        return journal.result;
    }

    /// Throws descent::error for settings that no run can begin with, and n = 0 variables.
    void check(index n) const {
        detail::check_common("lbfgs", iterations, tolerance, n);
        expect(memory >= 1, "lbfgs: memory = ", memory, ": must be >= 1");
        line_search.check();
    }
};

}  // namespace descent::solve
