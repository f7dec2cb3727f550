// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>

#include <descent/core/tensor.hpp>

// A loss tells how wrong a model is on ONE sample. It is an aggregate of its settings; V is one number or a
// pack of numbers, one sample a lane, with the same bits. NaN in gives NaN in value and slope. Labels of two
// classes are 0 and 1, of k classes 0 .. k - 1.
namespace descent::loss {

/// A loss of one score z and a target y: value(z, y) and slope(z, y) = d value / d z. All of them are convex in
/// z.
template <class L>
concept of_score = requires(L const& loss, float z, double wide) {
    { loss.value(z, z) } -> std::same_as<float>;
    { loss.slope(z, z) } -> std::same_as<float>;
    { loss.value(wide, wide) } -> std::same_as<double>;
};

/// A loss of one score whose targets are the classes 0 and 1; a score above 0 says 1.
template <class L>
concept of_two_classes = of_score<L> && requires {
    requires L::two_classes;
};

/// A loss of k scores and a class y: value_and_slope(z, k, y, stride) returns the loss and leaves the slopes in
/// place of the scores; score c lies at z[c * stride].
template <class L>
concept of_scores = requires(L const& loss, float* z, index k, float y, index stride) {
    { loss.value_and_slope(z, k, y, stride) } -> std::same_as<float>;
};

/// Does the loss know its second derivative, curvature(z, y)? A piecewise quadratic one tells one of the two
/// values where they meet.
template <class L>
concept has_curvature = of_score<L> && requires(L const& loss, float z) {
    { loss.curvature(z, z) } -> std::same_as<float>;
};

/// Is the slope Lipschitz continuous, with a constant that smoothness_of tells?
template <class L>
concept smooth = requires {
    double(L::smoothness);
}
|| requires(L const& loss) { double(loss.smoothness()); };

/// The least upper bound of the curvature over all scores: 1/4 for logistic, 1 / gamma for smooth_hinge.
template <smooth L>
constexpr double smoothness_of(L const& loss) {
    if constexpr (requires { double(L::smoothness); })
        return L::smoothness;
    else
        return loss.smoothness();
}

}  // namespace descent::loss
