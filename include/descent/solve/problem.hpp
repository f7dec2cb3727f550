// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>

#include <descent/core/tensor.hpp>
#include <descent/solve/outcome.hpp>

// A method of solve/ is an aggregate of settings with
//
//     using problem = smooth;         what it takes, one of the names below
//     template <class F, class T, class Watch>
//     outcome run(F& f, vector_view<T> x, Watch const& watch) const;
//
// run, called as run<F, T>(f, x, watch), minimizes f from x, leaves the best point in x and calls
// watch(progress const&) -> verdict after each iteration, when x holds the point that progress tells of.
// minimize and fit of train/ give methods their callbacks and turn the outcome into a report.
namespace descent::solve {

/// f(x, g) returns the value at x and writes the gradient to g.
struct smooth {};
/// smooth, and f.hessian_product(v, out) writes H v at the x of the last call of f.
struct twice_differentiable {};
/// f(x) returns the value; nothing more is known.
struct derivative_free {};
/// f(x, r, J) writes m residuals to r and, where J is not null, their m x n Jacobian to *J.
struct residuals {};
/// A sum of losses over samples: sum_over, or a linear problem.
struct sum_of_samples {};

/// Any method of solve/.
template <class M>
concept method = requires {
    typename M::problem;
};

/// Can H v be asked of f?
template <class F, class T>
concept has_hessian_product = requires(F& f, vector_view<T const> v, vector_view<T> out) {
    f.hessian_product(v, out);
};

}  // namespace descent::solve

namespace descent {

/// A sum over samples as an objective: f(i, x, g) returns the loss of sample i at x and adds its gradient to g.
/// GD, SGD and mini-batch descent are then one call with another batch policy. f must be safe to call from
/// several threads where the executor has them. Throws descent::error for samples < 1.
template <class F>
struct sum_over {
    index samples;
    F f;
};
template <class I, class F>
sum_over(I, F) -> sum_over<F>;

namespace detail {

template <class O>
inline constexpr bool is_sum = false;
template <class F>
inline constexpr bool is_sum<sum_over<F>> = true;

}  // namespace detail

}  // namespace descent
