// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <vector>

#include <descent/core/tensor.hpp>
#include <descent/exec/serial.hpp>
#include <descent/quantize/detail/rounded_layers.hpp>
#include <descent/quantize/error_feedback.hpp>
#include <descent/quantize/packed.hpp>

namespace descent::quantize {

/// Rounds the weights of all dense, conv1d and conv2d by to_affine with inputs (GPTQ), one layer after another,
/// each by what it reads now that those in front are rounded; pruned weights stay 0. The rows are for
/// calibration; 256 to 1024 of the training data serve, labels are not needed. Of the places of a convolution,
/// and of very many rows, at most some 16 thousand are taken. Costs a forward pass of the rows for each layer
/// and, for weights of n columns, n^2 for each place and each row of weights, n^3 once; progress(done, all) is
/// called behind it. Returns the codes, for save_packed and int4_linear. The same for every number of threads.
///
///     auto const codes = quantize::error_feedback_layers(net, train.x.topRows(512), {.bits = 3});
///     quantize::save_packed(net, "net.dpk", codes);
///
/// adaround_layers takes tens of times as long; which is nearer differs from network to network, so measure.
/// Throws descent::error as to_affine does, for no rows, for rows and numbers between layers that are not
/// finite, for a network without such layers, for a convolution that stands in anything but sequential,
/// residual and parallel, and for one of groups that share a scale; then the network is as it was.
template <class Network, class Executor, class Progress>
std::vector<coded_tensor<typename Network::scalar>> error_feedback_layers(
    Network& net, matrix<typename Network::scalar> const& rows, affine_options const& options,
    feedback_options const& feedback, Executor const& executor, Progress const& progress) {
    using T = typename Network::scalar;
    feedback.check("error_feedback");
    auto const round = [&](Network const& now, detail::rounded_layer const& layer) {
        auto const inputs = detail::moments_of(now, rows, layer, executor);
        std::vector<affine_tensor<T>> codes;
        for (std::size_t g = 0; g < inputs.size(); ++g)
            codes.push_back(to_affine(layer.weight(now, index(g)), inputs[g], options, feedback));
        return codes;
    };
    return detail::round_layers("error_feedback", net, rows, options, progress, round);
}

/// The same without calls of progress.
template <class Network, class Executor = exec::serial>
std::vector<coded_tensor<typename Network::scalar>> error_feedback_layers(
    Network& net, matrix<typename Network::scalar> const& rows, affine_options const& options = {},
    feedback_options const& feedback = {}, Executor const& executor = {}) {
    return error_feedback_layers(net, rows, options, feedback, executor, [](index, index) {});
}

}  // namespace descent::quantize
