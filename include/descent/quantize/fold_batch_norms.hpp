// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <descent/core/error.hpp>
#include <descent/core/params.hpp>
#include <descent/nn/named.hpp>
#include <descent/nn/network.hpp>
#include <descent/nn/parallel.hpp>
#include <descent/nn/residual.hpp>
#include <descent/nn/sequential.hpp>
#include <descent/quantize/detail/each_layer.hpp>
#include <descent/quantize/detail/norms_behind.hpp>
#include <descent/quantize/layer_pairs.hpp>

namespace descent::quantize {

namespace detail {

template <class L>
auto without_norms(L const& layer);

/// Child K of a sequential as a tuple: none for a norm that is folded, one with a bias for the layer in front.
template <std::size_t K, class... L>
auto without_norm(std::tuple<L...> const& all) {
    using list = std::tuple<L...>;
    constexpr bool goes = [] {
        if constexpr (K > 0)
            return folds<std::tuple_element_t<K - 1, list>, std::tuple_element_t<K, list>>;
        else
            return false;
    }();
    constexpr bool takes = [] {
        if constexpr (K + 1 < sizeof...(L))
            return folds<std::tuple_element_t<K, list>, std::tuple_element_t<K + 1, list>>;
        else
            return false;
    }();
    if constexpr (goes) {
        return std::tuple<>();
    } else {
        auto child = without_norms(std::get<K>(all));
        if constexpr (takes)
            without_label(child).bias = true;
        return std::tuple<decltype(child)>(child);
    }
}

/// The description without the norms that norms_behind finds.
template <class L>
auto without_norms(L const& layer) {
    constexpr std::string_view kind = L::name;
    if constexpr (requires { layer.label; }) {
        auto const inner = without_norms(layer.layer);
        return nn::named<std::remove_const_t<decltype(inner)>>{layer.label, inner};
    } else if constexpr (kind == "sequential") {
        auto const kept = [&]<std::size_t... I>(std::index_sequence<I...>) {
            return std::tuple_cat(without_norm<I>(layer.layers)...);
        }
        (std::make_index_sequence<std::tuple_size_v<decltype(layer.layers)>>{});
        // Not by deduction, which makes of one sequential within another that one alone.
        return std::apply([]<class... K>(K const&... each) { return nn::sequential<K...>(each...); }, kept);
    } else if constexpr (kind == "parallel") {
        return std::apply(
            []<class... K>(K const&... each) {
                return nn::parallel<decltype(without_norms(each))...>(without_norms(each)...);
            },
            layer.branches);
    } else if constexpr (kind == "residual") {
        auto const body = without_norms(layer.body);
        auto const shortcut = without_norms(layer.shortcut);
        return nn::residual<std::remove_const_t<decltype(body)>, std::remove_const_t<decltype(shortcut)>>{
            body, shortcut};
    } else {
        return layer;
    }
}

}  // namespace detail

/// The network without its batch norms, each folded into the dense, conv1d or conv2d right in front of it (see
/// fold_batch_norm), which gets a bias: the network that one would write without them, where nn::named layers
/// keep their names and others have the numbers of their new places. Every other tensor, state, the masks of
/// weights and the loss are copied; in evaluation it gives the same scores to rounding.
///
///     auto plain = quantize::fold_batch_norms(net);
///     quantize::adaround_layers(plain, train.x.topRows(512), {.bits = 4});
///
/// Goes into sequential, parallel and residual; batch norms elsewhere, behind relu say, stay. Throws
/// descent::error where none can be folded, and as fold_batch_norm does.
template <class Network>
auto fold_batch_norms(Network const& net) {
    using T = typename Network::scalar;
    constexpr std::string_view who = "fold_batch_norms";
    auto const pairs = detail::norms_behind(net);
    expect(!pairs.empty(), who,
           ": no batch_norm stands right behind dense, conv1d or conv2d in nn::sequential");
    nn::network made{nn::input<T>{net.input_shape()}, detail::without_norms(net.layers()), net.sample_loss()};

    // The tensors of both stand in one order, but for those of norms and for biases.
    auto const folded_one = [&](std::string const& name) {
        return std::any_of(pairs.begin(), pairs.end(), [&](detail::norm_behind const& each) {
            for (char const* const own : {"weight", "bias", "running_mean", "running_var"})
                if (name == detail::tensor_of(each.norm, own))
                    return true;
            return name == detail::tensor_of(each.layer, "bias");
        });
    };
    auto const copy_all = [&](params<T> const& from, params<T>& to) {
        std::size_t next = 0;
        for (auto const& entry : from.entries()) {
            if (folded_one(entry.name))
                continue;
            auto const& own = to.entries().at(next++);
            auto const pair = std::find_if(pairs.begin(), pairs.end(), [&](detail::norm_behind const& each) {
                return entry.name == detail::tensor_of(each.layer, "weight");
            });
            if (pair != pairs.end()) {
                auto const numbers = detail::folded(who, net, *pair);
                detail::put_folded(from, numbers, to, own.name, to.entries().at(next++).name);
                continue;
            }
            std::copy_n(from.data() + entry.offset, entry.size(), to.data() + own.offset);
            if (from.masked())
                to.set_mask(own.name, from.mask(entry.name));
        }
    };
    copy_all(net.params(), made.params());
    copy_all(net.state(), made.state());
    return made;
}

}  // namespace descent::quantize
