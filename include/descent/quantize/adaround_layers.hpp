// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include <descent/core/tensor.hpp>
#include <descent/exec/serial.hpp>
#include <descent/quantize/adaround.hpp>
#include <descent/quantize/detail/rounded_layers.hpp>
#include <descent/quantize/layer_pairs.hpp>
#include <descent/quantize/packed.hpp>

namespace descent::quantize {

namespace detail {

/// What the layer reads in `now` and gave in `exact`: one a group.
template <class Network, class Executor>
auto samples_of(Network const& now, Network const& exact, matrix<typename Network::scalar> const& rows,
                rounded_layer const& layer, Executor const& executor) {
    using T = typename Network::scalar;
    index const count = (rows.rows() * layer.places + layer.every - 1) / layer.every;
    std::vector<layer_samples<T>> told(std::size_t(layer.groups()));
    std::string const bias = tensor_of(layer.place.name, "bias");
    for (std::size_t g = 0; g < told.size(); ++g) {
        told[g] = {matrix<T>(count, layer.columns), matrix<T>(count, layer.rows), {}, layer.relu};
        if (exact.params().find(bias))
            told[g].bias = exact.params()[bias].flat().segment(index(g) * layer.rows, layer.rows);
    }
    each_sample(now, rows, layer, executor, [&](T const* x, T const*, index at, index row) {
        for (std::size_t g = 0; g < told.size(); ++g)
            layer.read(x, at, index(g), told[g].inputs.row(row).data());
    });
    each_sample(exact, rows, layer, executor, [&](T const*, T const* y, index at, index row) {
        for (std::size_t g = 0; g < told.size(); ++g)
            for (index r = 0; r < layer.rows; ++r) {
                T const z = layer.given(y, at, index(g), r);
                told[g].outputs(row, r) = layer.relu ? std::max(z, T(0)) : z;
            }
    });
    return told;
}

}  // namespace detail

/// Rounds the weights of all dense, conv1d and conv2d by adaround, one layer after another: each sees what
/// those in front give now that they are rounded, and shall give what it gave in the network as it was, behind
/// relu where that follows (the asymmetric reconstruction of Nagel et al., 2020). The rows are for calibration;
/// 256 to 1024 of the training data serve, labels are not needed. Costs two forward passes of the rows and a
/// fit of the rounding for each layer; progress(done, all) is called behind it. Returns the codes, for
/// save_packed. The same for every number of threads.
///
///     auto const codes =
///         quantize::adaround_layers(net, train.x.topRows(512), {.bits = 4}, {}, exec::openmp{});
///     quantize::save_packed(net, "net.dpk", codes);
///
/// Fold batch norms first (fold_batch_norms), so that they do not stand between a convolution and its relu.
/// Throws descent::error as adaround does, for no rows, for rows that are not finite, for a network without
/// such layers, for a convolution that stands in anything but sequential, residual and parallel, and for one of
/// groups that share a scale; then the network is as it was.
template <class Network, class Executor, class Progress>
std::vector<coded_tensor<typename Network::scalar>> adaround_layers(
    Network& net, matrix<typename Network::scalar> const& rows, affine_options const& options,
    adaround_options const& how, Executor const& executor, Progress const& progress) {
    using T = typename Network::scalar;
    how.check();
    auto const round = [&](Network const& now, detail::rounded_layer const& layer) {
        auto const samples = detail::samples_of(now, net, rows, layer, executor);
        std::vector<affine_tensor<T>> codes;
        for (std::size_t g = 0; g < samples.size(); ++g)
            codes.push_back(adaround(layer.weight(now, index(g)), samples[g], options, how, executor));
        return codes;
    };
    return detail::round_layers("adaround", net, rows, options, progress, round);
}

/// The same without calls of progress.
template <class Network, class Executor = exec::serial>
std::vector<coded_tensor<typename Network::scalar>> adaround_layers(
    Network& net, matrix<typename Network::scalar> const& rows, affine_options const& options = {},
    adaround_options const& how = {}, Executor const& executor = {}) {
    return adaround_layers(net, rows, options, how, executor, [](index, index) {});
}

}  // namespace descent::quantize
