// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

#include <descent/nn/detail/pool.hpp>
#include <descent/nn/layer.hpp>

namespace descent::nn {

/// Every stride-th row and column of [channels, height, width], with channels of zeros around, half of them
/// before: the shortcut without parameters where a residual network widens (He, Zhang, Ren, Sun, 2016, option
/// A). Output [channels, (height - 1) / stride + 1, (width - 1) / stride + 1]. bind throws descent::error where
/// the input has more channels and for a stride below 1.
///
///     nn::residual{body, nn::pad_channels{.channels = 32, .stride = 2}}
struct pad_channels {
    index channels = 0;
    index stride = 1;
    static constexpr std::string_view name = "pad_channels";

    template <class T>
    class bound {
    public:
        static constexpr aliasing alias = aliasing::none;
        static constexpr bool reads_output = false;

        bound(pad_channels const& d, shape const& input)
            : inputs_(input[0]), high_(input[1]), wide_(input[2]), channels_(d.channels), stride_(d.stride) {}
        shape output() const { return {channels_, rows(), columns()}; }

        template <class Pass>
        void forward(Pass& p, T const* x, T* y) const {
            if constexpr (Pass::host)
                detail::for_planes(
                    p.executor, p.samples * channels_, rows() * columns(), [=, l = *this](index i) {
                        index const sample = i / l.channels_, channel = i % l.channels_ - l.before();
                        T* to = y + i * l.rows() * l.columns();
                        if (channel < 0 || channel >= l.inputs_) {
                            std::fill_n(to, l.rows() * l.columns(), T(0));
                            return;
                        }
                        T const* const from = x + (sample * l.inputs_ + channel) * l.high_ * l.wide_;
                        for (index r = 0; r < l.high_; r += l.stride_)
                            for (index c = 0; c < l.wide_; c += l.stride_)
                                *to++ = from[r * l.wide_ + c];
                    });
            else
                device_pad_channels(detail::there{}, p.executor, p.samples, layout(), x, y);
        }
        template <class Pass>
        void backward(Pass& p, T const*, T const*, T* dy, T* dx) const {
            if (!dx)
                return;
            if constexpr (Pass::host)
                detail::for_planes(p.executor, p.samples * inputs_, high_ * wide_, [=, l = *this](index i) {
                    index const sample = i / l.inputs_, channel = i % l.inputs_ + l.before();
                    T const* from = dy + (sample * l.channels_ + channel) * l.rows() * l.columns();
                    T* const to = dx + i * l.high_ * l.wide_;
                    std::fill_n(to, l.high_ * l.wide_, T(0));
                    for (index r = 0; r < l.high_; r += l.stride_)
                        for (index c = 0; c < l.wide_; c += l.stride_)
                            to[r * l.wide_ + c] = *from++;
                });
            else
                device_pad_channels_backward(detail::there{}, p.executor, p.samples, layout(), dy, dx);
        }

    private:
        /// The numbers in turn that a device's own layout has.
        auto layout() const {
            return std::array<index, 6>{inputs_, high_, wide_, channels_, stride_, before()};
        }
        index before() const { return (channels_ - inputs_) / 2; }
        index rows() const { return (high_ - 1) / stride_ + 1; }
        index columns() const { return (wide_ - 1) / stride_ + 1; }

        index inputs_, high_, wide_, channels_, stride_;
    };

    template <class T>
    bound<T> bind(shape const& input, builder<T>& b) const {
        expect(input.rank() == 3 && input.size() > 0, b.where(name), ": input is ", input.text(),
               ": must be [channels, height, width]");
        expect(channels >= input[0], b.where(name), ": channels = ", channels,
               ": must be >= the channels of the input, ", input[0]);
        expect(stride >= 1, b.where(name), ": stride = ", stride, ": must be >= 1");
        return {*this, input};
    }
};

}  // namespace descent::nn
