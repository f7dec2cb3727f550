// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <string_view>

#include <descent/nn/detail/pool.hpp>
#include <descent/nn/detail/row_math.hpp>
#include <descent/nn/layer.hpp>
#include <descent/nn/max_pool.hpp>

// From images [channels, height, width], or sequences [channels, length], to one number a channel.
namespace descent::nn {

namespace detail {

/// F::forward(plane, size) and F::backward(plane, size, slope, to).
template <class F, class T>
class global_pool {
public:
    static constexpr aliasing alias = aliasing::none;
    static constexpr bool reads_output = false;

    explicit global_pool(shape const& input) : channels_(input[0]), plane_(input.size() / input[0]) {}
    shape output() const { return {channels_}; }

    template <class Pass>
    void forward(Pass& p, T const* x, T* y) const {
        if constexpr (Pass::host)
            for_planes(p.executor, p.samples * channels_, plane_,
                       [=, n = plane_](index i) { y[i] = F::forward(x + i * n, n); });
        else
            device_global_pool(there{}, p.executor, F{}, p.samples * channels_, plane_, x,
                               static_cast<T const*>(nullptr), y);
    }
    template <class Pass>
    void backward(Pass& p, T const* x, T const*, T* dy, T* dx) const {
        if (!dx)
            return;
        if constexpr (Pass::host)
            for_planes(p.executor, p.samples * channels_, plane_,
                       [=, n = plane_](index i) { F::backward(x + i * n, n, dy[i], dx + i * n); });
        else
            device_global_pool(there{}, p.executor, F{}, p.samples * channels_, plane_, x, dy, dx);
    }

private:
    index channels_, plane_;
};

inline void check_planes(std::string const& who, shape const& input) {
    expect((input.rank() == 2 || input.rank() == 3) && input.size() > 0, who, ": input is ", input.text(),
           ": must be [channels, height, width] or [channels, length]");
}

}  // namespace detail

/// The mean of each channel: [channels, ...] -> [channels].
struct global_average_pool {
    static constexpr std::string_view name = "global_average_pool";

    template <class T>
    static T forward(T const* x, index n) {
        return detail::row_sum(x, n) / T(n);
    }
    template <class T>
    static void backward(T const*, index n, T slope, T* dx) {
        std::fill(dx, dx + n, slope / T(n));
    }

    template <class T>
    auto bind(shape const& input, builder<T>& b) const {
        detail::check_planes(b.where(name), input);
        return detail::global_pool<global_average_pool, T>(input);
    }
};

/// The largest number of each channel; the first of equal ones gets the slope; NaN stays NaN.
struct global_max_pool {
    static constexpr std::string_view name = "global_max_pool";

    template <class T>
    static T forward(T const* x, index n) {
        return x[largest(x, n)];
    }
    template <class T>
    static void backward(T const* x, index n, T slope, T* dx) {
        std::fill(dx, dx + n, T(0));
        dx[largest(x, n)] = slope;
    }

    template <class T>
    auto bind(shape const& input, builder<T>& b) const {
        detail::check_planes(b.where(name), input);
        return detail::global_pool<global_max_pool, T>(input);
    }

private:
    template <class T>
    static index largest(T const* x, index n) {
        index best = 0;
        for (index i = 1; i < n; ++i)
            if (detail::beats(x[i], x[best]))
                best = i;
        return best;
    }
};

}  // namespace descent::nn
