// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include <descent/solve/detail/variance_run.hpp>
#include <descent/solve/linear_problem.hpp>
#include <descent/solve/problem.hpp>

namespace descent::solve {

/// SVRG (Johnson & Zhang, 2013; with l1 by its prox: Xiao & Zhang, 2014): each pass begins with the exact
/// gradient at w and all slopes there, and then steps along each sample's gradient less that at the pass's
/// start, plus the exact one. Two passes over the data an iteration, value and gradient known at each;
/// otherwise as saga. On a sum over samples a step takes two gradients, and nothing is remembered of a sample.
struct svrg {
    using problem = sum_of_samples;

    double l1 = 0;               ///< >= 0
    double tolerance = 1e-6;     ///< of the gradient norm; >= 0
    std::int64_t passes = 1000;  ///< at most; > 0
    double rate = 0;             ///< 0: 1 / (3 L), as in saga
    std::uint64_t seed = 0;      ///< of the order of the samples

    /// Throws descent::error for bad settings and shapes; a weight that is not finite is status::diverged, and
    /// the best weights that were looked at are put back.
    template <class Rows, class Loss, class Watch>
    outcome run(linear_problem<Rows, Loss> const& p, vector_view<typename Rows::scalar> w,
                vector_view<typename Rows::scalar> bias, Watch const& watch) const {
        return detail::reduce_variance("svrg", *this, p, w, bias, watch, false);
    }

    /// The same for f = sum_over{samples, f}, the mean over its samples.
    template <class F, class T, class Watch>
    outcome run(F& f, vector_view<T> x, Watch const& watch) const {
        return detail::reduce_variance<T>("svrg", *this, f, x, watch, false);
    }
};

}  // namespace descent::solve
