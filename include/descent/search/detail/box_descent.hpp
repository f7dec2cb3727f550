// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include <descent/core/tensor.hpp>

namespace descent::search::detail {

/// Minimizes f(x, g) -> value over low <= x <= high from x, which becomes the best point: BFGS on the variables
/// that do not press against the box, with backtracking along the projected path. Made for the few variables of
/// acquisitions and hyperparameters, where solve::lbfgsb would spend more time on itself than on f. f may give
/// NaN or infinity: the step is halved. Returns the value at x.
template <class F>
double box_descent(F&& f, std::vector<double>& x, std::vector<double> const& low,
                   std::vector<double> const& high, int iterations, double tolerance = 1e-6,
                   double first_step = 0.1) {
    std::size_t const n = x.size();
    std::vector<double> g(n), g_new(n), x_new(n), d(n), s(n), y(n), hy(n), h(n * n, 0.0);
    auto const bounded = [&](std::size_t i, double v) { return std::min(std::max(v, low[i]), high[i]); };
    for (std::size_t i = 0; i < n; ++i)
        x[i] = bounded(i, x[i]);
    double value = f(x, g);
    bool fresh = true;
    auto const restart = [&] {
        std::fill(h.begin(), h.end(), 0.0);
        for (std::size_t i = 0; i < n; ++i)
            h[i * n + i] = 1;
        fresh = true;
    };
    restart();
    for (int iteration = 0; iteration < iterations && std::isfinite(value); ++iteration) {
        auto const pressed = [&](std::size_t i) {
            return (x[i] <= low[i] && g[i] > 0) || (x[i] >= high[i] && g[i] < 0);
        };
        double slope = 0, norm = 0, longest = 0;
        for (std::size_t i = 0; i < n; ++i) {
            d[i] = 0;
            if (pressed(i))
                continue;
            norm += g[i] * g[i];
            for (std::size_t j = 0; j < n; ++j)
                if (!pressed(j))
                    d[i] -= h[i * n + j] * g[j];
            slope += d[i] * g[i];
            longest = std::max(longest, std::abs(d[i]));
        }
        if (norm <= tolerance * tolerance || !(norm < 1e300))
            break;
        if (!(slope < 0)) {
            if (fresh)
                break;
            restart();
            continue;
        }
        double step = fresh ? first_step / longest : 1;
        bool found = false;
        double value_new = value;
        for (int trial = 0; trial < 12; ++trial) {
            double gain = 0;
            for (std::size_t i = 0; i < n; ++i) {
                x_new[i] = bounded(i, x[i] + step * d[i]);
                gain += g[i] * (x_new[i] - x[i]);
            }
            value_new = f(x_new, g_new);
            if (value_new <= value + 1e-4 * gain) {
                found = true;
                break;
            }
            // The parabola through value, slope and the new value, kept within [0.1, 0.5] of the step.
            double const bend = value_new - value - gain;
            step *= std::isfinite(bend) && bend > 0 ? std::min(0.5, std::max(0.1, -gain / (2 * bend))) : 0.25;
        }
        if (!found) {
            if (fresh)
                break;
            restart();
            continue;
        }
        double sy = 0, yy = 0, yhy = 0, moved = 0;
        for (std::size_t i = 0; i < n; ++i) {
            s[i] = x_new[i] - x[i];
            y[i] = g_new[i] - g[i];
            sy += s[i] * y[i];
            yy += y[i] * y[i];
            moved = std::max(moved, std::abs(s[i]));
        }
        if (sy > 1e-10 * yy && sy > 0) {
            if (fresh)
                for (std::size_t i = 0; i < n; ++i)
                    h[i * n + i] = sy / yy;
            fresh = false;
            for (std::size_t i = 0; i < n; ++i) {
                hy[i] = 0;
                for (std::size_t j = 0; j < n; ++j)
                    hy[i] += h[i * n + j] * y[j];
                yhy += hy[i] * y[i];
            }
            for (std::size_t i = 0; i < n; ++i)
                for (std::size_t j = 0; j < n; ++j)
                    h[i * n + j] += ((1 + yhy / sy) * s[i] * s[j] - hy[i] * s[j] - s[i] * hy[j]) / sy;
        }
        double const gained = value - value_new;
        x.swap(x_new);
        g.swap(g_new);
        value = value_new;
        if (moved < 1e-9 || gained < 1e-9 * (1 + std::abs(value)))
            break;
    }
    return value;
}

}  // namespace descent::search::detail
