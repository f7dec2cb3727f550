// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <descent/solve/constrained.hpp>
#include <descent/solve/lbfgs.hpp>

namespace descent::solve {

namespace detail {

/// The augmented Lagrangian of a constrained problem: f - y.c + c.c / (2 mu) over the equalities, and the same
/// over inequalities as long as they are below mu y, else the constant -mu y^2 / 2.
template <class P, class T>
struct lagrangian {
    P& problem;
    index n, equalities = index(problem.equalities.size), count = equalities + index(problem.inequalities.size);
    double mu = 1;
    std::vector<double> multiplier = std::vector<double>(std::size_t(count), 0.0);
    std::vector<T> values = std::vector<T>(std::size_t(count), T(0)),
                   jacobian = std::vector<T>(std::size_t(count * n), T(0));
    double objective = 0;

    /// Constraints and their Jacobian at x.
    void constraints(vector_view<T const> const& x) {
        vector_view<T> e(values.data(), equalities), i(values.data() + equalities, count - equalities);
        matrix_view<T> je(jacobian.data(), equalities, n),
            ji(jacobian.data() + equalities * n, count - equalities, n);
        if (equalities > 0)
            problem.equalities(x, e, &je);
        if (count > equalities)
            problem.inequalities(x, i, &ji);
    }

    double operator()(vector_view<T const> const& x, vector_view<T>& g) {
        objective = double(problem.objective(x, g));
        constraints(x);
        double value = objective;
        for (index k = 0; k < count; ++k) {
            double const c = double(values[std::size_t(k)]), y = multiplier[std::size_t(k)];
            if (k >= equalities && c > mu * y) {
                value -= 0.5 * mu * y * y;
                continue;
            }
            value += c * (0.5 * c / mu - y);
            add(c / mu - y, jacobian.data() + k * n, g.data(), n);
        }
        return value;
    }

    /// How far x is from its constraints; for an inequality: how far from c >= 0, y >= 0, c y = 0.
    double violation() const {
        double sum = 0;
        for (index k = 0; k < count; ++k) {
            double const c = double(values[std::size_t(k)]);
            double const off = k < equalities ? c : std::min(c, mu * multiplier[std::size_t(k)]);
            sum += off * off;
        }
        return std::sqrt(sum);
    }

    void renew_multipliers() {
        for (index k = 0; k < count; ++k) {
            double& y = multiplier[std::size_t(k)];
            y -= double(values[std::size_t(k)]) / mu;
            if (k >= equalities)
                y = std::max(y, 0.0);
        }
    }
};

}  // namespace detail

/// Smooth minimization under smooth constraints by the method of multipliers (Hestenes, 1969; Powell, 1969;
/// with inequalities as in Nocedal & Wright, 2006, algorithm 17.4): lbfgs minimizes the augmented Lagrangian,
/// then either the multipliers are renewed or, where the constraints are not met well enough, the penalty
/// grows. f: see constrained. The start need not be feasible.
///
/// An iteration is one inner run; its gradient_norm is that of the conditions of Karush, Kuhn & Tucker: the
/// gradient of the Lagrangian, and the constraints' distance from c = 0, or c >= 0, y >= 0, c y = 0. Converged
/// where that is at most `tolerance`; stalled where it did not fall for ten iterations, or the penalty had to
/// pass 1e12: the constraints contradict one another, or have no common slope; diverged where f is not finite
/// at the start. The value is the objective's. x is left at the point nearest to those conditions. Throws
/// descent::error for settings out of range and an empty x.
struct augmented_lagrangian {
    using problem = with_constraints;

    std::int64_t iterations = 100;  ///< inner runs, at most
    double tolerance = 1e-6;
    double penalty = 10;  ///< 1 / mu at the start, > 0
    double growth = 10;   ///< of the penalty, > 1
    lbfgs inner = {};     ///< its tolerance is set by the outer run

    template <class F, class T, class Watch>
    outcome run(F& f, vector_view<T> x, Watch const& watch) const {
        check(x.size());
        index const n = x.size();
        detail::lagrangian<F, T> merit{f, n};
        merit.mu = 1 / penalty;
        detail::journal run{iterations, tolerance, 0};
        run.measure = "distance from the optimality conditions";
        std::vector<T> g(std::size_t(n), T(0));
        double within = std::pow(merit.mu, 0.1), close = std::max(tolerance, merit.mu);

        auto const look = [&] {  // the gradient's norm of the Lagrangian with the present multipliers
            double const value = detail::evaluate(merit, x.data(), g.data(), n);
            ++run.evaluations;
            return std::isfinite(value) ? detail::norm(g.data(), n) : value;
        };
        double const at_start = look();
        double nearest = std::hypot(at_start, merit.violation()), nearest_value = merit.objective;
        std::vector<T> best(x.data(), x.data() + n);
        bool over = run.begin(merit.objective, nearest);
        run.lowest = -std::numeric_limits<double>::infinity();  // values rise on the way to feasible points
        while (!over) {
            lbfgs solver = inner;
            solver.tolerance = close;
            auto const inside = solver.run<detail::lagrangian<F, T>, T>(merit, x, unwatched{});
            run.evaluations += inside.evaluations;
            double const slope = look(), violation = merit.violation(), penalty_now = 1 / merit.mu;
            if (violation <= within) {
                merit.renew_multipliers();
                within = std::max(within * std::pow(merit.mu, 0.9), 0.1 * tolerance);
                close = std::max(close * merit.mu, 0.5 * tolerance);
            } else {
                merit.mu /= growth;
                within = std::pow(merit.mu, 0.1);
                close = std::max(merit.mu, 0.5 * tolerance);
            }
            double const off = std::hypot(slope, violation);
            if (off < nearest) {
                nearest = off;
                nearest_value = merit.objective;
                std::copy_n(x.data(), n, best.data());
            }
            over = run.next(watch, merit.objective, off, penalty_now);
            if (!over && merit.mu < 1e-12)
                over = run.end(status::stalled, text("the penalty passed 1e+12, the constraints are off by ",
                                                     detail::brief(violation)));
        }
        if (nearest < run.result.gradient_norm || std::isnan(run.result.gradient_norm)) {
            std::copy_n(best.data(), n, x.data());
            run.result.value = nearest_value;
            run.result.gradient_norm = nearest;
            if (run.result.status == status::stalled)
                run.result.reason = text("no nearer point, ", run.measure, " ", detail::brief(nearest));
        }
        return run.result;
    }

    /// Throws descent::error for what no run can begin with; n: the number of variables.
    void check(index n) const {
        detail::check_common("augmented_lagrangian", iterations, tolerance, n);
        expect(penalty > 0 && std::isfinite(penalty), "augmented_lagrangian: penalty = ", penalty,
               ": must be finite and > 0");
        expect(growth > 1 && std::isfinite(growth), "augmented_lagrangian: growth = ", growth,
               ": must be finite and > 1");
        inner.check(n);
    }
};

}  // namespace descent::solve
