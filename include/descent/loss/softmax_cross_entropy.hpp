// SPDX-License-Identifier: MIT
#pragma once

#include <limits>

#include <descent/core/config.hpp>
#include <descent/core/math.hpp>
#include <descent/core/pack.hpp>
#include <descent/core/tensor.hpp>

namespace descent::loss {

/// The cross entropy of one sample's k scores and its class y: log sum_c e^{z_c} - z_y, the negative log
/// likelihood under P(c) = e^{z_c} / sum e^{z}. The largest score is taken out first, so no finite score
/// overflows. Same numbers as torch.nn.CrossEntropyLoss.
///
/// Score c of the sample lies at z[c * stride]; with V a pack, lane r is the sample whose scores begin at z[r].
struct softmax_cross_entropy {
    /// The loss; the scores become their slopes P(c) - [c = y]. All are NaN for a y that is not one of 0 .. k -
    /// 1.
    template <class V>
    static DESCENT_FN V value_and_slope(number_of<V>* z, index k, V y, index stride = 1) {
        using T = number_of<V>;
        V total = V(T(0)), chosen = V(std::numeric_limits<T>::quiet_NaN());
        V const highest = largest<V>(z, k, stride);
        for (index c = 0; c < k; ++c) {
            V const shifted = load_unaligned<V>(z + c * stride) - highest;
            V const power = exp(shifted);
            chosen = select(y == V(T(c)), shifted, chosen);
            total += power;
            store_unaligned(z + c * stride, power);
        }
        V const scale = V(T(1)) / select(is_nan(chosen), chosen, total);
        for (index c = 0; c < k; ++c) {
            // Fused by name: compilers that fuse by themselves do so for numbers and packs in different places.
            V const minus = select(y == V(T(c)), V(T(-1)), V(T(0)));
            store_unaligned(z + c * stride,
                            fused_multiply_add(load_unaligned<V>(z + c * stride), scale, minus));
        }
        return log(total) - chosen;
    }

    /// The scores become probabilities.
    template <class V>
    static DESCENT_FN void probabilities(number_of<V>* z, index k, index stride = 1) {
        V total = V(number_of<V>(0));
        V const highest = largest<V>(z, k, stride);
        for (index c = 0; c < k; ++c) {
            V const power = exp(load_unaligned<V>(z + c * stride) - highest);
            total += power;
            store_unaligned(z + c * stride, power);
        }
        for (index c = 0; c < k; ++c)
            store_unaligned(z + c * stride, load_unaligned<V>(z + c * stride) / total);
    }

    /// The second derivative applied to v, for probabilities p: out = (diag(p) - p p^T) v, that is p_c (v_c -
    /// sum_j p_j v_j). p, v and out lie as the scores do; out may be v.
    template <class V>
    static DESCENT_FN void curvature_product(number_of<V> const* p, index k, number_of<V> const* v,
                                             number_of<V>* out, index stride = 1) {
        V mean = V(number_of<V>(0));
        for (index c = 0; c < k; ++c)
            mean =
                fused_multiply_add(load_unaligned<V>(p + c * stride), load_unaligned<V>(v + c * stride), mean);
        for (index c = 0; c < k; ++c)
            store_unaligned(out + c * stride,
                            load_unaligned<V>(p + c * stride) * (load_unaligned<V>(v + c * stride) - mean));
    }

private:
    template <class V>
    static DESCENT_FN V largest(number_of<V> const* z, index k, index stride) {
        V highest = load_unaligned<V>(z);
        for (index c = 1; c < k; ++c)
            highest = max(highest, load_unaligned<V>(z + c * stride));
        return highest;
    }
};

}  // namespace descent::loss
