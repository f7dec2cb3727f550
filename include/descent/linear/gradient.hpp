// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <vector>

#include <descent/core/memory.hpp>
#include <descent/core/pack.hpp>
#include <descent/core/tensor.hpp>
#include <descent/data/batch.hpp>

// Loss and gradient of a linear model in ONE pass over the data: a tile of rows is read into cache, scored,
// turned into slopes and added to the gradient before the next tile comes. A two-product form reads the data
// twice.
namespace descent::linear {

namespace detail {

/// Rows that are scored before their slopes are taken: whole packs of every width.
inline constexpr index tile_rows = 32;
/// Rows that share each load of the weights or of the gradient.
inline constexpr int row_block = 4;

/// out[r] = x[r] . w for row_block rows.
template <class V, class T>
void dot_rows(T const* const* x, T const* DESCENT_RESTRICT w, index n, T* DESCENT_RESTRICT out) {
    constexpr int lanes = lanes_of<V>;
    V total[row_block];
    for (V& each : total)
        each = V(T(0));
    index j = 0;
    for (; j + lanes <= n; j += lanes) {
        V const weight = load_unaligned<V>(w + j);
        for (int r = 0; r < row_block; ++r)
            total[r] += load_unaligned<V>(x[r] + j) * weight;
    }
    for (int r = 0; r < row_block; ++r) {
        T rest = sum(total[r]);
        for (index k = j; k < n; ++k)
            rest += x[r][k] * w[k];
        out[r] = rest;
    }
}

/// g += sum over row_block rows of slope[r] x[r].
template <class V, class T>
void add_rows(T const* const* x, T const* DESCENT_RESTRICT slope, index n, T* DESCENT_RESTRICT g) {
    constexpr int lanes = lanes_of<V>;
    index j = 0;
    for (; j + lanes <= n; j += lanes) {
        V total = load_unaligned<V>(g + j);
        for (int r = 0; r < row_block; ++r)
            total += V(slope[r]) * load_unaligned<V>(x[r] + j);
        store_unaligned(g + j, total);
    }
    for (; j < n; ++j)
        for (int r = 0; r < row_block; ++r)
            g[j] += slope[r] * x[r][j];
}

/// The rows of a tile as pointers; behind the last one it repeats, with slope 0.
template <class T>
index tile_pointers(data::batch<T> const& rows, index first, T const** x) {
    index const count = std::min(tile_rows, rows.count - first);
    for (index r = 0; r < tile_rows; ++r)
        x[r] = rows.row(first + std::min(r, count - 1));
    return count;
}

/// z[c * tile_rows + r] = x[r] . w[c] + b[c].
template <class V, class T>
void score_tile(T const* const* x, index count, T const* w, T const* bias, index features, index outputs,
                T* z) {
    for (index r = 0; r < count; r += row_block)
        for (index c = 0; c < outputs; ++c) {
            dot_rows<V>(x + r, w + c * features, features, z + c * tile_rows + r);
            for (int k = 0; k < row_block; ++k)
                z[c * tile_rows + r + k] += bias[c];
        }
}

/// The slopes of a tile in place of its scores; the sum of the losses as result. A loss knows one score of a
/// sample (value, slope) or all of them (value_and_slope).
template <class V, class T, class Loss>
double tile_slopes(Loss const& loss, T* z, T const* y, index count, index outputs) {
    V total = V(T(0));
    for (index r = 0; r < count; r += lanes_of<V>) {
        V const target = load<V>(y + r);
        V value;
        if constexpr (requires { loss.slope(target, target); }) {
            V const score = load<V>(z + r);
            value = loss.value(score, target);
            store(z + r, loss.slope(score, target));
        } else {
            value = loss.value_and_slope(z + r, outputs, target, tile_rows);
        }
        total += first_lanes(value, int(std::min<index>(count - r, lanes_of<V>)));
    }
    return double(sum(total));
}

/// Adds the loss gradient of some rows to g (outputs x features) and g_bias, each row scaled by `scale`, and
/// returns the sum of the losses, unscaled. `scores` holds outputs x tile_rows numbers.
template <class V, class T, class Loss>
double add_gradient(Loss const& loss, data::batch<T> const& rows, T const* w, T const* bias, index outputs,
                    T scale, T* g, T* g_bias, T* scores) {
    alignas(alignment) T target[tile_rows] = {};
    T const* x[tile_rows];
    double total = 0;
    for (index first = 0; first < rows.count; first += tile_rows) {
        index const count = tile_pointers(rows, first, x);
        score_tile<V>(x, count, w, bias, rows.features, outputs, scores);
        for (index r = 0; r < count; ++r)
            target[r] = rows.target(first + r);
        total += tile_slopes<V>(loss, scores, target, count, outputs);
        for (index c = 0; c < outputs; ++c) {
            T* const slope = scores + c * tile_rows;
            T bias_slope = 0;
            for (index r = 0; r < tile_rows; ++r) {
                slope[r] = r < count ? slope[r] * scale : T(0);
                bias_slope += slope[r];
            }
            g_bias[c] += bias_slope;
            for (index r = 0; r < count; r += row_block)
                add_rows<V>(x + r, slope + r, rows.features, g + c * rows.features);
        }
    }
    return total;
}

}  // namespace detail

/// Memory that passes over data reuse, so that a training step allocates nothing.
template <class T>
struct workspace {
    aligned_buffer<T> numbers = {};
    std::vector<double> losses = {};

    T* reserve(std::size_t n) {
        if (numbers.size() < n)
            numbers = aligned_buffer<T>(n);
        return numbers.data();
    }
};

/// The mean loss of the rows under scores W x + b, and its gradient (overwritten). W and its gradient g are
/// outputs x features, bias and g_bias outputs numbers; `loss` as in descent::loss. One pass over the rows. The
/// rows are cut into chunks by their number alone and the chunks' sums are joined in order, so every executor
/// gives the same bits.
template <class T, class Loss, class Executor>
double mean_loss_gradient(Loss const& loss, data::batch<T> const& rows, T const* w, T const* bias,
                          index outputs, T* g, T* g_bias, Executor const& executor, workspace<T>& work) {
    constexpr index most_chunks = 64, least_rows = 256;
    index const chunk_rows = std::max(least_rows, (rows.count + most_chunks - 1) / most_chunks);
    index const chunks = (rows.count + chunk_rows - 1) / chunk_rows;
    index const weights = outputs * rows.features;
    index const line = index(alignment / sizeof(T));
    auto const padded = [=](index n) { return (n + line - 1) / line * line; };  // no two threads share a line
    index const stride = padded(weights) + padded(outputs) + outputs * detail::tile_rows;
    T* const memory = work.reserve(std::size_t(stride * chunks));
    work.losses.assign(std::size_t(chunks), 0.0);

    struct body {
        Loss loss;
        data::batch<T> rows;
        T const *w, *bias;
        index outputs, chunk_rows, weights, bias_at, scores_at, stride;
        T scale, *memory;
        double* losses;
        void operator()(index chunk) const {
            index const first = chunk * chunk_rows;
            T* const own = memory + chunk * stride;
            std::fill_n(own, scores_at, T(0));
            losses[chunk] = detail::add_gradient<native_pack<T>>(
                loss, rows.part(first, std::min(chunk_rows, rows.count - first)), w, bias, outputs, scale, own,
                own + bias_at, own + scores_at);
        }
    };
    executor.for_each(chunks, body{loss, rows, w, bias, outputs, chunk_rows, weights, padded(weights),
                                   padded(weights) + padded(outputs), stride, T(1) / T(rows.count), memory,
                                   work.losses.data()});

    double total = 0;
    std::fill_n(g, weights, T(0));
    std::fill_n(g_bias, outputs, T(0));
    for (index chunk = 0; chunk < chunks; ++chunk) {
        T const* const own = memory + chunk * stride;
        for (index i = 0; i < weights; ++i)
            g[i] += own[i];
        for (index c = 0; c < outputs; ++c)
            g_bias[c] += own[padded(weights) + c];
        total += work.losses[std::size_t(chunk)];
    }
    return total / double(rows.count);
}

}  // namespace descent::linear
