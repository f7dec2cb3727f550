// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <descent/solve/detail/journal.hpp>
#include <descent/solve/problem.hpp>

namespace descent::solve {

/// The simplex method of Nelder & Mead (1965) with the coefficients of Gao & Han (2012), which depend on n: for
/// functions without a gradient, up to some tens of variables. f(x) returns the value; one that is not finite
/// is taken as higher than all others.
///
/// Converged where the values at all corners are within `tolerance` of the best one, and the corners within
/// `tolerance` of the best corner in every coordinate (for both: or within the rounding of T); diverged where f
/// is not finite at the start. O(n^2) memory. Throws descent::error for settings out of range and an empty x.
struct nelder_mead {
    using problem = derivative_free;

    std::int64_t iterations = 20'000;  ///< at most
    double tolerance = 1e-6;
    double size = 0.05;  ///< of the first simplex: x[i] (1 + size), or size / 200 where x[i] = 0

    template <class F, class T, class Watch>
    outcome run(F& f, vector_view<T> x, Watch const& watch) const {
        check(x.size());
        index const n = x.size();
        double const spread = double(std::max<index>(n, 2));  // n = 1 would shrink to one point
        double const expand = 1 + 2 / spread, contract = 0.75 - 0.5 / spread, shrink = 1 - 1 / spread;
        detail::journal run{iterations, 0, 0};

        std::vector<std::vector<T>> corner(std::size_t(n + 1), std::vector<T>(x.data(), x.data() + n));
        std::vector<double> value(corner.size());
        std::vector<std::size_t> order(corner.size());
        std::vector<T> center(std::size_t(n), T(0)), trial(center), second(center);
        auto const ask = [&](std::vector<T> const& at) {
            vector_view<T const> const point(at.data(), n);
            ++run.evaluations;
            double const v = double(f(point));
            return v == v ? v : std::numeric_limits<double>::infinity();
        };
        auto const finish = [&](descent::status why, std::string reason) {
            run.end(why, std::move(reason));
            run.result.gradient_norm = progress::unknown;
            return run.result;
        };
        for (std::size_t i = 0; i < corner.size(); ++i) {
            if (i > 0) {
                T& moved = corner[i][i - 1];
                moved = moved == T(0) ? T(size / 200) : moved * T(1 + size);
            }
            value[i] = ask(corner[i]);
            order[i] = i;
            if (i == 0 && !std::isfinite(value[0])) {
                run.result.value = value[0];
                return finish(status::diverged, text("the value at the start is ", detail::brief(value[0])));
            }
        }
        for (;;) {
            std::stable_sort(order.begin(), order.end(),
                             [&](std::size_t a, std::size_t b) { return value[a] < value[b]; });
            std::vector<T> const& best = corner[order.front()];
            std::vector<T>& worst = corner[order.back()];
            double const lowest = value[order.front()], highest = value[order.back()];
            std::copy_n(best.data(), n, x.data());
            run.result.value = lowest;
            if (run.result.iterations > 0) {
                verdict const wish = watch(progress{
                    .iteration = run.result.iterations, .evaluations = run.evaluations, .value = lowest});
                if (wish.stop)
                    return finish(wish.status, wish.reason);
            }
            double const across = width(corner, order, n);
            if (highest - lowest <= std::max(tolerance, detail::rounding<T>(lowest)) && across <= 1)
                return finish(status::converged,
                              text("simplex of values within ", detail::brief(highest - lowest)));
            if (run.result.iterations >= iterations)
                return finish(status::finished, text(iterations, " iterations done"));
            ++run.result.iterations;

            for (index j = 0; j < n; ++j) {
                double sum = 0;
                for (std::size_t i = 0; i + 1 < order.size(); ++i)
                    sum += double(corner[order[i]][std::size_t(j)]);
                center[std::size_t(j)] = T(sum / double(n));
            }
            // center + factor (center - worst)
            auto const along = [&](double factor, std::vector<T>& to) {
                for (std::size_t j = 0; j < to.size(); ++j)
                    to[j] = T(double(center[j]) + factor * (double(center[j]) - double(worst[j])));
                return ask(to);
            };
            auto const take = [&](std::vector<T> const& point, double v) {
                worst = point;
                value[order.back()] = v;
            };
            double const reflected = along(1, trial);
            if (reflected < lowest) {
                double const further = along(expand, second);
                if (further < reflected)
                    take(second, further);
                else
                    take(trial, reflected);
                continue;
            }
            if (reflected < value[order[order.size() - 2]]) {
                take(trial, reflected);
                continue;
            }
            bool const outside = reflected < highest;
            double const nearer = along(outside ? contract : -contract, second);
            if (outside ? nearer <= reflected : nearer < highest) {
                take(second, nearer);
                continue;
            }
            for (std::size_t i = 1; i < order.size(); ++i) {
                std::vector<T>& point = corner[order[i]];
                for (std::size_t j = 0; j < point.size(); ++j)
                    point[j] = T(double(best[j]) + shrink * (double(point[j]) - double(best[j])));
                value[order[i]] = ask(point);
            }
        }
    }

    /// Throws descent::error for what no run can begin with; n: the number of variables.
    void check(index n) const {
        detail::check_common("nelder_mead", iterations, tolerance, n);
        expect(size > 0 && std::isfinite(size), "nelder_mead: size = ", size, ": must be finite and > 0");
    }

private:
    /// The largest distance of a corner from the best one, in units of what is allowed in that coordinate.
    template <class T>
    double width(std::vector<std::vector<T>> const& corner, std::vector<std::size_t> const& order,
                 index n) const {
        double most = 0;
        for (index j = 0; j < n; ++j) {
            double const middle = double(corner[order[0]][std::size_t(j)]);
            double const allowed = std::max(tolerance, detail::rounding<T>(middle));
            for (std::size_t i : order) {
                double const away = std::fabs(double(corner[i][std::size_t(j)]) - middle);
                if (away > 0)
                    most = std::max(most, away / allowed);
            }
        }
        return most;
    }
};

}  // namespace descent::solve
