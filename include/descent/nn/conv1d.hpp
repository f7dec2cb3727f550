// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include <descent/nn/conv2d.hpp>

namespace descent::nn {

/// conv2d in one axis, for sequences [channels, length]. Tensors: "weight" [channels, inputs / groups, kernel],
/// "bias" [channels]; the same numbers as torch.nn.Conv1d.
///
///     nn::conv1d{.channels = 16, .kernel = 5, .padding = 2}
struct conv1d {
    index channels = 0;
    index kernel = 3;
    index stride = 1;
    index padding = 0;
    index dilation = 1;
    index groups = 1;
    bool bias = true;
    initializer weight = he_normal;
    static constexpr std::string_view name = "conv1d";

    template <class T>
    auto bind(shape const& input, builder<T>& b) const {
        expect(input.rank() == 2 && input.size() > 0, b.where(name), ": input is ", input.text(),
               ": must be [channels, length]");
        detail::conv_axis along{input[1], kernel, stride, padding, dilation};
        detail::check_convolution(b.where(name), input, channels, groups, {along});
        along.shorten_stride();
        b.work(channels * along.outputs() * (input[0] / groups) * kernel);
        return detail::convolution<T>({{}, along, groups, input[0], channels}, {channels, along.outputs()},
                                      {channels, input[0] / groups, kernel}, weight, bias, b);
    }
};

}  // namespace descent::nn
