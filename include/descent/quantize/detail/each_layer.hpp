// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include <descent/core/error.hpp>
#include <descent/nn/layer.hpp>

namespace descent::quantize::detail {

/// "layer1.0" and "conv1" as "layer1.0.conv1"; either may be empty.
inline std::string name_inside(std::string const& front, std::string const& own) {
    return front.empty() || own.empty() ? front + own : text(front, '.', own);
}

/// The layer within any nn::named around it.
template <class L>
auto& without_label(L& layer) {
    if constexpr (requires { layer.label; })
        return without_label(layer.layer);
    else
        return layer;
}

/// f(layer, name) for each layer of a description, without its label, containers before what they contain.
/// Goes into sequential, parallel and residual.
template <class L, class F>
void each_layer(L const& layer, std::string const& name, F const& f) {
    constexpr std::string_view kind = L::name;
    auto const children = [&](auto const& all) {
        std::apply(
            [&](auto const&... each) {
                std::size_t number = 0;
                (each_layer(each, name_inside(name, nn::child_name(each, number++)), f), ...);
            },
            all);
    };
    auto const part = [&](auto const& each, char const* usual) {
        if constexpr (requires { each.label; })
            each_layer(each, name_inside(name, std::string(each.label)), f);
        else
            each_layer(each, name_inside(name, usual), f);
    };
    if constexpr (requires { layer.label; }) {
        each_layer(layer.layer, name, f);
    } else {
        f(layer, name);
        if constexpr (kind == "sequential") {
            children(layer.layers);
        } else if constexpr (kind == "parallel") {
            children(layer.branches);
        } else if constexpr (kind == "residual") {
            part(layer.body, "body");
            part(layer.shortcut, "shortcut");
        }
    }
}

}  // namespace descent::quantize::detail
