// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>

#include <descent/core/memory.hpp>
#include <descent/core/pack.hpp>
#include <descent/core/tensor.hpp>
#include <descent/data/batch.hpp>
#include <descent/loss/concepts.hpp>

namespace descent::nn::detail {

/// Targets a sample.
template <class Batch>
index targets_of(Batch const& samples) {
    if constexpr (requires { samples.targets; })
        return samples.targets;
    else
        return 1;
}

/// The targets of a batch and how often each counts; unknown ones not at all.
template <class Batch>
struct known_targets {
    Batch const& from;

    auto target(index i) const {
        auto const y = from.target(i);
        if constexpr (requires { from.targets; })
            return y == y ? y : typename Batch::scalar(0);
        else
            return y;
    }
    auto weight(index i) const {
        if constexpr (requires { from.targets; })
            return typename Batch::scalar(from.target(i) == from.target(i) ? 1 : 0);
        else
            return from.weight(i);
    }
};

/// What the mean loss of a batch divides by.
template <class Batch>
double known_weight(Batch const& samples) {
    if constexpr (requires { samples.targets; }) {
        double total = 0;
        for (index i = 0; i < samples.count * samples.targets; ++i)
            total += double(known_targets<Batch>{samples}.weight(i));
        return total;
    } else {
        return data::total_weight(samples);
    }
}

/// The sum of weighted losses of samples [first, first + count) of a batch under scores z (count x outputs, row
/// by row); slopes, times weight and scale, to `slopes` in the same layout. A pack handles as many samples as
/// it has lanes. Few numbers: one thread, so that the order of the sum is fixed.
template <class Loss, class Batch, class T>
double loss_rows(Loss const& loss, Batch const& samples, index first, index count, index outputs, T const* z,
                 T scale, T* slopes) {
    using V = native_pack<T>;
    constexpr int lanes = lanes_of<V>;
    double total = 0;
    for (index r = 0; r < count; r += lanes) {
        index const live = std::min<index>(lanes, count - r);
        alignas(alignment) T target[lanes] = {}, factor[lanes] = {}, value[lanes];
        for (index k = 0; k < live; ++k) {
            target[k] = samples.target(first + r + k);
            factor[k] = samples.weight(first + r + k);
        }
        T const* const scores = z + r * outputs;
        T* const to = slopes + r * outputs;
        if constexpr (descent::loss::of_score<Loss>) {
            V const score = load_unaligned<V>(scores), y = load<V>(target);
            store(value, loss.value(score, y));
            store_unaligned(to, loss.slope(score, y) * load<V>(factor) * V(scale));
        } else {
            // Scores of a sample stand side by side; the loss wants samples side by side.
            constexpr index few = 64;
            alignas(alignment) T turned[few * lanes];
            if (outputs <= few) {
                std::fill_n(turned, outputs * lanes, T(0));
                for (index k = 0; k < live; ++k)
                    for (index c = 0; c < outputs; ++c)
                        turned[c * lanes + k] = scores[k * outputs + c];
                store(value, loss.value_and_slope(turned, outputs, load<V>(target), index(lanes)));
                for (index k = 0; k < live; ++k)
                    for (index c = 0; c < outputs; ++c)
                        to[k * outputs + c] = turned[c * lanes + k] * factor[k] * scale;
            } else {
                for (index k = 0; k < live; ++k) {
                    T* const row = to + k * outputs;
                    std::copy_n(scores + k * outputs, outputs, row);
                    value[k] = loss.value_and_slope(row, outputs, target[k], index(1));
                    for (index c = 0; c < outputs; ++c)
                        row[c] *= factor[k] * scale;
                }
            }
        }
        for (index k = 0; k < live; ++k)
            total += double(value[k]) * double(factor[k]);
    }
    return total;
}

}  // namespace descent::nn::detail
