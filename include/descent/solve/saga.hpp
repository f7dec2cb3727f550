// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include <descent/solve/detail/variance_run.hpp>
#include <descent/solve/linear_problem.hpp>
#include <descent/solve/problem.hpp>

namespace descent::solve {

/// SAGA (Defazio, Bach & Lacoste-Julien, 2014): steps along one sample's gradient, made less noisy by the slope
/// remembered of each sample, so that a fixed step converges, linearly with l2 > 0. l1 |w|_1 may be added and
/// goes by its prox. One number of memory a sample; on sparse rows the columns that a step does not touch are
/// brought up to date when needed. Samples go in a new random order each pass.
///
/// On a sum over samples (sum_over, in minimize) the gradient of each is remembered: samples x size of x
/// numbers of memory; svrg needs none of them.
///
/// With the rate left at 0 it is 1 / (3 L), L the largest curvature of a sample's loss plus l2; of a sum the
/// largest bend of a sample along its own gradient at the start, which two more passes look for. gradient_norm
/// is that of the gradient (of the gradient mapping with an l1); it is looked at exactly when the remembered
/// slopes promise a norm below tolerance, and every 16th pass. Starts from (w, bias).
struct saga {
    using problem = sum_of_samples;

    double l1 = 0;               ///< >= 0
    double tolerance = 1e-6;     ///< of the gradient norm; >= 0
    std::int64_t passes = 1000;  ///< over the data at most; > 0
    double rate = 0;             ///< 0: from the data
    std::uint64_t seed = 0;      ///< of the order of the samples

    /// Throws descent::error for bad settings and shapes; a weight that is not finite is status::diverged, and
    /// the best weights that were looked at are put back.
    template <class Rows, class Loss, class Watch>
    outcome run(linear_problem<Rows, Loss> const& p, vector_view<typename Rows::scalar> w,
                vector_view<typename Rows::scalar> bias, Watch const& watch) const {
        return detail::reduce_variance("saga", *this, p, w, bias, watch, true);
    }

    /// The same for f = sum_over{samples, f}, the mean over its samples.
    template <class F, class T, class Watch>
    outcome run(F& f, vector_view<T> x, Watch const& watch) const {
        return detail::reduce_variance<T>("saga", *this, f, x, watch, true);
    }
};

}  // namespace descent::solve
