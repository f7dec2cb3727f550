// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include <descent/core/memory.hpp>
#include <descent/solve/detail/journal.hpp>
#include <descent/solve/detail/ray.hpp>

namespace descent::solve::detail {

/// A smooth f plus a penalty of all but the last `free` numbers, and proximal steps on them whose length is
/// found by trial.
template <class F, class T, class Penalty>
class proximal_step {
public:
    proximal_step(F& f, Penalty const& penalty, index n, index free, std::int64_t& evaluations)
        : f_(f), penalty_(penalty), n_(n), head_(n - free), evaluations_(evaluations) {}

    double step = 0;  ///< length of the last step

    double smooth(T const* x, T* g) {
        ++evaluations_;
        return evaluate(f_, x, g, n_);
    }
    double penalty(T const* x) const { return head_ > 0 ? penalty_.value(vector_view<T const>(x, head_)) : 0; }
    void prox(T* x, double length) const {
        if (head_ > 0)
            penalty_.prox(vector_view<T>(x, head_), length);
    }

    /// to = prox(y - step g), the step shortened until f lies below its model there (Beck & Teboulle, 2009);
    /// f(to) as result and its gradient in g_to. The first step is lengthened while that goes well. NaN where
    /// no step is short enough.
    double take(T const* y, double value, T const* g, T* to, T* g_to) {
        if (step == 0) {
            double const size = norm(g, n_);
            step = size > 1 ? 1 / size : 1;
            double found = trial(y, value, g, to, g_to);
            for (int k = 0; k < 60 && accepted_ && moved_; ++k) {
                step *= 4;
                found = trial(y, value, g, to, g_to);
            }
            if (accepted_)
                return found;
        }
        for (int k = 0; k < 200; ++k) {
            double const found = trial(y, value, g, to, g_to);
            if (accepted_)
                return found;
            step *= 0.5;
        }
        return std::numeric_limits<double>::quiet_NaN();
    }

private:
    double trial(T const* y, double value, T const* g, T* to, T* g_to) {
        add_to(y, -step, g, to, n_);
        prox(to, step);
        double const found = smooth(to, g_to);
        double along = 0, square = 0, bent = 0;
        for (index i = 0; i < n_; ++i) {
            double const d = double(to[i]) - double(y[i]);
            along += double(g[i]) * d;
            bent += (double(g_to[i]) - double(g[i])) * d;
            square += d * d;
        }
        moved_ = square > 0;
        // Where f is straight but for rounding the gradients tell.
        bool const below = found <= value + along + square / (2 * step);
        bool const flat = std::fabs(found - value - along) <= rounding<T>(value) && bent <= square / step;
        accepted_ = std::isfinite(found) && (below || flat || !moved_);
        return found;
    }

    F& f_;
    Penalty const& penalty_;
    index n_, head_;
    std::int64_t& evaluations_;
    bool accepted_ = false, moved_ = false;
};

/// |a - b| / step.
template <class T>
double mapping_norm(T const* a, T const* b, double step, index n) {
    double square = 0;
    for (index i = 0; i < n; ++i)
        square += (double(a[i]) - double(b[i])) * (double(a[i]) - double(b[i]));
    return std::sqrt(square) / step;
}

/// What the proximal methods share of their checks.
template <class Penalty>
void check_proximal(std::string_view who, Penalty const& penalty, std::int64_t iterations, double tolerance,
                    index n, index free) {
    check_common(who, iterations, tolerance, n);
    expect(free >= 0 && free <= n, who, ": free = ", free, ": must be in [0, ", n, "]");
    penalty.check();
}

}  // namespace descent::solve::detail
