// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include <descent/core/memory.hpp>
#include <descent/solve/detail/descend.hpp>
#include <descent/solve/line_search.hpp>

namespace descent::solve {

/// The gradient method of Barzilai & Borwein (1988), made global by Raydan (1997): along -g by s.s / s.y of the
/// last step, where the value need only be lower than the highest of the last `memory` ones (Grippo,
/// Lampariello & Lucidi, 1986). One evaluation in most iterations. Memory: 5 n numbers, none allocated after
/// the start.
///
/// Values rise between iterations; x is left at the lowest, or at the last one where the run converged.
/// Converged where |g| <= tolerance (Euclidean); stalled where neither value nor gradient fell for 10 + 10
/// memory iterations, or no point low enough is found along -g; diverged where f is not finite at the start.
/// Throws descent::error for settings out of range and an empty x.
struct barzilai_borwein {
    using problem = smooth;

    int memory = 10;                   ///< >= 1; 1 is monotone
    std::int64_t iterations = 10'000;  ///< at most
    double tolerance = 1e-6;
    armijo line_search = {};

    template <class F, class T, class Watch>
    outcome run(F& f, vector_view<T> x, Watch const& watch) const {
        check(x.size());
        index const n = x.size();
        aligned_buffer<T> work(std::size_t(5 * n));
        T *g = work.data(), *g_new = g + n, *const x_new = g_new + n, *const d = x_new + n, *const best = d + n;
        std::vector<double> recent(std::size_t(memory), -std::numeric_limits<double>::infinity());
        auto run = detail::journal_of<T>(iterations, tolerance);
        run.patience = 10 + 10 * memory;

        double value = detail::evaluate(f, x.data(), g, n), norm = detail::norm(g, n);
        run.evaluations = 1;
        double best_value = value, best_norm = norm, step = detail::unscaled_step(norm);
        std::copy_n(x.data(), n, best);
        bool over = run.begin(value, norm);
        while (!over) {
            recent[std::size_t(run.result.iterations % memory)] = value;
            double const highest = *std::max_element(recent.begin(), recent.end());
            detail::scale_to(-1, g, d, n);
            double const slope = detail::dot(g, d, n);
            auto const found = line_search(detail::ray<F, T>{f, x.data(), d, x_new, g_new, n, run.evaluations},
                                           {0, highest, slope}, step, detail::rounding<T>(value));
            if (!found.found) {
                over = run.stall();
                break;
            }
            // s = t d, so that s.s / s.y = t d.d / d.y with what the search knows.
            double const change = found.at.slope - slope;
            step = change > 0 ? found.at.step * -slope / change : 4 * found.at.step;
            step = std::min(std::max(step, 1e-30), 1e30);
            std::copy_n(x_new, n, x.data());
            std::swap(g, g_new);
            value = found.at.value;
            norm = detail::norm(g, n);
            if (value < best_value) {
                best_value = value;
                best_norm = norm;
                std::copy_n(x_new, n, best);
            }
            over = run.next(watch, value, norm, found.at.step);
        }
        if (run.result.status != status::converged && best_value < run.result.value) {
            std::copy_n(best, n, x.data());
            run.result.value = best_value;
            run.result.gradient_norm = best_norm;
        }
        return run.result;
    }

    /// Throws descent::error for what no run can begin with; n: the number of variables.
    void check(index n) const {
        detail::check_common("barzilai_borwein", iterations, tolerance, n);
        expect(memory >= 1, "barzilai_borwein: memory = ", memory, ": must be >= 1");
        line_search.check();
    }
};

}  // namespace descent::solve
