// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>

#include <descent/core/tensor.hpp>

// A penalty tells how much it dislikes some weights, which may be infinitely much: then it is a constraint. It
// is an aggregate of its settings with
//
//     double value(w) const;             the penalty; infinity outside a constraint
//     void slope(w, g) const;            adds a (sub)gradient to g; constraints have none
//     void prox(w, step) const;          w <- argmin_u step penalty(u) + |u - w|^2 / 2; a constraint projects
//     void check() const;                throws descent::error for bad settings
//
// w and g are Eigen vectors or views of contiguous numbers, float or double: vector<T>, vector_view<T>, the
// flat() of a tensor. The first three check settings, sizes and step, too, before they write. NaN in w gives
// NaN, in all that it is tied to. A separable penalty has value(v), slope(v) and prox(v, step) of ONE weight as
// well, v a number or a pack, which run in kernels, too.
namespace descent::regularize {

/// Any penalty or constraint.
template <class P>
concept penalty = requires(P const& p, vector_view<float const> w, vector_view<double> u, double step) {
    { p.value(w) } -> std::same_as<double>;
    p.prox(u, step);
    p.check();
};

/// Has the penalty a (sub)gradient?
template <class P>
concept has_slope = penalty<P> && requires(P const& p, vector_view<float const> w, vector_view<float> g) {
    p.slope(w, g);
};

/// Is the penalty a sum over single weights?
template <class P>
concept separable = penalty<P> && requires(P const& p, float w) {
    { p.value(w) } -> std::same_as<float>;
    { p.prox(w, w) } -> std::same_as<float>;
};

}  // namespace descent::regularize
