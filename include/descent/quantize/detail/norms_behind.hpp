// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <descent/core/error.hpp>
#include <descent/core/params.hpp>
#include <descent/nn/builder.hpp>
#include <descent/quantize/detail/each_layer.hpp>
#include <descent/quantize/layer_pairs.hpp>

namespace descent::quantize::detail {

/// A batch_norm that stands right behind dense, conv1d or conv2d in nn::sequential: the fronts of their
/// tensors' names.
struct norm_behind {
    std::string layer, norm;
    double epsilon = 0;
    bool by_place = false;  ///< of dense over sequences: the norm's channels are places, not outputs
};

/// Can a batch_norm B be folded into the layer A in front of it?
template <class A, class B>
inline constexpr bool folds = (A::name == std::string_view("dense") || A::name == std::string_view("conv1d") ||
                               A::name == std::string_view("conv2d")) &&
                              B::name == std::string_view("batch_norm");

/// The pairs of a network, in the order of its layers.
template <class Network>
std::vector<norm_behind> norms_behind(Network const& net) {
    std::vector<norm_behind> found;
    each_layer(net.layers(), "", [&](auto const& layer, std::string const& name) {
        using L = std::remove_cvref_t<decltype(layer)>;
        if constexpr (L::name == std::string_view("sequential")) {
            using children = decltype(layer.layers);
            [&]<std::size_t... I>(std::index_sequence<I...>) {
                [[maybe_unused]] auto const look = [&]<std::size_t K>(std::integral_constant<std::size_t, K>) {
                    if constexpr (folds<std::tuple_element_t<K, children>,
                                        std::tuple_element_t<K + 1, children>>) {
                        auto const& own = std::get<K>(layer.layers);
                        auto const& next = std::get<K + 1>(layer.layers);
                        found.push_back({name_inside(name, nn::child_name(own, K)),
                                         name_inside(name, nn::child_name(next, K + 1)),
                                         without_label(next).epsilon});
                    }
                };
                (look(std::integral_constant<std::size_t, I>{}), ...);
            }
            (std::make_index_sequence<std::tuple_size_v<children> - 1>{});
        }
    });
    nn::builder<typename Network::scalar> plan;
    plan.inside("", net.layers(), net.input_shape());
    for (norm_behind& each : found)
        for (nn::bound_place const& place : plan.places())
            if (place.name == each.layer && place.kind == "dense")
                each.by_place = place.input.rank() > 1;
    return found;
}

/// A layer's numbers with the norm behind it in them.
template <class T>
struct folded_numbers {
    std::vector<T> weight, bias;
    /// False where they stay 0: of weights whose channel's factor in the norm is masked, and of biases where
    /// the norm's is, too.
    std::vector<bool> weight_mask, bias_mask;
};

/// weight g and (bias - mean) g + beta with g = gamma / sqrt(variance + epsilon). Throws descent::error, naming
/// `who`, where the norm is not one of the outputs, and for numbers that are not finite.
template <class Network>
folded_numbers<typename Network::scalar> folded(std::string_view who, Network const& from,
                                                norm_behind const& pair) {
    using T = typename Network::scalar;
    expect(!pair.by_place, who, ": '", pair.norm, "' has a mean for each place, not for each output of '",
           pair.layer, "': cannot be folded");
    auto const& weights = from.params();
    auto const weight = weights[tensor_of(pair.layer, "weight")],
               gamma = weights[tensor_of(pair.norm, "weight")], beta = weights[tensor_of(pair.norm, "bias")];
    auto const mean = from.state()[tensor_of(pair.norm, "running_mean")],
               variance = from.state()[tensor_of(pair.norm, "running_var")];
    std::string const bias = tensor_of(pair.layer, "bias");
    bool const biased = weights.find(bias) != nullptr;
    std::vector<bool> const gamma_mask = weights.mask(tensor_of(pair.norm, "weight")),
                            beta_mask = weights.mask(tensor_of(pair.norm, "bias"));
    index const channels = weight.extents[0], each = weight.size() / channels;
    folded_numbers<T> told;
    told.weight_mask = weights.mask(tensor_of(pair.layer, "weight"));
    for (index c = 0; c < channels; ++c) {
        double const g = double(gamma.data[c]) / std::sqrt(double(variance.data[c]) + pair.epsilon);
        double const before = biased ? double(weights[bias].data[c]) : 0;
        expect(std::isfinite(g), who, ": '", pair.norm, "': channel ", c, " has the weight ", gamma.data[c],
               " and the variance ", variance.data[c], ": must be finite, and the variance >= 0");
        for (index i = c * each; i < (c + 1) * each; ++i)
            // 0 for -0, which packed files store as a number.
            told.weight.push_back(T(g * double(weight.data[i])) + T(0));
        if (!gamma_mask[std::size_t(c)])
            std::fill_n(told.weight_mask.begin() + c * each, each, false);
        told.bias.push_back(T((before - double(mean.data[c])) * g + double(beta.data[c])));
        told.bias_mask.push_back(gamma_mask[std::size_t(c)] || beta_mask[std::size_t(c)]);
        expect(std::isfinite(told.bias.back()), who, ": '", pair.layer, "' with '", pair.norm, "': bias ", c,
               " would be ", told.bias.back(), ": must be finite");
    }
    for (std::size_t i = 0; i < told.weight.size(); ++i)
        expect(std::isfinite(told.weight[i]), who, ": '", pair.layer, "' with '", pair.norm, "': weight ", i,
               " would be ", told.weight[i], ": must be finite");
    return told;
}

/// Writes them with their masks.
template <class T>
void put_folded(params<T> const& from, folded_numbers<T> const& numbers, params<T>& to,
                std::string const& weight, std::string const& bias) {
    std::copy(numbers.weight.begin(), numbers.weight.end(), to[weight].data);
    std::copy(numbers.bias.begin(), numbers.bias.end(), to[bias].data);
    if (from.masked() || to.masked()) {
        to.set_mask(weight, numbers.weight_mask);
        to.set_mask(bias, numbers.bias_mask);
    }
}

}  // namespace descent::quantize::detail
