// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <string>
#include <string_view>

#include <descent/core/error.hpp>
#include <descent/core/params.hpp>

namespace descent::quantize {

/// A convolution or dense layer with the batch_norm behind it as one: weight' = weight g and bias' = (bias -
/// mean) g + beta with g = gamma / sqrt(variance + epsilon), channel by channel, from a network `from` into the
/// tensors of another without the batch_norm. `into` and `layer` are the fronts of their names,
/// "layer1.0.conv1" and "layer1.0.bn1"; the target needs a bias. Throws descent::error where a tensor is
/// missing or has other extents, before anything is changed.
template <class Network, class Target>
void fold_batch_norm(Network const& from, Target& to, std::string const& layer, std::string const& norm,
                     double epsilon = 1e-5) {
    using T = typename Network::scalar;
    auto const& weights = from.params();
    auto const weight = weights[layer + ".weight"], gamma = weights[norm + ".weight"],
               beta = weights[norm + ".bias"];
    auto const mean = from.state()[norm + ".running_mean"], variance = from.state()[norm + ".running_var"];
    auto const out = to.params()[layer + ".weight"], bias = to.params()[layer + ".bias"];
    index const channels = weight.extents.rank() > 0 ? weight.extents[0] : 1;
    expect(out.extents == weight.extents && gamma.size() == channels && bias.size() == channels,
           "fold_batch_norm: '", layer, "' is ", weight.extents.text(), ", '", norm, "' ", gamma.extents.text(),
           ", the target's weight ", out.extents.text(), ", its bias ", bias.extents.text());
    bool const biased = weights.find(layer + ".bias") != nullptr;
    index const each = channels > 0 ? weight.size() / channels : 0;
    for (index c = 0; c < channels; ++c) {
        double const g = double(gamma.data[c]) / std::sqrt(double(variance.data[c]) + epsilon);
        double const before = biased ? double(weights[layer + ".bias"].data[c]) : 0;
        for (index i = c * each; i < (c + 1) * each; ++i)
            out.data[i] = T(g * double(weight.data[i]));
        bias.data[c] = T((before - double(mean.data[c])) * g + double(beta.data[c]));
    }
}

}  // namespace descent::quantize
