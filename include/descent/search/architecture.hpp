// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <descent/nn/activation.hpp>
#include <descent/nn/batch_norm.hpp>
#include <descent/nn/choice.hpp>
#include <descent/nn/conv2d.hpp>
#include <descent/nn/dense.hpp>
#include <descent/nn/global_pool.hpp>
#include <descent/nn/graph.hpp>
#include <descent/nn/residual.hpp>
#include <descent/nn/sequential.hpp>
#include <descent/search/space.hpp>

namespace descent::search {

/// One layer of an architecture.
struct architecture_layer {
    index width = 16;                 ///< channels, or units
    index kernel = 3;                 ///< of a convolution, odd; dense layers have none
    std::string activation = "relu";  ///< "relu", "leaky_relu", "tanh", "sigmoid", "silu" or "gelu"
    bool skip = false;                ///< is the layer's input added to its output?
    index stride = 1;                 ///< of a convolution

    friend bool operator==(architecture_layer const&, architecture_layer const&) = default;
};

/// A network as a list of layers, chosen when the program runs: conv_layers and dense_layers make it one of
/// nn/.
struct architecture {
    std::vector<architecture_layer> layers = {};

    /// "16x3 relu, 32x5 silu + skip": equal ones have equal texts.
    std::string text() const {
        std::string written;
        for (architecture_layer const& each : layers)
            written += descent::text(written.empty() ? "" : ", ", each.width, 'x', each.kernel,
                                     each.stride > 1 ? descent::text('/', each.stride) : std::string(), ' ',
                                     each.activation, each.skip ? " + skip" : "");
        return written;
    }
    friend bool operator==(architecture const&, architecture const&) = default;
};

/// The architectures that a search may choose from: the depth, and of each layer its width, its kernel, its
/// activation and whether it has a shortcut. Lists of one are not searched.
///
///     search::architecture_space const all{.most = 4, .widths = {8, 16, 32}};
///     auto space = all.space();
///     space.require([&](search::setting const& s) {
///         return search::cost_of(conv_layers(all.of(s), 1, 10), {1, 8, 8}).parameters <= 5000;
///     });
///     search::study study{space, search::regularized_evolution{}};
///     auto best = study.maximize({.trials = 60}, [&](search::trial& t) {
///         nn::network net{nn::input<float>{1, 8, 8}, conv_layers(all.of(t), 1, 10)};
///         ...
///
/// What lies behind the depth of a trial is in its settings and does nothing.
struct architecture_space {
    index least = 1, most = 3;  ///< layers
    std::vector<double> widths = {8, 16, 32};
    std::vector<double> kernels = {1, 3, 5};
    std::vector<std::string> activations = {"relu", "silu", "tanh"};
    bool skips = true;
    std::vector<index> strides = {};  ///< of layers 0, 1, ..., not searched; 1 where there is none

    /// "depth", then "width0", "kernel0", "activation0", "skip0", "width1", ... Throws descent::error unless
    /// 1 <= least <= most and each list has a value, none of them twice.
    search::space space() const {
        expect(least >= 1 && least <= most, "architecture_space: least = ", least, ", most = ", most,
               ": must be 1 <= least <= most");
        search::space all;
        if (least < most)
            all.add("depth", integer(double(least), double(most)));
        for (index k = 0; k < most; ++k) {
            add(all, "width", k, widths);
            add(all, "kernel", k, kernels);
            expect(!activations.empty(), "architecture_space: activations: must not be empty");
            if (activations.size() > 1)
                all.add(text("activation", k), categorical(activations));
            if (skips)
                all.add(text("skip", k), categorical({0.0, 1.0}));
        }
        return all;
    }

    /// The architecture of a trial, a record or a setting of that space.
    template <class Values>
    architecture of(Values&& values) const {
        index const depth = least < most ? index(values["depth"]) : most;
        architecture made;
        for (index k = 0; k < depth; ++k)
            made.layers.push_back({
                index(chosen(values, "width", k, widths)),
                index(chosen(values, "kernel", k, kernels)),
                activations.size() > 1 ? values.label(text("activation", k)) : activations.front(),
                skips && values[text("skip", k)] != 0,
                k < index(strides.size()) ? strides[std::size_t(k)] : 1,
            });
        return made;
    }

private:
    static void add(search::space& all, std::string_view name, index k, std::vector<double> const& levels) {
        expect(!levels.empty(), "architecture_space: ", name, "s: must not be empty");
        if (levels.size() > 1)
            all.add(text(name, k), {.kind = domain::type::ordered, .levels = levels});
    }
    template <class Values>
    static double chosen(Values& values, std::string_view name, index k, std::vector<double> const& levels) {
        return levels.size() > 1 ? values[text(name, k)] : levels.front();
    }
};

/// Any activation of an architecture.
using any_activation =
    nn::choice<nn::relu, nn::leaky_relu, nn::tanh_layer, nn::sigmoid_layer, nn::silu, nn::gelu>;

/// The activation of that name. Throws descent::error for another one.
inline any_activation activation_of(std::string_view name) {
    any_activation made;
    bool found = false;
    auto const one = [&](auto const& layer) {
        if (layer.name == name) {
            made.layer = layer;
            found = true;
        }
    };
    one(nn::relu{}), one(nn::leaky_relu{}), one(nn::tanh_layer{}), one(nn::sigmoid_layer{});
    one(nn::silu{}), one(nn::gelu{});
    expect(found, "architecture: activation '", name,
           "': must be relu, leaky_relu, tanh, sigmoid, silu or gelu");
    return made;
}

namespace detail {

/// The layers as a graph: op(layer) makes a node, project(layer) what brings its input to its shape. A layer
/// with a shortcut gives its own output and its input's sources, which whoever reads it adds up.
template <class Node, class Op, class Project>
nn::graph<Node> graph_of(architecture const& from, index inputs, Op const& op, Project const& project) {
    expect(!from.layers.empty(), "architecture: must have a layer");
    nn::graph<Node> graph;
    std::vector<index> sources{graph.entry};
    for (architecture_layer const& layer : from.layers) {
        std::vector<index> next{graph.add(op(layer), sources)};
        if (layer.skip && layer.width == inputs && layer.stride == 1)
            next.insert(next.end(), sources.begin(), sources.end());
        else if (layer.skip)
            next.push_back(graph.add(project(layer), sources));
        sources = std::move(next);
        inputs = layer.width;
    }
    if (sources.size() > 1)
        graph.add({nn::identity{}}, sources);
    return graph;
}

}  // namespace detail

using conv_block = nn::sequential<nn::conv2d, nn::batch_norm, any_activation>;
using conv_graph = nn::graph<nn::choice<conv_block, nn::conv2d, nn::identity>>;
using dense_block = nn::sequential<nn::dense, any_activation>;
using dense_graph = nn::graph<nn::choice<dense_block, nn::dense, nn::identity>>;

/// The architecture for images [channels, height, width]: each layer a convolution that keeps the size (but for
/// its stride), batch_norm and activation; shortcuts by a 1 x 1 convolution where the width changes (He et al.,
/// 2016, option B); the mean of each channel; a dense layer. Throws descent::error for an even kernel and what
/// its layers refuse.
inline nn::sequential<conv_graph, nn::global_average_pool, nn::dense> conv_layers(architecture const& from,
                                                                                  index inputs, index outputs) {
    auto const block = [](architecture_layer const& layer) -> conv_graph::layer_type {
        expect(layer.kernel >= 1 && layer.kernel % 2 == 1, "architecture: kernel = ", layer.kernel,
               ": must be odd");
        return {conv_block{nn::conv2d{.channels = layer.width,
                                      .kernel = layer.kernel,
                                      .stride = layer.stride,
                                      .padding = layer.kernel / 2,
                                      .bias = false},
                           nn::batch_norm{}, activation_of(layer.activation)}};
    };
    auto const project = [](architecture_layer const& layer) -> conv_graph::layer_type {
        return {nn::conv2d{.channels = layer.width, .kernel = 1, .stride = layer.stride, .bias = false}};
    };
    return {detail::graph_of<conv_graph::layer_type>(from, inputs, block, project), nn::global_average_pool{},
            nn::dense{outputs}};
}

/// The architecture for vectors: dense layers with activations, shortcuts by a dense layer without bias where
/// the width changes, and a dense layer at the end. Kernels and strides do not count.
inline nn::sequential<dense_graph, nn::dense> dense_layers(architecture const& from, index inputs,
                                                           index outputs) {
    auto const block = [](architecture_layer const& layer) -> dense_graph::layer_type {
        return {dense_block{nn::dense{layer.width}, activation_of(layer.activation)}};
    };
    auto const project = [](architecture_layer const& layer) -> dense_graph::layer_type {
        return {nn::dense{.outputs = layer.width, .bias = false}};
    };
    architecture flat = from;
    for (architecture_layer& layer : flat.layers)
        layer.stride = 1;
    return {detail::graph_of<dense_graph::layer_type>(flat, inputs, block, project), nn::dense{outputs}};
}

}  // namespace descent::search
