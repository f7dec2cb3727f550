// SPDX-License-Identifier: MIT
#pragma once

#include <descent/core/config.hpp>
#include <descent/core/error.hpp>
#include <descent/core/math.hpp>
#include <descent/core/pack.hpp>
#include <descent/core/tensor.hpp>
#include <descent/loss/softmax_cross_entropy.hpp>

namespace descent::loss {

/// The softmax cross entropy where a share of the label is spread evenly over all k classes (Szegedy et al.,
/// 2016): that of the target (1 - smoothing) [c = y] + smoothing / k, so that a network need not become ever
/// more sure. Same numbers as torch.nn.CrossEntropyLoss(label_smoothing). Scores lie as in
/// softmax_cross_entropy.
struct smoothed_cross_entropy {
    double smoothing = 0.1;  ///< in [0, 1]

    /// The loss; the scores become their slopes. All are NaN for a y that is not one of 0 .. k - 1.
    template <class V>
    DESCENT_FN V value_and_slope(number_of<V>* z, index k, V y, index stride = 1) const {
        using T = number_of<V>;
        V const part = V(T(1) / T(k)), spread = V(T(smoothing));
        V mean = V(T(0)), chosen = V(T(0));
        for (index c = 0; c < k; ++c) {
            V const score = load_unaligned<V>(z + c * stride);
            mean = fused_multiply_add(score, part, mean);
            chosen = select(y == V(T(c)), score, chosen);
        }
        V const sharp = softmax_cross_entropy::value_and_slope(z, k, y, stride);
        for (index c = 0; c < k; ++c) {
            V const slope = load_unaligned<V>(z + c * stride);
            V const target = select(y == V(T(c)), V(T(1)), V(T(0)));
            store_unaligned(z + c * stride, fused_multiply_add(spread, target - part, slope));
        }
        return fused_multiply_add(spread, chosen - mean, sharp);
    }

    /// The scores become probabilities.
    template <class V>
    static DESCENT_FN void probabilities(number_of<V>* z, index k, index stride = 1) {
        softmax_cross_entropy::probabilities<V>(z, k, stride);
    }

    /// Throws descent::error for a smoothing outside [0, 1].
    void check() const {
        expect(smoothing >= 0 && smoothing <= 1, "smoothed_cross_entropy: smoothing = ", smoothing,
               ": must be in [0, 1]");
    }
};

}  // namespace descent::loss
