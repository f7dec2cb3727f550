// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>

#include <descent/core/pack.hpp>
#include <descent/data/mixed_batch.hpp>
#include <descent/nn/detail/loss_rows.hpp>

namespace descent::nn::detail {

/// loss_rows of samples with two targets: share of the one, 1 - share of the other. `second` has room for the
/// slopes of a pack of samples.
template <class Loss, class T>
double mixed_loss_rows(Loss const& loss, data::mixed_batch<T> const& mixed, index outputs, T const* z,
                       double scale, T* slopes, T* second) {
    constexpr index lanes = lanes_of<native_pack<T>>;
    data::batch<T> others = mixed.rows;
    others.y = mixed.others;
    double total = 0;
    for (index r = 0; r < others.count; r += lanes) {
        index const live = std::min(lanes, others.count - r);
        T const* const scores = z + r * outputs;
        T* const to = slopes + r * outputs;
        total +=
            mixed.share * loss_rows(loss, mixed.rows, r, live, outputs, scores, T(scale * mixed.share), to);
        total += (1 - mixed.share) *
                 loss_rows(loss, others, r, live, outputs, scores, T(scale * (1 - mixed.share)), second);
        for (index i = 0; i < live * outputs; ++i)
            to[i] += second[i];
    }
    return total;
}

}  // namespace descent::nn::detail
