// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <string_view>
#include <utility>

#include <descent/nn/detail/conv_plan.hpp>
#include <descent/nn/detail/conv_run.hpp>
#include <descent/nn/extent2.hpp>
#include <descent/nn/layer.hpp>

namespace descent::nn {

namespace detail {

/// A convolution in one or two axes.
template <class T>
class convolution {
public:
    static constexpr aliasing alias = aliasing::none;
    static constexpr bool reads_output = false;

    convolution(conv_plan plan, shape const& output, shape const& weight, initializer const& how, bool bias,
                builder<T>& b)
        : plan_(std::move(plan)),
          output_(output),
          weight_(b.add("weight", weight, how)),
          packed_(b.fix(plan_.template packed_room<T>())),
          scratch_(b.fix(plan_.template scratch<T>() * conv_plan::tasks)) {
        if (bias)
            bias_ = b.add("bias", {output[0]}, zeros);
    }
    shape output() const { return output_; }

    template <class Pass>
    void forward(Pass& p, T const* x, T* y) const {
        T const* const bias = bias_.size ? p.weight(bias_) : nullptr;
        if constexpr (Pass::host)
            conv_forward(p.executor, call(p, x), bias, y);
        else
            device_convolution(there{}, p.executor, plan_, p.samples, x, p.weight(weight_), bias, y);
    }
    template <class Pass>
    void backward(Pass& p, T const* x, T const*, T* dy, T* dx) const {
        T* const bias_slope = bias_.size ? p.slope(bias_) : nullptr;
        if constexpr (Pass::host)
            conv_backward(p.executor, call(p, x), static_cast<T const*>(dy), dx, p.slope(weight_), bias_slope);
        else
            device_convolution_backward(there{}, p.executor, plan_, p.samples, x, p.weight(weight_),
                                        static_cast<T const*>(dy), dx, p.slope(weight_), bias_slope);
    }

private:
    template <class Pass>
    conv_call<T> call(Pass& p, T const* x) const {
        return {plan_, p.samples, x, p.weight(weight_), p.at(packed_), p.at(scratch_)};
    }

    conv_plan plan_;
    shape output_;
    parameter weight_, bias_;
    region packed_, scratch_;
};

/// What conv1d and conv2d check alike.
template <class Axis>
void check_convolution(std::string const& who, shape const& input, index channels, index groups,
                       std::initializer_list<Axis> axes) {
    expect(channels >= 1, who, ": channels = ", channels, ": must be >= 1");
    expect(groups >= 1 && input[0] % groups == 0 && channels % groups == 0, who, ": groups = ", groups,
           ": must divide the channels of the input, ", input[0], ", and of the output, ", channels);
    constexpr index most = 1 << 20;  // products of some of them must not overflow
    expect(channels <= most, who, ": channels = ", channels, ": must be <= ", most);
    for (Axis const& a : axes) {
        expect(a.kernel >= 1, who, ": kernel = ", a.kernel, ": must be >= 1");
        expect(a.stride >= 1, who, ": stride = ", a.stride, ": must be >= 1");
        expect(a.padding >= 0, who, ": padding = ", a.padding, ": must be >= 0");
        expect(a.dilation >= 1, who, ": dilation = ", a.dilation, ": must be >= 1");
        index const largest = std::max({a.kernel, a.stride, a.padding, a.dilation});
        expect(largest <= most, who, ": kernel, stride, padding or dilation = ", largest,
               ": must be <= ", most);
        expect(a.reach() <= a.input + 2 * a.padding, who, ": input is ", input.text(),
               ": a kernel that reaches ", a.reach(), " does not fit into ", a.input, " with padding ",
               a.padding);
    }
}

}  // namespace detail

/// Sums over a sliding window of images [channels, height, width]: y[o] = bias[o] + sum over the input's
/// channels c of weight[o, c] correlated with x[c]. Output [channels, (height + 2 padding - dilation (kernel -
/// 1) - 1) / stride + 1, likewise]. With groups, output channel o sees the channels of its group alone; groups
/// = the input's channels is the depthwise convolution. Tensors: "weight" [channels, inputs / groups, kernel
/// height, kernel width], "bias" [channels]; the same numbers as torch.nn.Conv2d. bind throws descent::error
/// where input or settings do not fit.
///
///     nn::conv2d{.channels = 16, .kernel = 3, .padding = 1}
///     nn::conv2d{.channels = 8, .kernel = {3, 5}, .stride = {1, 2}, .bias = false}
struct conv2d {
    index channels = 0;
    extent2 kernel = 3;
    extent2 stride = 1;
    extent2 padding = 0;
    extent2 dilation = 1;
    index groups = 1;
    bool bias = true;
    initializer weight = he_normal;
    static constexpr std::string_view name = "conv2d";

    template <class T>
    auto bind(shape const& input, builder<T>& b) const {
        expect(input.rank() == 3 && input.size() > 0, b.where(name), ": input is ", input.text(),
               ": must be [channels, height, width]");
        detail::conv_axis high{input[1], kernel.height, stride.height, padding.height, dilation.height};
        detail::conv_axis wide{input[2], kernel.width, stride.width, padding.width, dilation.width};
        detail::check_convolution(b.where(name), input, channels, groups, {high, wide});
        high.shorten_stride(), wide.shorten_stride();
        b.work(channels * high.outputs() * wide.outputs() * (input[0] / groups) * kernel.height * kernel.width);
        return detail::convolution<T>(
            {high, wide, groups, input[0], channels}, {channels, high.outputs(), wide.outputs()},
            {channels, input[0] / groups, kernel.height, kernel.width}, weight, bias, b);
    }
};

}  // namespace descent::nn
