// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include <descent/solve/detail/descend.hpp>
#include <descent/solve/detail/pairs.hpp>
#include <descent/solve/line_search.hpp>

namespace descent::solve {

namespace detail {

template <class T>
struct lbfgs_direction {
    detail::pairs<T> pairs;

    double operator()(T const* g, double norm, T* d) {
        pairs.direction(g, d);
        return pairs.size() ? 1 : unscaled_step(norm);
    }
    void learn(T const* x_new, T const* x, T const* g_new, T const* g, T const*, line_point const&,
               line_point const&) {
        pairs.push(x_new, x, g_new, g);
    }
    bool forget() {
        bool const knew = pairs.size() > 0;
        pairs.clear();
        return knew;
    }
};

}  // namespace detail

/// Limited-memory BFGS (Nocedal, 1980; Liu & Nocedal, 1989): quasi-Newton directions from the last `memory`
/// pairs of steps and gradient changes, a strong Wolfe line search that first tries step 1 (1 / |g| at the
/// start, at most 1). Memory: (2 memory + 4) n numbers, none allocated after the start.
///
/// Converged where |g| <= tolerance (Euclidean); stalled where neither value nor gradient fell for ten
/// iterations, or no lower point is found along -g; diverged where f is not finite at the start. Throws
/// descent::error for settings out of range and an empty x.
struct lbfgs {
    using problem = smooth;

    int memory = 10;                 ///< >= 1
    std::int64_t iterations = 1000;  ///< at most
    double tolerance = 1e-6;
    strong_wolfe line_search = {};

    template <class F, class T, class Watch>
    outcome run(F& f, vector_view<T> x, Watch const& watch) const {
        check(x.size());
        detail::lbfgs_direction<T> direction{{x.size(), memory}};
        return detail::descend<F, T>(f, x, watch, detail::journal_of<T>(iterations, tolerance), line_search,
                                     direction);
    }

    /// Throws descent::error for what no run can begin with; n: the number of variables.
    void check(index n) const {
        detail::check_common("lbfgs", iterations, tolerance, n);
        expect(memory >= 1, "lbfgs: memory = ", memory, ": must be >= 1");
        line_search.check();
    }
};

}  // namespace descent::solve
