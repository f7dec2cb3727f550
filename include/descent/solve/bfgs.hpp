// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

#include <descent/core/memory.hpp>
#include <descent/solve/detail/descend.hpp>
#include <descent/solve/line_search.hpp>

namespace descent::solve {

namespace detail {

template <class T>
struct bfgs_direction {
    index n;
    aligned_buffer<T> inverse = aligned_buffer<T>(std::size_t(n) * std::size_t(n)),
                      work = aligned_buffer<T>(std::size_t(3 * n));
    double last_decrease = 0;
    bool fresh = true;

    T* row(index i) { return inverse.data() + i * n; }

    double operator()(T const* g, double norm, T* d) {
        if (fresh) {
            scale_to(-1, g, d, n);
            return unscaled_step(norm);
        }
        for (index i = 0; i < n; ++i)
            d[i] = T(-dot(row(i), g, n));
        // Once more the last decrease: while H is still too large, 1 would be far too long.
        double const expected = -2.02 * last_decrease / dot(g, d, n);
        return expected > 0 && expected < 1 ? expected : 1;
    }

    void learn(T const* x_new, T const* x, T const* g_new, T const* g, T const*, line_point const& from,
               line_point const& to) {
        last_decrease = from.value - to.value;
        T *const s = work.data(), *const y = s + n, *const hy = y + n;
        subtract(x_new, x, s, n);
        subtract(g_new, g, y, n);
        double const sy = dot(s, y, n), yy = dot(y, y, n), ss = dot(s, s, n);
        if (!(sy > double(std::numeric_limits<T>::epsilon()) * std::sqrt(ss * yy)) || !std::isfinite(yy))
            return;
        if (fresh)
            for (index i = 0; i < n; ++i)
                for (index j = 0; j < n; ++j)
                    row(i)[j] = i == j ? T(1) : T(0);
        fresh = false;
        for (index i = 0; i < n; ++i)
            hy[i] = T(dot(row(i), y, n));
        // H + ((1 + y.Hy / s.y) s s' - Hy s' - s (Hy)') / s.y, row by row: s_i a + hy_i b with fixed a, b.
        double const c = (1 + dot(y, hy, n) / sy) / sy;
        for (index i = 0; i < n; ++i) {
            add(c * double(s[i]) - double(hy[i]) / sy, s, row(i), n);
            add(-double(s[i]) / sy, hy, row(i), n);
        }
    }

    bool forget() {
        bool const knew = !fresh;
        fresh = true;
        return knew;
    }
};

}  // namespace detail

/// BFGS with a dense inverse Hessian (Broyden, Fletcher, Goldfarb, Shanno, 1970): n^2 numbers and operations an
/// iteration, so for small n; lbfgs for others. H starts
/// as the identity, which later steps shrink where it must be smaller; the line search first expects the
/// decrease of the last iteration once more, at most step 1.
///
/// Converged where |g| <= tolerance (Euclidean); stalled where neither value nor gradient fell for ten
/// iterations, or no lower point is found along -g; diverged where f is not finite at the start. Throws
/// descent::error for settings out of range, an empty x and n > 20,000.
struct bfgs {
    using problem = smooth;

    std::int64_t iterations = 1000;  ///< at most
    double tolerance = 1e-6;
    strong_wolfe line_search = {};

    template <class F, class T, class Watch>
    outcome run(F& f, vector_view<T> x, Watch const& watch) const {
        check(x.size());
        detail::bfgs_direction<T> direction{x.size()};
        return detail::descend<F, T>(f, x, watch, detail::journal_of<T>(iterations, tolerance), line_search,
                                     direction);
    }

    /// Throws descent::error for what no run can begin with; n: the number of variables.
    void check(index n) const {
        detail::check_common("bfgs", iterations, tolerance, n);
        expect(n <= 20'000, "bfgs: x has ", n, " numbers: must be <= 20000; lbfgs takes more");
        line_search.check();
    }
};

}  // namespace descent::solve
