// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include <descent/solve/detail/reduced_variance.hpp>
#include <descent/solve/linear_problem.hpp>

namespace descent::solve {

/// SAGA (Defazio, Bach & Lacoste-Julien, 2014): steps along one sample's gradient, made less noisy by the slope
/// remembered of each sample, so that a fixed step converges, linearly with l2 > 0. l1 |w|_1 may be added and
/// goes by its prox. One number of memory a sample; on sparse rows the columns that a step does not touch are
/// brought up to date when needed. Samples go in a new random order each pass.
///
/// With the rate left at 0 it is 1 / (3 L), L the largest curvature of a sample's loss plus l2. gradient_norm
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
        p.check(w, bias, "saga");
        detail::check_passes("saga", passes, rate);
        expect(l1 >= 0 && l1 <= 1e300, "saga: l1 = ", l1, ": must be finite and >= 0");
        expect(tolerance >= 0, "saga: tolerance = ", tolerance, ": must be >= 0");
        return detail::reduce_variance(p, w, bias, watch, l1, rate, tolerance, passes, seed, true);
    }
};

}  // namespace descent::solve
