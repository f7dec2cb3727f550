// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include <descent/solve/detail/descend.hpp>
#include <descent/solve/line_search.hpp>

namespace descent::solve {

namespace detail {

template <class T>
struct steepest_direction {
    index n;
    double last = 0;  // step, 0 before the first one

    double operator()(T const* g, double norm, T* d) {
        scale_to(-1, g, d, n);
        return last > 0 ? 2 * last : unscaled_step(norm);
    }
    void learn(T const*, T const*, T const*, T const*, T const*, line_point const&, line_point const& to) {
        last = to.step;
    }
    bool forget() {
        bool const knew = last > 0;
        last = 0;
        return knew;
    }
};

}  // namespace detail

/// Steepest descent (Cauchy, 1847): along -g, as far as a line search says that begins at twice the last step.
/// The reference for the others, and slow where the Hessian is badly conditioned.
///
/// Converged where |g| <= tolerance (Euclidean); stalled where neither value nor gradient fell for ten
/// iterations, or no lower point is found along -g; diverged where f is not finite at the start. Throws
/// descent::error for settings out of range and an empty x.
struct gradient_descent {
    using problem = smooth;

    /// What a step must satisfy: the one fewer evaluations, the other a slope that has become small, too.
    enum class condition { armijo, wolfe };

    std::int64_t iterations = 10'000;  ///< at most
    double tolerance = 1e-6;
    condition accept = condition::armijo;
    armijo backtracking = {};                       ///< the line search for condition::armijo
    strong_wolfe line_search = {.curvature = 0.5};  ///< the one for condition::wolfe

    template <class F, class T, class Watch>
    outcome run(F& f, vector_view<T> x, Watch const& watch) const {
        check(x.size());
        detail::steepest_direction<T> direction{x.size()};
        auto const journal = detail::journal_of<T>(iterations, tolerance);
        return accept == condition::armijo
                   ? detail::descend<F, T>(f, x, watch, journal, backtracking, direction)
                   : detail::descend<F, T>(f, x, watch, journal, line_search, direction);
    }

    /// Throws descent::error for what no run can begin with; n: the number of variables.
    void check(index n) const {
        detail::check_common("gradient_descent", iterations, tolerance, n);
        backtracking.check();
        line_search.check();
    }
};

}  // namespace descent::solve
