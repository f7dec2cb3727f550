// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <type_traits>
#include <utility>

#include <descent/core/error.hpp>
#include <descent/core/tensor.hpp>
#include <descent/linear/detail/device_pass.hpp>
#include <descent/linear/detail/device_turn.hpp>
#include <descent/linear/device_rows.hpp>
#include <descent/linear/objective.hpp>

// Linear models on a device: the data lies there, the method runs here. Each pass sends the weights and brings
// back the gradient; the data is never sent again.
namespace descent::linear {

namespace detail {

template <class Batch, class Executor>
struct rows_on_device {
    using type = device_rows<Batch, Executor>;
    using batch = Batch;
};
template <class Batch, class Executor>
struct rows_on_device<device_rows<Batch, Executor>, Executor> {
    using type = device_rows<Batch, Executor>;
    using batch = Batch;
};

}  // namespace detail

/// objective() of the host for data on a device: rows as for the host, which are uploaded here, or device_rows
/// that are there already. <descent/cuda.cuh> brings it, and with it fit's own way to the device:
///
///     fit(model, train, solve::lbfgs{}, exec::cuda{});
///
///     linear::device_rows const there{data::all_of(train), exec::cuda{}};      // or, with a loss of yours:
///     linear::objective f{loss::huber{}, there, {.dimension = w.size(), .l2 = 1e-3}};
///     minimize(f, w, solve::lbfgs{});
///
/// Every sum has an order that the data alone decides and no thread can change: a run repeats bit for bit. It
/// agrees with the host within rounding. Dense rows are read from memory once a pass, as long as eight of them
/// stay in the device's cache (up to some 10,000 features), and many outputs ask for memory: 64 gradients or
/// more. Sparse data is kept by rows and by columns, and read once each. Throws descent::error for data as
/// device_rows does, for outputs < 1, and for outputs > 1 under a loss of one score.
template <class Loss, class Batch, class Executor>
requires(!Executor::host) class objective<Loss, Batch, Executor> {
    using rows_type = typename detail::rows_on_device<Batch, Executor>::type;
    using host_batch = typename detail::rows_on_device<Batch, Executor>::batch;

public:
    using scalar = typename Batch::scalar;
    using T = scalar;

    objective(Loss const& loss, Batch const& rows, objective_layout const& where, Executor const& executor = {})
        : loss_(loss), rows_(placed(rows, executor)), where_(where), executor_(executor) {
        expect(where.outputs >= 1, "objective: outputs = ", where.outputs, ": must be >= 1");
        expect(several || where.outputs == 1, "objective: outputs = ", where.outputs,
               ": must be 1 for this loss");
    }
    objective(objective&&) = default;
    objective& operator=(objective&&) = default;

    index samples() const { return rows_.samples(); }
    index dimension() const { return where_.dimension; }
    index features() const { return rows_.features(); }
    /// The same samples in the memory of the host.
    host_batch const& rows() const { return rows_.host(); }
    Loss const& sample_loss() const { return loss_; }
    objective_layout const& layout() const { return where_; }
    Executor const& executor() const { return executor_; }

    /// The value at x; its gradient overwrites g. One pass over the data.
    double operator()(vector_view<T const> const& x, vector_view<T> g) {
        g.setZero();
        if (index const n = samples() * where_.outputs; index(curvature_.size()) < n)
            curvature_ = memory(std::size_t(n));
        kept_ = kept::scores;
        T* const slope = g.data() + where_.weight_at;
        double const mean = pass(x, slope, has_bias() ? g.data() + where_.bias_at : nullptr, curvature_.data());
        return mean + penalty(x.data() + where_.weight_at, slope);
    }

    /// The value at x alone.
    double value(vector_view<T const> const& x) {
        return pass(x, nullptr, nullptr, nullptr) + penalty(x.data() + where_.weight_at, nullptr);
    }

    /// out = H v, H the Hessian at the x of the last call of operator(). One pass over the data. Throws
    /// descent::error before the first call.
    void hessian_product(vector_view<T const> const& v, vector_view<T> out) requires has_curvature<Loss, T> {
        expect(kept_ != kept::nothing, "objective: hessian_product before the first value");
        auto const& there = rows_.device();
        if (kept_ == kept::scores)
            executor_.for_each(samples(), detail::device_curvature<T, Loss>{loss_, there.targets(),
                                                                            curvature_.data(), where_.outputs});
        kept_ = kept::curvature;
        out.setZero();
        T* const to = out.data() + where_.weight_at;
        pass(v, to, has_bias() ? out.data() + where_.bias_at : nullptr, curvature_.data(), true);
        for (index i = 0; where_.l2 != 0 && i < where_.outputs * features(); ++i)
            to[i] += T(where_.l2) * v.data()[where_.weight_at + i];
    }

    /// The same objective over `count` rows, which are uploaded: one row at random from each of `count` equal
    /// stretches. All rows where there are no more. Throws descent::error for count < 1.
    objective sampled(index count, std::uint64_t seed) const {
        expect(count > 0, "objective: sampled: count = ", count, ": must be > 0");
        return objective(loss_, rows_.sampled(count, seed), where_, executor_, 0);
    }

private:
    using memory = typename Executor::template memory<T>;
    enum class kept { nothing, scores, curvature };
    static constexpr bool several = !detail::of_one_score<Loss, T>;

    objective(Loss const& loss, rows_type rows, objective_layout const& where, Executor const& executor, int)
        : loss_(loss), rows_(std::move(rows)), where_(where), executor_(executor) {}

    static rows_type placed(Batch const& rows, Executor const& executor) {
        if constexpr (std::is_same_v<Batch, rows_type>)
            return rows;
        else
            return rows_type(rows, executor);
    }

    bool has_bias() const { return where_.bias_at != objective_layout::none; }
    double pass(vector_view<T const> const& x, T* g, T* g_bias, T* kept_scores, bool product = false) {
        auto const& there = rows_.device();
        detail::device_turn<T, Loss> const turn{loss_,       there.targets(), there.weights(), T(rows_.scale()),
                                                kept_scores, product};
        T const* const bias = has_bias() ? x.data() + where_.bias_at : nullptr;
        return work_.template run<several>(rows_, turn, x.data() + where_.weight_at, bias, where_.outputs, g,
                                           g_bias, executor_) *
               rows_.scale();
    }

    double penalty(T const* w, T* slope) const {
        double square = 0;
        for (index i = 0; where_.l2 != 0 && i < where_.outputs * features(); ++i) {
            square += double(w[i]) * double(w[i]);
            if (slope)
                slope[i] += T(where_.l2) * w[i];
        }
        return where_.l2 / 2 * square;
    }

    Loss loss_;
    rows_type rows_;
    objective_layout where_;
    Executor executor_;
    detail::device_pass<host_batch, Executor> work_ = {};
    memory curvature_;
    kept kept_ = kept::nothing;
};

template <class Loss, class Batch, class Executor>
objective(Loss, device_rows<Batch, Executor>, objective_layout)
    -> objective<Loss, device_rows<Batch, Executor>, Executor>;

}  // namespace descent::linear
