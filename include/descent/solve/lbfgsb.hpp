// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string_view>
#include <utility>
#include <vector>

#include <descent/core/memory.hpp>
#include <descent/solve/detail/box_model.hpp>
#include <descent/solve/detail/descend.hpp>
#include <descent/solve/line_search.hpp>

namespace descent::solve {

/// L-BFGS in a box, low <= x <= high (Byrd, Lu, Nocedal & Zhu, 1995; Morales & Nocedal, 2011): the generalized
/// Cauchy point tells which variables lie on the box, the model is minimized over the others, and a strong
/// Wolfe search goes towards that point. f is asked only inside the box, where a start outside is moved to.
/// Memory: (2 memory + 6) n numbers.
///
/// Converged where |P(x - g) - x| <= tolerance (Euclidean; P: the nearest point of the box), which is also the
/// reported gradient norm; stalled where neither value nor that norm fell for ten iterations, or no lower point
/// is found along the projected gradient; diverged where f is not finite at the start. Throws descent::error
/// for settings out of range, a box of another size or without points, and an empty x.
struct lbfgsb {
    using problem = smooth;

    std::vector<double> low = {};    ///< one a variable; or one number for all; empty: no bounds. -inf is none
    std::vector<double> high = {};   ///< the same
    int memory = 10;                 ///< >= 1
    std::int64_t iterations = 1000;  ///< at most
    double tolerance = 1e-6;
    strong_wolfe line_search = {};

    template <class F, class T, class Watch>
    outcome run(F& f, vector_view<T> x, Watch const& watch) const {
        check(x.size());
        index const n = x.size();
        constexpr double infinity = std::numeric_limits<double>::infinity();
        std::vector<T> const bottom = side<T>(low, n, -infinity), top = side<T>(high, n, infinity);
        aligned_buffer<T> work(std::size_t(4 * n));
        T *g = work.data(), *g_new = g + n, *const x_new = g_new + n, *const d = x_new + n;
        detail::box_model<T> model(n, memory, bottom, top);
        auto run = detail::journal_of<T>(iterations, tolerance);
        run.measure = "projected gradient norm";
        auto const bounded = [&](index i, T value) {
            return std::min(std::max(value, bottom[std::size_t(i)]), top[std::size_t(i)]);
        };
        auto const projected_norm = [&] {
            for (index i = 0; i < n; ++i)
                x_new[i] = g[i] == g[i] ? bounded(i, x[i] - g[i]) - x[i] : g[i];
            return detail::norm(x_new, n);
        };

        for (index i = 0; i < n; ++i)
            x[i] = bounded(i, x[i]);
        double value = detail::evaluate(f, x.data(), g, n), norm = projected_norm();
        run.evaluations = 1;
        bool over = run.begin(value, norm);
        while (!over) {
            if (!model.minimize(x.data(), g, x_new)) {
                if (model.size() == 0) {
                    run.stall();
                    break;
                }
                model.clear();
                continue;
            }
            detail::subtract(x_new, x.data(), d, n);
            double const slope = detail::dot(g, d, n);
            double const first = model.size() ? 1 : std::min(1.0, 1 / detail::norm(d, n));
            strong_wolfe search = line_search;
            search.longest = std::min(search.longest, room(x.data(), d, bottom, top, n));
            auto const found = search(
                [&](double step) -> line_point {
                    bool moved = false;
                    for (index i = 0; i < n; ++i) {
                        x_new[i] = bounded(i, x[i] + T(step) * d[i]);
                        moved = moved || x_new[i] != x[i];
                    }
                    if (!moved)
                        return {step, progress::unknown, 0};
                    ++run.evaluations;
                    double const there = detail::evaluate(f, x_new, g_new, n);
                    return {step, there, std::isfinite(there) ? detail::dot(g_new, d, n) : there};
                },
                {0, value, slope}, first, detail::rounding<T>(value));
            if (!found.found && !found.lower) {
                over = model.size() == 0 && run.stall();
                model.clear();
                continue;
            }
            model.push(x_new, x.data(), g_new, g);
            std::copy_n(x_new, n, x.data());
            std::swap(g, g_new);
            value = found.at.value;
            norm = projected_norm();
            over = run.next(watch, value, norm, found.at.step);
        }
        return run.result;
    }

    /// Throws descent::error for what no run can begin with; n: the number of variables.
    void check(index n) const {
        detail::check_common("lbfgsb", iterations, tolerance, n);
        expect(memory >= 1, "lbfgsb: memory = ", memory, ": must be >= 1");
        line_search.check();
        check_side("low", low, n);
        check_side("high", high, n);
        for (index i = 0; i < n && !low.empty() && !high.empty(); ++i) {
            double const from = low[low.size() == 1 ? 0 : std::size_t(i)];
            double const to = high[high.size() == 1 ? 0 : std::size_t(i)];
            expect(from <= to, "lbfgsb: low[", i, "] = ", from, ": must be <= high[", i, "] = ", to);
        }
    }

private:
    static void check_side(std::string_view name, std::vector<double> const& bound, index n) {
        expect(bound.size() <= 1 || index(bound.size()) == n, "lbfgsb: ", name, " has ", bound.size(),
               " numbers, x has ", n);
        for (std::size_t i = 0; i < bound.size(); ++i)
            expect(bound[i] == bound[i], "lbfgsb: ", name, "[", i, "] = ", bound[i], ": must be a number");
    }

    template <class T>
    static std::vector<T> side(std::vector<double> const& bound, index n, double none) {
        std::vector<T> all(std::size_t(n), T(bound.size() == 1 ? bound[0] : none));
        for (std::size_t i = 0; i < all.size() && bound.size() > 1; ++i)
            all[i] = T(bound[i]);
        return all;
    }

    /// The longest step along d within the box, at least 1.
    template <class T>
    static double room(T const* x, T const* d, std::vector<T> const& low, std::vector<T> const& high, index n) {
        double most = std::numeric_limits<double>::infinity();
        for (index i = 0; i < n; ++i) {
            double const way = d[i] > 0   ? double(high[std::size_t(i)]) - double(x[i])
                               : d[i] < 0 ? double(low[std::size_t(i)]) - double(x[i])
                                          : 0;
            if (d[i] != T(0))
                most = std::min(most, way / double(d[i]));
        }
        return std::max(most, 1.0);
    }
};

}  // namespace descent::solve
