// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

#include <descent/solve/detail/vector.hpp>
#include <descent/solve/line_search.hpp>

namespace descent::solve::detail {

/// Value of f at x, with the gradient in g.
template <class F, class T>
double evaluate(F& f, T const* x, T* g, index n) {
    vector_view<T const> const at(x, n);
    vector_view<T> slope(g, n);
    return double(f(at, slope));
}

/// The function of a line search: f along x + step d, with the point and the gradient of the last trial.
template <class F, class T>
struct ray {
    F& f;
    T const* x;
    T const* d;
    T* x_new;
    T* g_new;
    index n;
    std::int64_t& evaluations;

    line_point operator()(double step) {
        // A step that rounding swallows whole: f need not be asked again.
        if (!add_to(x, step, d, x_new, n))
            return {step, std::numeric_limits<double>::quiet_NaN(), 0};
        ++evaluations;
        double const value = evaluate(f, x_new, g_new, n);
        return {step, value, std::isfinite(value) ? dot(g_new, d, n) : value};
    }
};

}  // namespace descent::solve::detail
