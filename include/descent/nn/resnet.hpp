// SPDX-License-Identifier: MIT
#pragma once

#include <utility>

#include <descent/nn/activation.hpp>
#include <descent/nn/batch_norm.hpp>
#include <descent/nn/conv2d.hpp>
#include <descent/nn/dense.hpp>
#include <descent/nn/global_pool.hpp>
#include <descent/nn/named.hpp>
#include <descent/nn/pad_channels.hpp>
#include <descent/nn/residual.hpp>
#include <descent/nn/sequential.hpp>

// Residual networks for small images (He, Zhang, Ren, Sun: "Deep residual learning for image recognition",
// 2016, section 4.2).
namespace descent::nn {

namespace detail {

inline auto resnet_body(index channels, index stride) {
    return named{
        "",
        sequential{named{"conv1", conv2d{.channels = channels, .stride = stride, .padding = 1, .bias = false}},
                   named{"bn1", batch_norm{}}, relu{},
                   named{"conv2", conv2d{.channels = channels, .padding = 1, .bias = false}},
                   named{"bn2", batch_norm{}}}};
}

inline auto resnet_block(index channels) {
    return sequential{named{"", residual{resnet_body(channels, 1)}}, relu{}};
}
inline auto resnet_narrowing(index channels) {
    return sequential{
        named{"", residual{resnet_body(channels, 2), pad_channels{.channels = channels, .stride = 2}}}, relu{}};
}

/// `first`, then a block for each number.
template <class First, std::size_t... I>
auto resnet_stage([[maybe_unused]] index channels, First const& first, std::index_sequence<I...>) {
    return sequential{first, (void(I), resnet_block(channels))...};
}

}  // namespace detail

/// A residual network of 6 blocks + 2 layers for images of 32 x 32 pixels or so: three stages of 16, 32 and 64
/// channels, `blocks` of two 3 x 3 convolutions in each, shortcuts without parameters (option A). 3 blocks make
/// the ResNet-20, 5 the ResNet-32, 9 the ResNet-56. Tensors have the names that torch models of it use:
/// "conv1.weight", "layer1.0.bn1.running_mean", "linear.bias".
///
///     nn::network net{nn::input<float>{3, 32, 32}, nn::resnet_cifar<3>(10)};
template <std::size_t blocks>
auto resnet_cifar(index classes) {
    static_assert(blocks >= 1, "nn::resnet_cifar needs a block");
    auto const rest = std::make_index_sequence<blocks - 1>{};
    return sequential{named{"conv1", conv2d{.channels = 16, .padding = 1, .bias = false}},
                      named{"bn1", batch_norm{}},
                      relu{},
                      named{"layer1", detail::resnet_stage(16, detail::resnet_block(16), rest)},
                      named{"layer2", detail::resnet_stage(32, detail::resnet_narrowing(32), rest)},
                      named{"layer3", detail::resnet_stage(64, detail::resnet_narrowing(64), rest)},
                      global_average_pool{},
                      named{"linear", dense{classes}}};
}

/// The ResNet-20: 270 thousand weights.
inline auto resnet20(index classes = 10) { return resnet_cifar<3>(classes); }

}  // namespace descent::nn
