// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <string>
#include <utility>

#include <descent/core/error.hpp>
#include <descent/core/tensor.hpp>
#include <descent/exec/serial.hpp>
#include <descent/quantize/detail/rounded_layers.hpp>
#include <descent/quantize/error_feedback.hpp>

namespace descent::quantize {

/// What a dense, conv1d or conv2d reads while the rows run through the network, of convolutions the patches:
/// for to_affine, adaround and refine of one layer, and for prune::surgeon. `layer` is the front of its
/// tensors' names. Of the places of a convolution, and of very many rows, at most some 16 thousand are taken.
/// Costs a forward pass of the rows. The same for every number of threads.
///
///     prune::surgeon{.sparsity = 0.5}(net.params(), "0.weight", quantize::layer_inputs(net, train.x, "0"));
///
/// Throws descent::error for no rows, for rows that are not finite, where there is no such layer, for a
/// convolution that stands in anything but sequential, residual and parallel, and for one of groups, each of
/// which reads other inputs.
template <class Network, class Executor = exec::serial>
input_moments layer_inputs(Network const& net, matrix<typename Network::scalar> const& rows,
                           std::string const& layer, Executor const& executor = {}) {
    detail::expect_rows("layer_inputs", rows);
    auto const all = detail::layers_to_round("layer_inputs", net, rows.rows());
    auto const found =
        std::find_if(all.begin(), all.end(), [&](auto const& each) { return each.place.name == layer; });
    expect(found != all.end(), "layer_inputs: the network has no dense, conv1d or conv2d '", layer, "'");
    expect(found->groups() == 1, "layer_inputs: '", layer, "' has ", found->groups(),
           " groups, each with inputs of its own: must be 1");
    return std::move(detail::moments_of(net, rows, *found, executor).front());
}

}  // namespace descent::quantize
