// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>

#include <descent/core/tensor.hpp>

namespace descent::solve {

/// `size` functions of x at once: the residuals of least squares, or constraints. f(x, values, J) writes them
/// to the vector `values` and, where J is not null, their size x n Jacobian to the row-major matrix *J:
///
///     vector_function line{3, [&](auto const& x, auto& r, auto* J) {
///         for (int i = 0; i < 3; ++i) {
///             r[i] = x[0] + x[1] * t[i] - y[i];
///             if (J)
///                 J->row(i) << 1, t[i];
///         }
///     }};
///
/// Any struct with such a call and a member `size` serves as well.
template <class F>
struct vector_function {
    index size;
    F f;

    template <class X, class V, class J>
    void operator()(X const& x, V& values, J* jacobian) {
        f(x, values, jacobian);
    }
    template <class X, class V, class J>
    void operator()(X const& x, V& values, J* jacobian) const {
        f(x, values, jacobian);
    }
};
template <class I, class F>
vector_function(I, F) -> vector_function<F>;

/// No functions at all.
struct no_functions {
    static constexpr index size = 0;

    template <class X, class V, class J>
    void operator()(X const&, V&, J*) const {}
};

/// Can F be called as f(x, values, J), and does it tell how many values there are?
template <class F, class T>
concept many_valued = requires(F& f, vector_view<T const> const& x, vector_view<T>& values, matrix_view<T>* J) {
    { f.size } -> std::convertible_to<index>;
    f(x, values, J);
};

}  // namespace descent::solve
