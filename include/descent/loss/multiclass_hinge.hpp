// SPDX-License-Identifier: MIT
#pragma once

#include <limits>

#include <descent/core/config.hpp>
#include <descent/core/math.hpp>
#include <descent/core/pack.hpp>
#include <descent/core/tensor.hpp>

namespace descent::loss {

/// The hinge loss of one sample's k scores and its class y (Crammer & Singer, 2001): max(0, 1 + z_o - z_y),
/// where o is the best of the other classes. Same numbers as scikit-learn's hinge_loss with more than two
/// classes.
///
/// Score c of the sample lies at z[c * stride]; with V a pack, lane r is the sample whose scores begin at z[r].
/// A score that is NaN, or a y that is none of the classes, gives NaN throughout.
struct multiclass_hinge {
    /// The loss; the scores become their slopes: 1 at o (the first of several), -1 at y, where the loss is
    /// positive, 0 elsewhere. Where the loss is 0 all slopes are 0, which is a subgradient at the kink.
    template <class V>
    static DESCENT_FN V value_and_slope(number_of<V>* z, index k, V y, index stride = 1) {
        using T = number_of<V>;
        constexpr T nothing = std::numeric_limits<T>::quiet_NaN(), lowest = -std::numeric_limits<T>::infinity();
        V chosen = V(nothing), other = V(lowest), rival = V(T(-1));
        for (index c = 0; c < k; ++c) {
            V const score = load_unaligned<V>(z + c * stride);
            auto const own = y == V(T(c)), better = !own && (score > other || is_nan(score));
            chosen = select(own, score, chosen);
            other = select(better, score, other);
            rival = select(better, V(T(c)), rival);
        }
        V const value = max(V(T(1)) + (other - chosen), V(T(0)));
        V const pull = select(value > V(T(0)), V(T(1)), value);  // 1 where wrong, 0 where right, NaN
        for (index c = 0; c < k; ++c) {
            V const none = select(is_nan(value), value, V(T(0)));
            store_unaligned(z + c * stride, select(y == V(T(c)), -pull, select(rival == V(T(c)), pull, none)));
        }
        return value;
    }
};

}  // namespace descent::loss
