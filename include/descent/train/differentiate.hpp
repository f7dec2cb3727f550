// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <utility>

#include <descent/core/dual.hpp>
#include <descent/core/tensor.hpp>

namespace descent {

namespace detail {

template <class F>
struct with_dual_gradient {
    F f;

    template <class X, class G>
    double operator()(X const& x, G& g) const {
        return value_and_slopes(
            x, [&](auto const& at) { return f(at); }, [&](index i, auto d) { g[i] = d; });
    }

    /// A sum over samples adds.
    template <class X, class G>
    double operator()(index sample, X const& x, G& g) const {
        return value_and_slopes(
            x, [&](auto const& at) { return f(sample, at); }, [&](index i, auto d) { g[i] += d; });
    }

private:
    template <class X, class Call, class Put>
    static double value_and_slopes(X const& x, Call const& call, Put const& put) {
        using T = typename X::Scalar;
        constexpr int directions = 8;
        using number = dual<T, directions>;
        vector<number> at = x.template cast<number>();
        double value = 0;
        for (index first = 0; first < x.size(); first += directions) {
            int const count = int(std::min<index>(directions, x.size() - first));
            for (int k = 0; k < count; ++k)
                at[first + k].slope[k] = T(1);
            number const result = call(std::as_const(at));
            for (int k = 0; k < count; ++k) {
                at[first + k].slope[k] = T(0);
                put(first + k, result.slope[k]);
            }
            value = double(result.value);
        }
        return value;
    }
};

}  // namespace detail

/// An objective from a function f(x) without a gradient, exact to rounding: forward-mode automatic
/// differentiation with dual numbers, 8 directions at a time, so n variables cost n / 8 calls of f on numbers
/// nine times as big. f takes an Eigen vector of any number type, so it says `auto const& x` and calls exp,
/// log, pow ... without std:: (or after `using std::exp`); with sum_over, f(sample, x).
///
///     minimize(differentiate([](auto const& x) { return exp(x[0]) + x.squaredNorm(); }), x, recipe, options);
template <class F>
detail::with_dual_gradient<F> differentiate(F f) {
    return {std::move(f)};
}

}  // namespace descent
