// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <string_view>

#include <descent/core/math.hpp>
#include <descent/exec/row.hpp>
#include <descent/nn/detail/sequence.hpp>
#include <descent/nn/layer.hpp>

// From a sequence [steps, features] to one vector [features]. Steps behind a sample's length do not count; an
// empty sequence gives zeros.
namespace descent::nn {

namespace detail {

/// F::forward(x, length, features, y) and F::backward(x, length, steps, features, dy, dx) of one sample.
template <class F, class T>
class sequence_pool {
public:
    static constexpr aliasing alias = aliasing::none;
    static constexpr bool reads_output = false;

    explicit sequence_pool(shape const& input) : steps_(input[0]), features_(input[1]) {}
    shape output() const { return {features_}; }

    template <class Pass>
    void forward(Pass& p, T const* x, T* y) const {
        if constexpr (Pass::host)
            for_rows(p.executor, p.samples, steps_ * features_,
                     [=, &p, steps = steps_, n = features_](index first, index last) {
                         for (index s = first; s < last; ++s)
                             F::forward(x + s * steps * n, live_steps(p, s, steps), n, y + s * n);
                     });
        else
            device_sequence_pool(there{}, p, F{}, steps_, features_, x, y);
    }
    template <class Pass>
    void backward(Pass& p, T const* x, T const*, T* dy, T* dx) const {
        if (!dx)
            return;
        if constexpr (Pass::host)
            for_rows(p.executor, p.samples, steps_ * features_,
                     [=, &p, steps = steps_, n = features_](index first, index last) {
                         for (index s = first; s < last; ++s) {
                             T* const to = dx + s * steps * n;
                             std::fill_n(to, steps * n, T(0));
                             F::backward(x + s * steps * n, live_steps(p, s, steps), n, dy + s * n, to);
                         }
                     });
        else
            device_sequence_pool_backward(there{}, p, F{}, steps_, features_, x, dy, dx);
    }

private:
    index steps_, features_;
};

template <class F, class T>
sequence_pool<F, T> bind_pool(shape const& input, builder<T> const& b) {
    expect(input.rank() == 2 && input.size() > 0, b.where(F::name), ": input is ", input.text(),
           ": must be [steps, features]");
    return sequence_pool<F, T>(input);
}

}  // namespace detail

/// The mean over the steps.
struct sequence_mean {
    static constexpr std::string_view name = "sequence_mean";

    template <class T>
    static void forward(T const* x, index length, index n, T* y) {
        std::fill_n(y, n, T(0));
        for (index t = 0; t < length; ++t)
            exec::add_scaled(T(1) / T(length), x + t * n, n, y);
    }
    template <class T>
    static void backward(T const*, index length, index n, T const* dy, T* dx) {
        for (index t = 0; t < length; ++t)
            exec::add_scaled(T(1) / T(length), dy, n, dx + t * n);
    }

    template <class T>
    auto bind(shape const& input, builder<T>& b) const {
        return detail::bind_pool<sequence_mean>(input, b);
    }
};

/// The sample's own last step.
struct sequence_last {
    static constexpr std::string_view name = "sequence_last";

    template <class T>
    static void forward(T const* x, index length, index n, T* y) {
        if (length > 0)
            std::copy_n(x + (length - 1) * n, n, y);
        else
            std::fill_n(y, n, T(0));
    }
    template <class T>
    static void backward(T const*, index length, index n, T const* dy, T* dx) {
        if (length > 0)
            std::copy_n(dy, n, dx + (length - 1) * n);
    }

    template <class T>
    auto bind(shape const& input, builder<T>& b) const {
        return detail::bind_pool<sequence_last>(input, b);
    }
};

/// The largest number of each feature over the steps; the slope goes to the first step that has it.
struct sequence_max {
    static constexpr std::string_view name = "sequence_max";

    template <class T>
    static void forward(T const* x, index length, index n, T* y) {
        if (length > 0)
            std::copy_n(x, n, y);
        else
            std::fill_n(y, n, T(0));
        for (index t = 1; t < length; ++t)
            for (index j = 0; j < n; ++j)
                y[j] = max(y[j], x[t * n + j]);
    }
    template <class T>
    static void backward(T const* x, index length, index n, T const* dy, T* dx) {
        for (index j = 0; length > 0 && j < n; ++j) {
            index best = 0;
            for (index t = 1; t < length; ++t)
                if (x[t * n + j] > x[best * n + j])
                    best = t;
            dx[best * n + j] = dy[j];
        }
    }

    template <class T>
    auto bind(shape const& input, builder<T>& b) const {
        return detail::bind_pool<sequence_max>(input, b);
    }
};

}  // namespace descent::nn
