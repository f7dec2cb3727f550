// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <string_view>
#include <vector>

#include <descent/exec/row.hpp>
#include <descent/nn/detail/sequence.hpp>
#include <descent/nn/layer.hpp>

// Layers that add to each step a vector that tells where it stands. Steps behind a sample's length stay.
namespace descent::nn {

namespace detail {

/// y = x + table, row t to step t.
template <class Pass, class T>
void add_positions(Pass& p, T const* x, index steps, index features, T const* table, T* y) {
    for_rows(p.executor, p.samples, steps * features, [=, &p](index first, index last) {
        for (index s = first; s < last; ++s) {
            T* const to = y + s * steps * features;
            if (x != y)
                std::copy_n(x + s * steps * features, steps * features, to);
            exec::add_scaled(T(1), table, live_steps(p, s, steps) * features, to);
        }
    });
}

template <class Pass, class T>
void copy_slopes(Pass& p, index size, T const* dy, T* dx) {
    if (dx && dx != dy)
        map(p.executor, p.samples * size, dy, dx, same{});
}

template <class T>
void expect_steps(std::string_view name, shape const& input, builder<T> const& b) {
    expect(input.rank() == 2 && input.size() > 0, b.where(name), ": input is ", input.text(),
           ": must be [steps, features]");
}

}  // namespace detail

/// Adds sin(t / 10000^(2 i / features)) to feature 2 i of step t, and the cosine to feature 2 i + 1 (Vaswani,
/// Shazeer, Parmar, Uszkoreit, Jones, Gomez, Kaiser, Polosukhin: "Attention is all you need", 2017). bind
/// throws descent::error unless the input is [steps, features].
struct sinusoidal_positions {
    static constexpr std::string_view name = "sinusoidal_positions";

    template <class T>
    class bound {
    public:
        static constexpr aliasing alias = aliasing::in_place;
        static constexpr bool reads_output = false;

        explicit bound(shape const& input) : shape_(input), table_(std::size_t(input.size())) {
            index const features = input[1];
            for (index t = 0; t < input[0]; ++t)
                for (index j = 0; j < features; ++j) {
                    double const angle = double(t) / std::pow(10000.0, double(j / 2 * 2) / double(features));
                    table_[std::size_t(t * features + j)] = T(j % 2 ? std::cos(angle) : std::sin(angle));
                }
        }
        shape output() const { return shape_; }

        template <class Pass>
        void forward(Pass& p, T const* x, T* y) const {
            if constexpr (Pass::host)
                detail::add_positions(p, x, shape_[0], shape_[1], table_.data(), y);
            else
                device_waves(detail::there{}, p, shape_[0], shape_[1], x, y);
        }
        template <class Pass>
        void backward(Pass& p, T const*, T const*, T* dy, T* dx) const {
            detail::copy_slopes(p, shape_.size(), static_cast<T const*>(dy), dx);
        }

    private:
        shape shape_;
        std::vector<T> table_;
    };

    template <class T>
    bound<T> bind(shape const& input, builder<T>& b) const {
        detail::expect_steps(name, input, b);
        return bound<T>(input);
    }
};

/// Adds row t of a trained table to step t. Tensor: "weight" [most, features]. bind throws descent::error
/// unless the input is [steps, features] with steps <= most.
struct learned_positions {
    index most = 0;  ///< steps that the table has rows for; 0: those of the input
    initializer weight = normal(0.02);
    static constexpr std::string_view name = "learned_positions";

    template <class T>
    class bound {
    public:
        static constexpr aliasing alias = aliasing::in_place;
        static constexpr bool reads_output = false;

        bound(learned_positions const& d, shape const& input, builder<T>& b)
            : shape_(input),
              most_(d.most ? d.most : input[0]),
              weight_(b.add("weight", {most_, input[1]}, d.weight)) {}
        shape output() const { return shape_; }

        template <class Pass>
        void forward(Pass& p, T const* x, T* y) const {
            if constexpr (Pass::host)
                detail::add_positions(p, x, shape_[0], shape_[1], p.weight(weight_), y);
            else
                device_positions(detail::there{}, p, shape_[0], shape_[1], x, p.weight(weight_), y);
        }
        template <class Pass>
        void backward(Pass& p, T const*, T const*, T* dy, T* dx) const {
            if constexpr (Pass::host)
                slopes_here(p, dy, p.slope(weight_));
            else
                device_positions_backward(detail::there{}, p, shape_[0], shape_[1], most_, dy,
                                          p.slope(weight_));
            detail::copy_slopes(p, shape_.size(), static_cast<T const*>(dy), dx);
        }

    private:
        template <class Pass>
        void slopes_here(Pass& p, T const* dy, T* slope) const {
            index const steps = shape_[0], n = shape_[1];
            std::fill(slope + steps * n, slope + most_ * n, T(0));
            detail::for_rows(p.executor, steps, p.samples * n, [=, &p](index first, index last) {
                std::fill(slope + first * n, slope + last * n, T(0));
                for (index s = 0; s < p.samples; ++s)
                    for (index t = first; t < std::min(last, detail::live_steps(p, s, steps)); ++t)
                        exec::add_scaled(T(1), dy + (s * steps + t) * n, n, slope + t * n);
            });
        }

        shape shape_;
        index most_;
        parameter weight_;
    };

    template <class T>
    bound<T> bind(shape const& input, builder<T>& b) const {
        detail::expect_steps(name, input, b);
        expect(most == 0 || most >= input[0], b.where(name), ": most = ", most, ": must be 0 or >= ", input[0],
               ", the steps of the input");
        return {*this, input, b};
    }
};

}  // namespace descent::nn
