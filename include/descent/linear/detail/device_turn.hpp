// SPDX-License-Identifier: MIT
#pragma once

#include <descent/core/math.hpp>
#include <descent/core/tensor.hpp>
#include <descent/linear/curvature.hpp>

// What a device does with the scores of one sample, which lie side by side: the turns of gradient.hpp and
// curvature.hpp.
namespace descent::linear::detail {

/// Scores of a sample into slopes; gives the loss.
template <class T, class Loss>
struct device_gradient_turn {
    Loss loss;
    T const *y, *weights;
    T scale;
    T* kept;  ///< where the scores go: rows x outputs; nullptr: nowhere

    DESCENT_FN double operator()(index row, T* z, index outputs) const {
        for (index c = 0; kept && c < outputs; ++c)
            kept[row * outputs + c] = z[c];
        T const weight = weights ? weights[row] : T(1), factor = weight * scale, target = y[row];
        if constexpr (of_one_score<Loss, T>) {
            T const score = *z;
            *z = loss.slope(score, target) * factor;
            return double(loss.value(score, target)) * double(weight);
        } else {
            T const value = loss.value_and_slope(z, outputs, target, index(1));
            for (index c = 0; c < outputs; ++c)
                z[c] *= factor;
            return double(value) * double(weight);
        }
    }
};

/// Scores of a direction into curvature times them.
template <class T, bool Probabilities>
struct device_product_turn {
    T const *weights, *curvature;
    T scale;

    DESCENT_FN double operator()(index row, T* z, index outputs) const {
        T const factor = (weights ? weights[row] : T(1)) * scale;
        T const* const c = curvature + row * outputs;
        if constexpr (!Probabilities) {
            *z *= *c * factor;
        } else {
            T mean = T(0);
            for (index k = 0; k < outputs; ++k)
                mean = fused_multiply_add(c[k], z[k], mean);
            for (index k = 0; k < outputs; ++k)
                z[k] = factor * c[k] * (z[k] - mean);
        }
        return 0;
    }
};

/// The kept scores of sample i into what the product wants of them.
template <class T, class Loss>
struct device_curvature {
    Loss loss;
    T const* y;
    T* scores;
    index outputs;

    DESCENT_FN void operator()(index i) const {
        if constexpr (curved_in_one_score<Loss, T>)
            scores[i] = loss.curvature(scores[i], y[i]);
        else
            loss.template probabilities<T>(scores + i * outputs, outputs, 1);
    }
};

}  // namespace descent::linear::detail
