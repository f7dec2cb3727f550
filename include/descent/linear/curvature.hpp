// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <type_traits>

#include <descent/core/memory.hpp>
#include <descent/core/tensor.hpp>
#include <descent/exec/row.hpp>
#include <descent/linear/gradient.hpp>

// The second derivative of a linear model's mean loss, H = sum_i weight_i x_i x_i^T C_i / sum_i weight_i, where
// C_i is what the loss does with the scores of sample i: one number, or for softmax diag(p) - p p^T.
namespace descent::linear {

namespace detail {

template <class Loss, class T>
concept curved_in_one_score = requires(Loss const& loss, T z) {
    loss.curvature(z, z);
};
template <class Loss, class T>
concept curved_by_probabilities = !of_one_score<Loss, T> && requires(Loss const& loss, T* z) {
    loss.template probabilities<T>(z, 1, 1);
};

}  // namespace detail

/// Does the loss have a second derivative?
template <class Loss, class T = double>
concept has_curvature = detail::curved_in_one_score<Loss, T> || detail::curved_by_probabilities<Loss, T>;

/// Scores as mean_loss_gradient leaves them (outputs x rows) become what hessian_product needs of them: the
/// curvature of each sample, or the probabilities.
template <class Loss, class Batch, class T>
requires has_curvature<Loss, T>
void curvature_of_scores(Loss const& loss, Batch const& rows, index outputs, T* scores) {
    using V = native_pack<T>;
    constexpr int lanes = lanes_of<V>;
    index const n = rows.count;
    auto const each = [&]<class U>(index i, U, T const* y) {
        if constexpr (detail::curved_in_one_score<Loss, T>)
            store_unaligned(scores + i, loss.curvature(load_unaligned<U>(scores + i), load_unaligned<U>(y)));
        else
            loss.template probabilities<U>(scores + i, outputs, n);
    };
    index i = 0;
    for (; i + lanes <= n; i += lanes) {
        T y[lanes];
        for (int k = 0; k < lanes; ++k)
            y[k] = rows.target(i + k);
        each(i, V(T(0)), y);
    }
    for (; i < n; ++i) {
        T const y = rows.target(i);
        each(i, T(0), &y);
    }
}

namespace detail {

/// Scores of a direction into curvature times them.
template <class T, bool Probabilities, class Batch>
struct product_turn {
    Batch rows;
    index outputs;
    T scale;
    T const* curvature;
    index stride;

    double operator()(index first, index count, T* z, T const*& ahead) const {
        using V = native_pack<T>;
        constexpr int lanes = lanes_of<V>, lines = 12;
        index const whole = rows.order || rows.weights ? 0 : count / lanes * lanes;
        index r = 0;
        for (; r < whole; r += lanes) {
            if (ahead) {
                for (int k = 0; k < lines; ++k)
                    __builtin_prefetch(ahead + k * line<T>);
                ahead += lines * line<T>;
            }
            some(curvature + first + r, z + r, V(scale));
        }
        for (; r < count; ++r)
            some(curvature + first + r, z + r, scale * rows.weight(first + r));
        for (index c = 0; c < outputs; ++c)
            for (index k = count; k % lanes; ++k)
                z[c * tile_rows + k] = 0;
        return 0;
    }

private:
    /// One sample, or a pack of them.
    template <class V>
    DESCENT_FN void some(T const* c, T* z, V weight) const {
        if constexpr (!Probabilities) {
            store_unaligned(z, load_unaligned<V>(z) * (load_unaligned<V>(c) * weight));
        } else {
            V mean = V(T(0));
            for (index k = 0; k < outputs; ++k)
                mean = fused_multiply_add(load_unaligned<V>(c + k * stride),
                                          load_unaligned<V>(z + k * tile_rows), mean);
            for (index k = 0; k < outputs; ++k) {
                V const p = load_unaligned<V>(c + k * stride), score = load_unaligned<V>(z + k * tile_rows);
                store_unaligned(z + k * tile_rows, weight * p * (score - mean));
            }
        }
    }
};

}  // namespace detail

/// H v in one pass over the rows: v and out (overwritten) are outputs x features, v_bias and out_bias outputs
/// numbers or nullptr. `curvature`: what curvature_of_scores has made. The same bits on every executor.
template <class Loss, class Batch, class T, class Executor>
requires has_curvature<Loss, T>
void hessian_product(Loss const&, Batch const& rows, std::type_identity_t<T> const* curvature, T const* v,
                     std::type_identity_t<T> const* v_bias, index outputs, std::type_identity_t<T>* out,
                     std::type_identity_t<T>* out_bias, Executor const& executor, workspace<T>& work) {
    detail::product_turn<T, !detail::curved_in_one_score<Loss, T>, Batch> const turn{
        rows, outputs, T(detail::mean_scale(rows)), curvature, rows.count};
    detail::sweep(detail::reader_of(rows, outputs), v, v_bias, out, out_bias, turn, executor, work);
}

namespace detail {

/// Columns of H that one task fills.
inline constexpr index hessian_columns = 16;

/// H(i, from ..) += c x_i x_j of one row, for i from the first of these columns on.
template <class T>
void add_square(T c, T const* x, index d, index from, index to, T* h) {
    for (index i = from; i < to; ++i)
        exec::add_scaled(c * x[i], x, i + 1, h + i * d);
}

}  // namespace detail

/// The Hessian itself, (1 / n) X^T diag(weight c) X, for losses of one score and few features: h (overwritten)
/// is features x features, symmetric. h_bias (features numbers: the column of the intercept) and h_corner (its
/// own entry) may be nullptr. `curvature`: as above. Each task fills rows of H from all samples in order, so
/// every executor gives the same bits.
template <class Loss, class T, class Executor>
requires detail::curved_in_one_score<Loss, T>
void hessian(Loss const&, data::batch<T> const& rows, T const* curvature, T* h, std::type_identity_t<T>* h_bias,
             std::type_identity_t<T>* h_corner, Executor const& executor) {
    index const d = rows.features, each = detail::hessian_columns, tasks = (d + each - 1) / each;
    T const scale = T(detail::mean_scale(rows));
    std::fill_n(h, d * d, T(0));
    // Row i has i + 1 numbers to fill: a task takes a stretch of short rows and one of long rows.
    index const half = (tasks + 1) / 2;
    executor.for_each(half, [=](index task) {
        constexpr index tall = 128;  // samples that stay in cache while all rows of a task take them
        for (index first = 0; first < rows.count; first += tall)
            for (index part = task, last = tasks - 1 - task;; part = last) {
                for (index s = first; s < std::min(first + tall, rows.count); ++s)
                    detail::add_square(curvature[s] * rows.weight(s) * scale, rows.row(s), d, part * each,
                                       std::min((part + 1) * each, d), h);
                if (part == last)
                    break;
            }
    });
    for (index i = 0; i < d; ++i)
        for (index j = 0; j < i; ++j)
            h[j * d + i] = h[i * d + j];
    if (h_bias)
        std::fill_n(h_bias, d, T(0));
    double corner = 0;
    for (index s = 0; s < rows.count; ++s) {
        T const c = curvature[s] * rows.weight(s) * scale;
        corner += double(c);
        if (h_bias)
            exec::add_scaled(c, rows.row(s), d, h_bias);
    }
    if (h_corner)
        *h_corner = T(corner);
}

}  // namespace descent::linear
