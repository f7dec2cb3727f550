// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <type_traits>

#include <descent/core/pack.hpp>
#include <descent/core/tensor.hpp>
#include <descent/data/batch.hpp>
#include <descent/data/sparse.hpp>
#include <descent/linear/detail/sweep.hpp>

// Loss and gradient of a linear model in ONE pass over the data: a tile of rows is read into cache, scored,
// turned into slopes and added to the gradient before the next tile comes. A two-product form reads the data
// twice.
namespace descent::linear {

namespace detail {

/// 1 / the sum of the sample weights; 0 where all are 0: such a batch says nothing.
template <class Batch>
double mean_scale(Batch const& rows) {
    double const total = data::total_weight(rows);
    return total > 0 ? 1 / total : 0;
}

/// Loss of one score of a sample: value and slope; else value_and_slope of all of them.
template <class Loss, class T>
concept of_one_score = requires(Loss const& loss, T z) {
    loss.slope(z, z);
};

/// Scores of a tile into slopes; gives the sum of the losses.
template <class T, class Loss, class Batch>
struct gradient_turn {
    Loss loss;
    Batch rows;
    index outputs;
    T scale;
    T* kept;  ///< where the scores go, output after output
    index kept_stride;

    double operator()(index first, index count, T* z, T const*& ahead) const {
        using V = native_pack<T>;
        constexpr int lanes = lanes_of<V>, lines = 12;
        V total = V(T(0));
        index const whole = rows.order || rows.weights ? 0 : count / lanes * lanes;
        for (index r = 0; r < whole; r += lanes) {
            if (ahead) {
                for (int k = 0; k < lines; ++k)
                    __builtin_prefetch(ahead + k * line<T>);
                ahead += lines * line<T>;
            }
            total += one(z + r, load_unaligned<V>(targets(first + r)), V(T(1)), first + r);
        }
        for (index r = whole; r < count; r += lanes) {
            index const live = std::min<index>(count - r, lanes);
            alignas(alignment) T target[lanes] = {}, weight[lanes] = {};
            for (index k = 0; k < live; ++k) {
                target[k] = rows.target(first + r + k);
                weight[k] = rows.weight(first + r + k);
            }
            for (index c = 0; kept && c < outputs; ++c)
                std::copy_n(z + c * tile_rows + r, live, kept + c * kept_stride + first + r);
            total += first_lanes(one(z + r, load<V>(target), load<V>(weight), -1), int(live));
            for (index c = 0; live < lanes && c < outputs; ++c)
                std::fill_n(z + c * tile_rows + r + live, lanes - live, T(0));
        }
        return double(sum(total));
    }

private:
    T const* targets(index i) const {
        if constexpr (requires { rows.first; })
            i += rows.first;
        return rows.y + i;
    }

    /// One pack of samples, their scores at z, which are kept for sample `keep` on.
    template <class V>
    DESCENT_FN V one(T* z, V y, V weight, index keep) const {
        for (index c = 0; kept && keep >= 0 && c < outputs; ++c)
            store_unaligned(kept + c * kept_stride + keep, load<V>(z + c * tile_rows));
        V const factor = weight * V(scale);
        if constexpr (of_one_score<Loss, T>) {
            V const score = load<V>(z);
            store(z, loss.slope(score, y) * factor);
            return loss.value(score, y) * weight;
        } else {
            V const value = loss.value_and_slope(z, outputs, y, tile_rows);
            for (index c = 0; c < outputs; ++c)
                store(z + c * tile_rows, load<V>(z + c * tile_rows) * factor);
            return value * weight;
        }
    }
};

}  // namespace detail

/// The mean loss of the rows under scores W x + b, and its gradient (overwritten), in one pass over the rows:
/// F = sum_i weight_i loss(z_i, y_i) / sum_i weight_i; 0 where all weights are. `rows` is a data::batch or a
/// data::sparse_batch; W and its gradient g are outputs x features, bias and g_bias outputs numbers, both
/// nullptr without an intercept; g nullptr: the loss alone. `loss` as in descent::loss. `scores`, unless
/// nullptr, takes the scores: outputs x rows.
///
/// The rows are cut into chunks by the data alone and the chunks' sums are joined in order, so every executor
/// gives the same bits. Losses add up in double; gradients in T, tile by tile, chunk by chunk and over the
/// chunks, which keeps the rounding error of a million rows near that of a thousand.
template <class Loss, class Batch, class T, class Executor>
double mean_loss_gradient(Loss const& loss, Batch const& rows, T const* w, std::type_identity_t<T> const* bias,
                          index outputs, std::type_identity_t<T>* g, std::type_identity_t<T>* g_bias,
                          Executor const& executor, workspace<T>& work,
                          std::type_identity_t<T>* scores = nullptr) {
    static_assert(
        Executor::host,
        "rows of the host need exec::serial or exec::openmp; the methods of solve/ train linear models "
        "on a device: include <descent/cuda.cuh>, fit(model, train, solve::lbfgs{}, exec::cuda{})");
    double const scale = detail::mean_scale(rows);
    detail::gradient_turn<T, Loss, Batch> const turn{loss, rows, outputs, T(scale), scores, rows.count};
    return detail::sweep(detail::reader_of(rows, outputs), w, bias, g, g_bias, turn, executor, work) * scale;
}

}  // namespace descent::linear
