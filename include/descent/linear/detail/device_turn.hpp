// SPDX-License-Identifier: MIT
#pragma once

#include <descent/core/math.hpp>
#include <descent/core/tensor.hpp>
#include <descent/linear/curvature.hpp>

// What a device does with the scores of one sample, which lie side by side: the turns of gradient.hpp and
// curvature.hpp.
namespace descent::linear::detail {

/// Scores of a sample into slopes, which gives its loss; or scores of a direction into curvature times them.
/// One type for both, which halves what a compiler has to make of a sweep.
template <class T, class Loss>
struct device_turn {
    Loss loss;
    T const *y, *weights;
    T scale;
    T* kept;       ///< rows x outputs: where the scores go, or nullptr; where the curvature is
    bool product;  ///< are these the scores of a direction?

    DESCENT_FN double operator()(index row, T* z, index outputs) const {
        T const weight = weights ? weights[row] : T(1);
        if constexpr (has_curvature<Loss, T>)
            if (product)
                return multiply(kept + row * outputs, weight * scale, z, outputs);
        for (index c = 0; kept && c < outputs; ++c)
            kept[row * outputs + c] = z[c];
        T const factor = weight * scale, target = y[row];
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

private:
    DESCENT_FN static double multiply(T const* curvature, T factor, T* z, index outputs) {
        if constexpr (of_one_score<Loss, T>) {
            *z *= *curvature * factor;
        } else {
            T mean = T(0);
            for (index c = 0; c < outputs; ++c)
                mean = fused_multiply_add(curvature[c], z[c], mean);
            for (index c = 0; c < outputs; ++c)
                z[c] = factor * curvature[c] * (z[c] - mean);
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
