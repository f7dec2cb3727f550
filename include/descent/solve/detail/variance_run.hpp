// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

#include <descent/solve/detail/reduced_variance.hpp>
#include <descent/solve/detail/sum_variance.hpp>
#include <descent/solve/detail/walk.hpp>

// The run that saga and svrg share.
namespace descent::solve::detail {

/// Throws descent::error for settings of saga and svrg that are out of range.
template <class Method>
void check_variance(std::string_view who, Method const& m) {
    check_passes(who, m.passes, m.rate);
    expect(m.l1 >= 0 && m.l1 <= 1e300, who, ": l1 = ", m.l1, ": must be finite and >= 0");
    expect(m.tolerance >= 0, who, ": tolerance = ", m.tolerance, ": must be >= 0");
}

/// Passes of steps until the gradient is small; `remember`: each slope is, as in saga. `evaluations`: spent so
/// far.
template <class T, class Method, class State, class Watch>
outcome run_passes(Method const& m, State& state, vector_view<T> w, vector_view<T> bias, Watch const& watch,
                   bool remember, std::int64_t evaluations = 0) {
    index const n = state.samples();
    vector<T> best = w;
    T best_bias = bias.size() ? bias[0] : T(0);
    std::vector<index> order;
    outcome result;
    // The start's slopes are remembered, so that the first steps are not noise.
    auto seen = state.look();
    double best_value = seen.value, floor = std::numeric_limits<double>::infinity();
    std::int64_t improved = 0;
    result.evaluations = evaluations + n;
    auto told = verdict{};
    for (std::int64_t pass = 0;; ++pass) {
        result.iterations = pass;
        bool const known = pass == 0 || !remember || told.stop || pass == m.passes ||
                           state.shown_norm() <= m.tolerance || pass % 16 == 0;
        if (pass > 0 && known) {
            seen = state.look();
            result.evaluations += n;
        }
        bool const finite = std::isfinite(seen.value) && std::isfinite(state.shown_norm());
        if (known) {
            if (finite && seen.value <= best_value) {
                best = w;
                best_bias = bias.size() ? bias[0] : T(0);
                best_value = seen.value;
            }
            result.value = seen.value;
            result.gradient_norm = seen.norm;
            if (seen.norm < 0.9 * floor) {
                floor = seen.norm;
                improved = pass;
            }
        }
        if (!finite) {
            w = best;
            bias.setConstant(best_bias);
            result.value = best_value;
            return ended(result, status::diverged, "a weight was not finite");
        }
        if (known && seen.norm <= m.tolerance)
            return ended(result, status::converged, text("gradient norm ", brief(seen.norm)));
        if (told.stop)
            return ended(result, told.status, told.reason);
        if (known && pass - improved > std::max<std::int64_t>(48, pass / 2))
            return ended(result, status::stalled, text("gradient norm ", brief(seen.norm)));
        if (pass == m.passes)
            return ended(result, status::finished, text(m.passes, " passes"));
        shuffle(n, m.seed, pass, order);
        for (std::size_t k = 0; k < order.size(); ++k) {
            // Called here: a function of its own that only asks for memory is dropped as one without effect.
            if constexpr (requires { state.sample(0); })
                if (k + 3 < order.size())
                    prefetch(state.sample(order[k + 3]));
            state.step(order[k], remember);
        }
        state.flush();
        result.evaluations += n;
        told = watch(progress{.iteration = pass + 1, .evaluations = result.evaluations});
    }
}

/// The same on a linear problem.
template <class Method, class Rows, class Loss, class Watch>
outcome reduce_variance(std::string_view who, Method const& m, linear_problem<Rows, Loss> const& p,
                        vector_view<typename Rows::scalar> w, vector_view<typename Rows::scalar> bias,
                        Watch const& watch, bool remember) {
    p.check(w, bias, who);
    check_variance(who, m);
    double const bound = curvature_bound(p.loss) * largest_length(p, bias.size() > 0) + p.l2;
    double const step = m.rate > 0 ? m.rate : bound > 0 ? 1 / (3 * bound) : 1;
    reduced_variance<Rows, Loss> state(p, w, bias, m.l1, step);
    return run_passes<typename Rows::scalar>(m, state, w, bias, watch, remember);
}

/// The same on a sum over samples.
template <class T, class Method, class F, class Watch>
outcome reduce_variance(std::string_view who, Method const& m, F& f, vector_view<T> x, Watch const& watch,
                        bool remember) {
    check_sum(who, f, x.size());
    check_variance(who, m);
    auto const bound = m.rate > 0 ? sum_curvature<T>{} : curvature_of_sum<T>(f, x);
    double const step = m.rate > 0 ? m.rate : bound.largest > 0 ? 1 / (3 * bound.largest) : 1;
    sum_variance<F, T> state(f, x, m.l1, step, remember);
    return run_passes<T>(m, state, x, vector_view<T>(nullptr, 0), watch, remember, bound.evaluations);
}

}  // namespace descent::solve::detail
