// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include <descent/core/memory.hpp>
#include <descent/solve/detail/descend.hpp>
#include <descent/solve/line_search.hpp>

namespace descent::solve {

/// beta of d' = -g' + beta d, with y = g' - g.
enum class conjugacy {
    hager_zhang,    ///< (y - 2 d |y|^2 / d.y).g' / d.y, not below -1 / (|d| min(0.01, |g|)) (2005)
    polak_ribiere,  ///< max(0, g'.y / |g|^2) (Polak & Ribiere, 1969; Gilbert & Nocedal, 1992)
    dai_yuan        ///< |g'|^2 / d.y, not above g'.y / d.y, not below 0 (Dai & Yuan's hybrid, 2001)
};

namespace detail {

template <class T>
struct conjugate_direction {
    index n;
    conjugacy formula;
    aligned_buffer<T> d_last = aligned_buffer<T>(std::size_t(n));
    double beta = 0, next_step = 0;
    bool fresh = true;

    double operator()(T const* g, double norm, T* d) {
        scale_to(-1, g, d, n);
        if (fresh)
            return next_step > 0 ? next_step : unscaled_step(norm);
        add(beta, d_last.data(), d, n);
        // Powell's test, reversed: too far from -g to make way.
        double const slope = dot(g, d, n);
        if (!(slope <= -1e-10 * norm * detail::norm(d, n)))
            return 0;
        return next_step / -slope;
    }

    void learn(T const*, T const*, T const* g_new, T const* g, T const* d, line_point const& from,
               line_point const& to) {
        double const gg = dot(g_new, g_new, n), mixed = dot(g_new, g, n), old = dot(g, g, n);
        double const gd = to.slope, yd = to.slope - from.slope, gy = gg - mixed, yy = gg - 2 * mixed + old;
        double const dd = dot(d, d, n);
        if (formula == conjugacy::hager_zhang) {
            double const least = -1 / (std::sqrt(dd) * std::min(0.01, std::sqrt(old)));
            beta = std::max((gy - 2 * gd * yy / yd) / yd, least);
        } else if (formula == conjugacy::polak_ribiere) {
            beta = std::max(0.0, gy / old);
        } else {
            beta = std::max(0.0, std::min(gy, gg) / yd);
        }
        fresh = !(yd > 0) || !std::isfinite(beta);
        // The next first step expects the same first-order decrease as the last (Nocedal & Wright, 3.5).
        next_step = fresh ? 0 : to.step * -from.slope;
        std::copy_n(d, n, d_last.data());
    }

    bool forget() {
        bool const knew = !fresh || next_step > 0;
        fresh = true;
        next_step = 0;
        return knew;
    }
};

}  // namespace detail

/// Nonlinear conjugate gradients: d' = -g' + beta d, a line search close enough to the minimum along d, and
/// -g again wherever d' does not lead down. Memory: 5 n numbers, none allocated after the start.
///
/// Converged where |g| <= tolerance (Euclidean); stalled where neither value nor gradient fell for ten
/// iterations, or no lower point is found along -g; diverged where f is not finite at the start. Throws
/// descent::error for settings out of range and an empty x.
struct conjugate_gradient {
    using problem = smooth;

    std::int64_t iterations = 10'000;  ///< at most
    double tolerance = 1e-6;
    conjugacy formula = conjugacy::polak_ribiere;
    strong_wolfe line_search = {.curvature = 0.1, .evaluations = 20};

    template <class F, class T, class Watch>
    outcome run(F& f, vector_view<T> x, Watch const& watch) const {
        check(x.size());
        detail::conjugate_direction<T> direction{x.size(), formula};
        return detail::descend<F, T>(f, x, watch, detail::journal_of<T>(iterations, tolerance), line_search,
                                     direction);
    }

    /// Throws descent::error for what no run can begin with; n: the number of variables.
    void check(index n) const {
        detail::check_common("conjugate_gradient", iterations, tolerance, n);
        line_search.check();
    }
};

}  // namespace descent::solve
