// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <descent/core/params.hpp>
#include <descent/core/tensor.hpp>

namespace descent {

namespace detail {

/// The central difference of call() in the number that `x` refers to.
template <class T, class Call>
T central_difference(T& x, Call const& call) {
    T const here = x, width = std::cbrt(std::numeric_limits<T>::epsilon()) * std::max(T(1), std::abs(here));
    // What is added is rounded, so the distance is taken from the points that were really visited.
    T const right = here + width, left = here - width;
    x = right;
    auto const above = call();
    x = left;
    auto const below = call();
    x = here;
    return T((double(above) - double(below)) / (double(right) - double(left)));
}

template <class F>
struct with_numeric_gradient {
    F f;

    template <class X, class G>
    double operator()(X const& x, G& g) const {
        vector<typename X::Scalar> at = x;
        return value_and_slopes(at, g, [&] { return f(std::as_const(at)); });
    }

    template <class T>
    double operator()(params<T> const& x, params<T>& g) const {
        params<T> at = x;
        auto const call = [&] { return f(std::as_const(at)); };
        for (auto const& tensor : at.entries())
            for (index i = tensor.offset; i < tensor.offset + tensor.size(); ++i)
                g.data()[i] = central_difference(at.data()[i], call);
        return double(call());
    }

    /// A sum over samples adds.
    template <class X, class G>
    double operator()(index sample, X const& x, G& g) const {
        vector<typename X::Scalar> at = x, slope(x.size());
        double const value = value_and_slopes(at, slope, [&] { return f(sample, std::as_const(at)); });
        g += slope;
        return value;
    }

private:
    template <class T, class G, class Call>
    static double value_and_slopes(vector<T>& at, G& g, Call const& call) {
        for (index i = 0; i < at.size(); ++i)
            g[i] = central_difference(at[i], call);
        return double(call());
    }
};

}  // namespace detail

/// An objective from a function f(x) without a gradient, by central differences of width cbrt(epsilon) max(1,
/// |x_i|) (Nocedal & Wright, 2006, section 8.1): 2 n + 1 calls of f for n variables, some 10 correct digits in
/// double. f takes an Eigen vector or params<T>; with sum_over, the sample and the vector. Where f can be
/// written for any number type, differentiate(f) is exact and faster.
///
///     minimize(numeric_gradient([](auto const& x) { return x.squaredNorm(); }), x, recipe, options);
template <class F>
detail::with_numeric_gradient<F> numeric_gradient(F f) {
    return {std::move(f)};
}

}  // namespace descent
