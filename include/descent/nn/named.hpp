// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include <descent/nn/layer.hpp>

namespace descent::nn {

/// A layer with a name of its own, where neighbours have numbers: its tensors are "conv1.weight" and not
/// "0.weight".
///
///     nn::sequential{nn::named{"conv1", nn::conv2d{.channels = 16}}, nn::relu{}}
template <class L>
struct named {
    std::string_view label;  ///< must outlive the binding: a literal
    L layer;
    static constexpr std::string_view name = L::name;

    template <class T>
    auto bind(shape const& input, builder<T>& b) const {
        return layer.template bind<T>(input, b);
    }
};

template <class L>
named(std::string_view, L) -> named<L>;

}  // namespace descent::nn
