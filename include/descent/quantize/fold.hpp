// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include <descent/core/error.hpp>
#include <descent/core/params.hpp>
#include <descent/nn/builder.hpp>
#include <descent/quantize/detail/norms_behind.hpp>
#include <descent/quantize/layer_pairs.hpp>

namespace descent::quantize {

namespace detail {

/// How many weights stand in front of the layer's, which norms and biases do not change.
template <class T>
index weights_before(params<T> const& all, std::string const& layer) {
    index count = 0;
    for (auto const& entry : all.entries()) {
        if (entry.name == tensor_of(layer, "weight"))
            break;
        count += entry.extents.rank() > 1;
    }
    return count;
}

/// Does a batch_norm stand right behind the layer?
template <class Network>
bool has_norm_behind(Network const& net, std::string const& layer) {
    nn::builder<typename Network::scalar> plan;
    plan.inside("", net.layers(), net.input_shape());
    auto const& places = plan.places();
    for (std::size_t i = 0; i < places.size(); ++i)
        if (places[i].name == layer && places[i].parameters > 0 && places[i].parent >= 0 &&
            places[std::size_t(places[i].parent)].kind == "sequential") {
            auto const next = std::find_if(places.begin() + std::ptrdiff_t(i) + 1, places.end(),
                                           [&](auto const& other) { return other.parent == places[i].parent; });
            return next != places.end() && next->kind == "batch_norm";
        }
    return false;
}

}  // namespace detail

/// A dense, conv1d or conv2d with the batch_norm behind it as one: weight' = weight g and bias' = (bias - mean)
/// g + beta with g = gamma / sqrt(variance + epsilon), channel by channel, epsilon the norm's own, from the
/// network `from` into the tensors of `to`, which is built without the batch_norm. `layer` and `norm` are the
/// fronts of their names in `from`, "layer1.0.conv1" and "layer1.0.bn1", `into` that of the layer in `to`,
/// which needs a bias. A mask of the weights comes along; where the norm's weight is masked, so are those of
/// the channel, and its bias where the norm's is masked, too.
///
///     quantize::fold_batch_norm(net, plain, "0", "1", "0");  // conv, norm, relu, conv, norm: conv, relu, conv
///     quantize::fold_batch_norm(net, plain, "3", "4", "2");
///
/// All of a network, without names: fold_batch_norms. Throws descent::error, before anything is changed, where
/// the norm does not stand right behind the layer in nn::sequential, where one stands behind `into` too, which
/// would be applied twice, where a tensor is missing or has other extents, for dense over sequences, whose
/// norm is one of places, and for numbers that are not finite.
template <class Network, class Target>
void fold_batch_norm(Network const& from, Target& to, std::string const& layer, std::string const& norm,
                     std::string const& into) {
    auto const pairs = detail::norms_behind(from);
    auto const pair = std::find_if(pairs.begin(), pairs.end(), [&](detail::norm_behind const& each) {
        return each.layer == layer && each.norm == norm;
    });
    expect(pair != pairs.end(), "fold_batch_norm: '", norm, "' is no batch_norm right behind '", layer,
           "', dense, conv1d or conv2d, in nn::sequential");
    std::string const weight = detail::tensor_of(into, "weight"), bias = detail::tensor_of(into, "bias");
    auto const &from_weight = from.params().at(detail::tensor_of(layer, "weight")).extents,
               &from_norm = from.params().at(detail::tensor_of(norm, "weight")).extents,
               &to_weight = to.params().at(weight).extents, &to_bias = to.params().at(bias).extents;
    expect(to_weight == from_weight && to_bias == shape{from_weight[0]}, "fold_batch_norm: '", layer, "' is ",
           from_weight.text(), ", '", norm, "' ", from_norm.text(), ", the target's weight ", to_weight.text(),
           ", its bias ", to_bias.text());
    expect(!detail::has_norm_behind(to, into), "fold_batch_norm: a batch_norm stands behind the target's '",
           into, "' too: must be built without it");
    auto const numbers = detail::folded("fold_batch_norm", from, *pair);
    detail::put_folded(from.params(), numbers, to.params(), weight, bias);
}

/// The same where the layer has one name in both: an nn::named, or one with no norm before it. Throws
/// descent::error also where as many weights do not stand before that name in both, as where layers without
/// names got other numbers.
template <class Network, class Target>
void fold_batch_norm(Network const& from, Target& to, std::string const& layer, std::string const& norm) {
    to.params().at(detail::tensor_of(layer, "weight"));
    index const own = detail::weights_before(from.params(), layer),
                other = detail::weights_before(to.params(), layer);
    expect(own == other, "fold_batch_norm: '", layer, "' has ", own,
           " weights before it in the network, in the target ", other, ": name the target's layer");
    fold_batch_norm(from, to, layer, norm, layer);
}

}  // namespace descent::quantize
