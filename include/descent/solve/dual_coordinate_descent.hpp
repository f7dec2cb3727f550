// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <descent/core/error.hpp>
#include <descent/solve/detail/dual_form.hpp>
#include <descent/solve/detail/dual_problem.hpp>
#include <descent/solve/detail/walk.hpp>
#include <descent/solve/linear_problem.hpp>

namespace descent::solve {

/// Dual coordinate descent: minimizes a linear model's loss + (l2 / 2) |w|^2 one sample at a time, without a
/// step size. For hinge and squared hinge the method of Hsieh, Chang, Lin, Keerthi & Sundararajan (2008) with
/// its shrinking; for the logistic loss that of Yu, Huang & Lin (2011) with a cheaper inner step; and in the
/// same way smooth hinge, squared, absolute, Huber and quantile loss (Shalev-Shwartz & Zhang, 2013). The
/// fastest method for sparse data and mild penalties; where l2 is far below 1 / samples, lbfgs and newton_cg
/// are better.
///
/// It always begins at w = 0, and ends when the duality gap, computed in double over all samples, falls below
/// tolerance x value; so the value is at most that much above the optimum. (w is kept as sum beta_i x_i in T;
/// the rounding of that sum is counted in the gap where the tolerance is below the square root of T's epsilon.)
///
/// A bias, which is not penalized, becomes the multiplier of sum beta_i = 0 and moves with each sample by the
/// augmented Lagrangian method (Hestenes, 1969; Powell, 1969). With the logistic loss it stands still during a
/// pass and goes a secant step after it, which costs hardly a pass; the other way follows where that fails. At
/// the end it is put at its best for the w found.
///
/// One sample follows from the other, so this method runs on one thread whatever the executor.
struct dual_coordinate_descent {
    using problem = sum_of_samples;

    double tolerance = 1e-3;     ///< relative duality gap at which it ends; > 0
    std::int64_t passes = 1000;  ///< over the data at most; > 0
    std::uint64_t seed = 0;      ///< of the random order of the samples
    bool shrink = true;          ///< leave out samples that stay at their bounds; they come back before the end

    /// Minimizes from 0 and leaves the solution in w and bias (one number, or none). progress: one iteration a
    /// pass, samples visited as evaluations, value and gap after the passes that look at them. Throws
    /// descent::error for l2 = 0 (there is no dual then), for bad settings and shapes, and where all labels are
    /// equal and there is a bias: the logistic loss then has no minimum.
    template <class Rows, class Loss, class Watch>
    requires detail::has_dual<Loss> outcome run(linear_problem<Rows, Loss> const& p,
                                                vector_view<typename Rows::scalar> w,
                                                vector_view<typename Rows::scalar> bias, Watch const& watch)
    const {
        expect(tolerance > 0, "dual_coordinate_descent: tolerance = ", tolerance, ": must be > 0");
        expect(passes > 0, "dual_coordinate_descent: passes = ", passes, ": must be > 0");
        p.check(w, bias, "dual_coordinate_descent");
        expect(p.l2 > 0, "dual_coordinate_descent: l2 = ", p.l2, ": must be > 0: the dual needs the penalty");
        if constexpr (requires { p.loss.check(); })
            p.loss.check();

        detail::dual_problem<Rows, Loss> state(p, w, bias);
        // An optimum of 0 is reached when nothing of the loss at 0 is left.
        double const rounding = std::numeric_limits<double>::epsilon() * state.value_at_zero();
        outcome result;
        // The dual rises from step to step, the primal may end above where it began.
        auto const keep_lower = [&, at_zero = state.value_at_zero()] {
            if (result.value > at_zero) {
                w.setZero();
                bias.setZero();
                result.gap -= result.value - at_zero;
                result.value = at_zero;
            }
        };
        detail::gap_forecast forecast{tolerance};
        auto told = verdict{};
        for (std::int64_t pass = 1; pass <= passes; ++pass) {
            auto const seen = state.pass(seed, pass, shrink);
            result.iterations = pass;
            result.evaluations += seen.visits;
            progress now{.iteration = pass, .evaluations = result.evaluations};
            if (!std::isfinite(seen.value)) {
                w.setZero();
                bias.setZero();
                return ended(result, status::diverged, "a score was not finite");
            }
            if (seen.anew)
                forecast = {.tolerance = tolerance, .not_before = pass + 1, .improved = pass};
            if (forecast.look(seen.gap, seen.value, pass) || pass == passes) {
                auto const exact = state.certify(tolerance);
                result.value = now.value = exact.value;
                result.gap = now.gap = exact.gap;
                bool const reached = exact.gap <= std::max(tolerance * exact.value, rounding);
                if (reached || forecast.stalled(exact.gap, pass)) {
                    watch(now);
                    keep_lower();
                    return ended(result, reached ? status::converged : status::stalled,
                                 text("duality gap ", detail::brief(result.gap)));
                }
            }
            if (told = watch(now); told.stop)
                break;
        }
        if (told.stop) {
            auto const exact = state.certify(tolerance);
            result.value = exact.value;
            result.gap = exact.gap;
        }
        keep_lower();
        return told.stop ? ended(result, told.status, told.reason)
                         : ended(result, status::finished, text(passes, " passes"));
    }

private:
    static outcome& ended(outcome& result, descent::status why, std::string reason) {
        result.status = why;
        result.reason = std::move(reason);
        return result;
    }
};

}  // namespace descent::solve
