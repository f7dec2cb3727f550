// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include <descent/solve/detail/reduced_variance.hpp>
#include <descent/solve/linear_problem.hpp>

namespace descent::solve {

/// SVRG (Johnson & Zhang, 2013; with l1 by its prox: Xiao & Zhang, 2014): each pass begins with the exact
/// gradient at w and all slopes there, and then steps along each sample's gradient less that at the pass's
/// start, plus the exact one. Two passes over the data an iteration, value and gradient known at each;
/// otherwise as saga.
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
        p.check(w, bias, "svrg");
        detail::check_passes("svrg", passes, rate);
        expect(l1 >= 0 && l1 <= 1e300, "svrg: l1 = ", l1, ": must be finite and >= 0");
        expect(tolerance >= 0, "svrg: tolerance = ", tolerance, ": must be >= 0");
        return detail::reduce_variance(p, w, bias, watch, l1, rate, tolerance, passes, seed, false);
    }
};

}  // namespace descent::solve
