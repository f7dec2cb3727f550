// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <utility>

#include <descent/core/memory.hpp>
#include <descent/solve/detail/journal.hpp>
#include <descent/solve/detail/ray.hpp>
#include <descent/solve/problem.hpp>

namespace descent::solve::detail {

/// The loop of the methods that go along a line: direction, line search, next point. A direction offers
///
///     double operator()(T const* g, double norm, T* d)    writes d, returns the first step to try
///     void learn(T const* x_new, T const* x, T const* g_new, T const* g, T const* d, line_point const& from,
///                line_point const& to)
///     bool forget()                                       back to -g; false where it stood there already
///
/// 4 n numbers of memory, none allocated after the start.
template <class F, class T, class Watch, class Search, class Direction>
outcome descend(F& f, vector_view<T> x, Watch const& watch, journal run, Search const& search,
                Direction& direction) {
    index const n = x.size();
    aligned_buffer<T> work(std::size_t(4 * n));
    T *g = work.data(), *g_new = g + n, *const x_new = g_new + n, *const d = x_new + n;
    double value = evaluate(f, x.data(), g, n), size = norm(g, n);
    run.evaluations = 1;
    bool over = run.begin(value, size);
    while (!over) {
        double first = direction(g, size, d), slope = dot(g, d, n);
        if ((!(slope < 0) || !std::isfinite(slope)) && direction.forget()) {
            first = direction(g, size, d);
            slope = dot(g, d, n);
        }
        line_point const from{0, value, slope};
        auto const found = search(ray<F, T>{f, x.data(), d, x_new, g_new, n, run.evaluations}, from, first,
                                  rounding<T>(value));
        if (!found.found && !found.lower) {
            over = !direction.forget() && run.stall();
            continue;
        }
        direction.learn(x_new, x.data(), g_new, g, d, from, found.at);
        std::copy_n(x_new, n, x.data());
        std::swap(g, g_new);
        value = found.at.value;
        size = norm(g, n);
        over = run.next(watch, value, size, found.at.step);
    }
    return run.result;
}

/// Where a search along -g starts that knows nothing yet: not farther than 1.
inline double unscaled_step(double norm) { return norm > 1 ? 1 / norm : 1; }

}  // namespace descent::solve::detail
