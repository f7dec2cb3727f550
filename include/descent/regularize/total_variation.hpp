// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <vector>

#include <descent/core/math.hpp>
#include <descent/regularize/detail/numbers.hpp>
#include <descent/regularize/penalty.hpp>

namespace descent::regularize {

/// The penalty lambda sum |w_{i+1} - w_i| along a sequence of weights (Rudin, Osher, Fatemi, 1992; the fused
/// lasso of Tibshirani et al., 2005): piecewise constant weights. Throws descent::error for a lambda that is
/// negative or not finite.
struct total_variation {
    double lambda = 1e-4;

    template <detail::numbers W>
    double value(W const& w) const {
        check();
        auto const* const from = w.data();
        return lambda * detail::total(w.size() > 0 ? w.size() - 1 : 0, [=](index i) {
                   return std::fabs(double(from[i + 1]) - double(from[i]));
               });
    }

    /// lambda times the signs of the differences; 0 where two are equal.
    template <detail::numbers W, detail::writable_numbers G>
    void slope(W const& w, G&& g) const {
        using T = detail::number_in<G>;
        check();
        detail::check_sizes("total_variation", w.size(), g.size());
        auto const* const from = w.data();
        T* const to = g.data();
        for (index i = 0; i + 1 < w.size(); ++i) {
            T const pull = T(lambda) * sign(T(from[i + 1] - from[i]));
            to[i] -= pull;
            to[i + 1] += pull;
        }
    }

    /// Exact, by dynamic programming in time of order n (Johnson, 2013). What is not finite makes all NaN.
    template <detail::writable_numbers W>
    void prox(W&& w, double step) const {
        std::vector<double> memory;
        prox(w, step, memory);
    }

    /// The same with memory that calls share: 8 numbers a weight.
    template <detail::writable_numbers W>
    void prox(W&& w, double step, std::vector<double>& memory) const;

    void check() const { detail::check_not_negative("total_variation: lambda", lambda); }
};
static_assert(has_slope<total_variation>);

namespace detail {

/// slope x + offset
struct line {
    double slope, offset;
    double at(double x) const { return slope * x + offset; }
    double where(double y) const { return (y - offset) / slope; }
};

/// From here on to the right, `change` is added to a line.
struct knot {
    double x;
    line change;
};

}  // namespace detail

template <detail::writable_numbers W>
void total_variation::prox(W&& w, double step, std::vector<double>& memory) const {
    using T = detail::number_in<W>;
    check();
    detail::check_step("total_variation", step);
    double const pull = step * lambda;
    index const n = w.size();
    T* const x = w.data();
    if (!detail::finite_or_nan(x, n) || n < 2 || pull == 0)
        return;
    // Least cost of the first k weights as a function of weight k: its derivative grows, piecewise linearly.
    // Weight k follows weight k + 1 while the derivative lies in [-pull, pull], from low[k] to high[k], and
    // stays there beyond. So the next derivative is this one, cut off at +-pull, plus x - w.
    memory.resize(std::size_t(8 * n));
    double* const low = memory.data();
    double* const high = low + n;
    auto const store = [=](index i, detail::knot const& k) {
        double* const to = high + n + 3 * i;
        to[0] = k.x;
        to[1] = k.change.slope;
        to[2] = k.change.offset;
    };
    auto const load = [=](index i) {
        double const* const from = high + n + 3 * i;
        return detail::knot{from[0], {from[1], from[2]}};
    };
    index first = n, last = n;  // knots in [first, last): each weight adds one at both ends at most
    detail::line left{1, -double(x[0])}, right = left;
    auto const left_to = [&](double y) {
        for (; first < last; ++first) {
            auto const [at, change] = load(first);
            if (left.at(at) >= y)
                break;
            left = {left.slope + change.slope, left.offset + change.offset};
        }
        return left.where(y);
    };
    for (index k = 0; k + 1 < n; ++k) {
        low[k] = left_to(-pull);
        for (; first < last; --last) {
            auto const [at, change] = load(last - 1);
            if (right.at(at) <= pull)
                break;
            right = {right.slope - change.slope, right.offset - change.offset};
        }
        high[k] = right.where(pull);
        store(--first, {low[k], {left.slope, left.offset + pull}});
        store(last++, {high[k], {-right.slope, pull - right.offset}});
        left = {1, -pull - double(x[k + 1])};
        right = {1, pull - double(x[k + 1])};
    }
    double now = left_to(0);
    x[n - 1] = T(now);
    for (index k = n - 2; k >= 0; --k) {
        now = now < low[k] ? low[k] : now > high[k] ? high[k] : now;
        x[k] = T(now);
    }
}

}  // namespace descent::regularize
