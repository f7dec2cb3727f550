// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include <descent/core/memory.hpp>
#include <descent/core/random.hpp>
#include <descent/core/tensor.hpp>
#include <descent/data/batch.hpp>
#include <descent/data/sparse.hpp>
#include <descent/exec/serial.hpp>
#include <descent/linear/curvature.hpp>
#include <descent/linear/gradient.hpp>

namespace descent::linear {

/// Where the numbers of a linear model lie in the arena of its params, and its penalty.
struct objective_layout {
    index dimension = 0;   ///< numbers in the arena, padding included
    index outputs = 1;     ///< scores a sample
    index weight_at = 0;   ///< where W (outputs x features) starts
    index bias_at = none;  ///< where the biases start; none: no intercept
    double l2 = 0;         ///< penalty (l2 / 2) |W|^2; biases are free of it

    static constexpr index none = -1;
};

namespace detail {

/// `count` of n rows at random, one from each of `count` equal stretches: rising, none twice, and fair to every
/// part of data that is sorted.
inline std::vector<index> spread_rows(index n, index count, std::uint64_t seed) {
    std::vector<index> chosen(static_cast<std::size_t>(count));
    generator const draw{seed};
    for (index i = 0; i < count; ++i) {
        index const begin = i * n / count, end = (i + 1) * n / count;
        chosen[std::size_t(i)] = begin + index(draw.integer(std::uint64_t(i), std::uint64_t(end - begin)));
    }
    return chosen;
}

/// Rows of a batch in contiguous memory of their own.
template <class Batch>
struct owned_rows;

template <class T>
struct owned_rows<data::batch<T>> {
    aligned_buffer<T> x = {}, y = {}, weights = {};

    data::batch<T> copy(data::batch<T> const& from, std::vector<index> const& chosen) {
        auto const n = index(chosen.size());
        x = aligned_buffer<T>(std::size_t(n * from.features));
        y = aligned_buffer<T>(from.y ? std::size_t(n) : 0);
        weights = aligned_buffer<T>(from.weights ? std::size_t(n) : 0);
        for (index i = 0; i < n; ++i) {
            index const at = chosen[std::size_t(i)];
            std::copy_n(from.row(at), from.features, x.data() + i * from.features);
            if (from.y)
                y[std::size_t(i)] = from.target(at);
            if (from.weights)
                weights[std::size_t(i)] = from.weight(at);
        }
        return {x.data(), y.data(), from.features, n, nullptr, weights.data()};
    }
};

template <class T, class Column>
struct owned_rows<data::sparse_batch<T, Column>> {
    aligned_buffer<std::int64_t> offsets = {};
    aligned_buffer<Column> columns = {};
    aligned_buffer<T> values = {}, y = {}, weights = {};

    data::sparse_batch<T, Column> copy(data::sparse_batch<T, Column> const& from,
                                       std::vector<index> const& chosen) {
        auto const n = index(chosen.size());
        std::int64_t entries = 0;
        for (index const at : chosen)
            entries += from.end(at) - from.begin(at);
        offsets = aligned_buffer<std::int64_t>(std::size_t(n) + 1);
        columns = aligned_buffer<Column>(std::size_t(entries));
        values = aligned_buffer<T>(std::size_t(entries));
        y = aligned_buffer<T>(from.y ? std::size_t(n) : 0);
        weights = aligned_buffer<T>(from.weights ? std::size_t(n) : 0);
        std::int64_t to = 0;
        for (index i = 0; i < n; ++i) {
            index const at = chosen[std::size_t(i)];
            auto const begin = from.begin(at), size = from.end(at) - begin;
            std::copy_n(from.columns + begin, size, columns.data() + to);
            std::copy_n(from.values + begin, size, values.data() + to);
            offsets[std::size_t(i) + 1] = to += size;
            if (from.y)
                y[std::size_t(i)] = from.target(at);
            if (from.weights)
                weights[std::size_t(i)] = from.weight(at);
        }
        return {offsets.data(), columns.data(), values.data(), y.data(), from.features, n,
                nullptr,        weights.data()};
    }
};

}  // namespace detail

/// The training objective of a linear model as the methods of solve/ see it: f(x, g) of the flat arena of its
/// params, sum_i weight_i loss(W x_i + b, y_i) / sum_i weight_i + (l2 / 2) |W|^2, with Hessian times vector
/// where the loss has a curvature. Padding of the arena counts as 0 and gets gradient 0. Moves, does not copy;
/// the data must live as long, except that of sampled().
///
///     linear::objective f{loss::logistic{}, data::all_of(train), {.dimension = w.arena_size(), .l2 = 1e-3}};
template <class Loss, class Batch, class Executor = exec::serial>
class objective {
public:
    using scalar = typename Batch::scalar;
    using T = scalar;

    objective(Loss const& loss, Batch const& rows, objective_layout const& where, Executor const& executor = {})
        : loss_(loss), rows_(rows), where_(where), executor_(executor) {}
    objective(objective&&) = default;
    objective& operator=(objective&&) = default;

    index samples() const { return rows_.count; }
    index dimension() const { return where_.dimension; }
    index features() const { return rows_.features; }
    Batch const& rows() const { return rows_; }
    Loss const& sample_loss() const { return loss_; }
    objective_layout const& layout() const { return where_; }
    Executor const& executor() const { return executor_; }

    /// The value at x; its gradient overwrites g. One pass over the data.
    double operator()(vector_view<T const> const& x, vector_view<T> g) {
        g.setZero();
        reserve();
        kept_ = kept::scores;
        T* const slope = g.data() + where_.weight_at;
        double const mean = mean_loss_gradient(loss_, rows_, weight(x), bias(x), where_.outputs, slope, bias(g),
                                               executor_, work_, curvature_.data());
        return mean + penalty(weight(x), slope);
    }

    /// The value at x alone: half of a pass.
    double value(vector_view<T const> const& x) {
        return mean_loss_gradient(loss_, rows_, weight(x), bias(x), where_.outputs, nullptr, nullptr, executor_,
                                  work_) +
               penalty(weight(x), nullptr);
    }

    /// out = H v, H the Hessian at the x of the last call of operator(). One pass over the data. Throws
    /// descent::error before the first call.
    void hessian_product(vector_view<T const> const& v, vector_view<T> out) requires has_curvature<Loss, T> {
        expect(kept_ != kept::nothing, "objective: hessian_product before the first value");
        if (kept_ == kept::scores)
            curvature_of_scores(loss_, rows_, where_.outputs, curvature_.data());
        kept_ = kept::curvature;
        out.setZero();
        T* const to = out.data() + where_.weight_at;
        T const* const from = weight(v);
        linear::hessian_product(loss_, rows_, curvature_.data(), from, bias(v), where_.outputs, to, bias(out),
                                executor_, work_);
        for (index i = 0; where_.l2 != 0 && i < weights(); ++i)
            to[i] += T(where_.l2) * from[i];
    }

    /// The same objective over `count` rows, copied into memory that it owns: one row at random from each of
    /// `count` equal stretches. All rows where there are no more. Throws descent::error for count < 1.
    objective sampled(index count, std::uint64_t seed) const {
        expect(count > 0, "objective: sampled: count = ", count, ": must be > 0");
        objective some(loss_, rows_, where_, executor_);
        some.rows_ = some.owned_.copy(rows_, detail::spread_rows(samples(), std::min(count, samples()), seed));
        return some;
    }

private:
    enum class kept { nothing, scores, curvature };

    index weights() const { return where_.outputs * rows_.features; }
    T const* weight(vector_view<T const> const& x) const { return x.data() + where_.weight_at; }
    T const* bias(vector_view<T const> const& x) const {
        return has_bias() ? x.data() + where_.bias_at : nullptr;
    }
    T* bias(vector_view<T>& g) const { return has_bias() ? g.data() + where_.bias_at : nullptr; }
    bool has_bias() const { return where_.bias_at != objective_layout::none; }

    void reserve() {
        auto const n = std::size_t(samples() * where_.outputs);
        if (curvature_.size() < n)
            curvature_ = aligned_buffer<T>(n);
    }

    double penalty(T const* w, T* slope) const {
        if (where_.l2 == 0)
            return 0;
        constexpr index chains = 8;
        double part[chains] = {};
        for (index i = 0; i < weights(); ++i)
            part[i % chains] += double(w[i]) * double(w[i]);
        for (index i = 0; slope && i < weights(); ++i)
            slope[i] += T(where_.l2) * w[i];
        return where_.l2 / 2 *
               (((part[0] + part[4]) + (part[1] + part[5])) + ((part[2] + part[6]) + (part[3] + part[7])));
    }

    Loss loss_;
    Batch rows_;
    objective_layout where_;
    Executor executor_;
    detail::owned_rows<Batch> owned_ = {};
    workspace<T> work_ = {};
    aligned_buffer<T> curvature_ = {};
    kept kept_ = kept::nothing;
};

template <class Loss, class Batch>
objective(Loss, Batch, objective_layout) -> objective<Loss, Batch>;
template <class Loss, class Batch, class Executor>
objective(Loss, Batch, objective_layout, Executor) -> objective<Loss, Batch, Executor>;

}  // namespace descent::linear
