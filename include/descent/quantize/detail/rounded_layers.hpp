// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <descent/core/error.hpp>
#include <descent/core/tensor.hpp>
#include <descent/nn/extent2.hpp>
#include <descent/nn/layer.hpp>
#include <descent/nn/watch.hpp>
#include <descent/quantize/affine.hpp>
#include <descent/quantize/detail/each_layer.hpp>
#include <descent/quantize/error_feedback.hpp>
#include <descent/quantize/layer_pairs.hpp>
#include <descent/quantize/packed.hpp>

namespace descent::quantize::detail {

/// How a convolution reads images; of a sequence, images of one row.
struct reading_window {
    std::string layer;
    nn::extent2 kernel, stride, padding, dilation;
    index groups = 1;
};

/// A layer whose weights are rounded: what it reads and gives, of some of its places.
struct rounded_layer {
    nn::bound_place place;
    reading_window window = {};
    bool dense = true, relu = false;  ///< relu: nothing but relu reads it
    index rows = 0, columns = 0;      ///< of one group's weights
    index places = 1, every = 1;      ///< of all places of all samples each `every`-th is taken

    index groups() const { return window.groups; }

    shape part() const { return {rows, columns}; }
    /// A group's weights in the network.
    template <class Network>
    auto weight(Network const& net, index group) const {
        using T = typename Network::scalar;
        T const* const all = net.params()[tensor_of(place.name, "weight")].data;
        return tensor_view<T const>{all + group * rows * columns, part()};
    }

    /// Inputs of one place of a group, in the order of the weight's columns.
    template <class T>
    void read(T const* x, index at, index group, T* to) const {
        if (dense) {
            std::copy_n(x + at * columns, columns, to);
            return;
        }
        bool const flat = place.input.rank() == 2;
        index const height = flat ? 1 : place.input[1], width = place.input[flat ? 1 : 2],
                    across = place.output[flat ? 1 : 2], channels = place.input[0] / groups();
        index const top = at / across * window.stride.height - window.padding.height,
                    left = at % across * window.stride.width - window.padding.width;
        for (index c = group * channels; c < (group + 1) * channels; ++c)
            for (index k = 0; k < window.kernel.height; ++k)
                for (index j = 0; j < window.kernel.width; ++j) {
                    index const row = top + k * window.dilation.height,
                                column = left + j * window.dilation.width;
                    bool const inside = row >= 0 && row < height && column >= 0 && column < width;
                    *to++ = inside ? x[(c * height + row) * width + column] : T(0);
                }
    }
    /// Output r of a group at one place.
    template <class T>
    T given(T const* y, index at, index group, index r) const {
        index const output = group * rows + r;
        return dense ? y[at * rows + output] : y[output * places + at];
    }
};

/// The layers in the order in which they run. Throws descent::error, naming `who`, for those that it cannot
/// read.
template <class Network>
std::vector<rounded_layer> layers_to_round(std::string_view who, Network const& net, index samples) {
    nn::builder<typename Network::scalar> plan;
    plan.inside("", net.layers(), net.input_shape());
    auto const& places = plan.places();
    std::vector<reading_window> windows;
    each_layer(net.layers(), "", [&](auto const& layer, std::string const& name) {
        using L = std::remove_cvref_t<decltype(layer)>;
        if constexpr (L::name == std::string_view("conv2d"))
            windows.push_back({name, layer.kernel, layer.stride, layer.padding, layer.dilation, layer.groups});
        else if constexpr (L::name == std::string_view("conv1d"))
            windows.push_back({name,
                               {1, layer.kernel},
                               {1, layer.stride},
                               {0, layer.padding},
                               {1, layer.dilation},
                               layer.groups});
    });
    std::vector<rounded_layer> all;
    for (std::size_t i = 0; i < places.size(); ++i) {
        rounded_layer each{places[i]};
        auto const& place = each.place;
        each.dense = place.kind == "dense";
        if (!each.dense && place.kind != "conv1d" && place.kind != "conv2d")
            continue;
        if (!each.dense) {
            auto const found = std::find_if(windows.begin(), windows.end(),
                                            [&](auto const& window) { return window.layer == place.name; });
            expect(found != windows.end(), who, ": '", place.name, "' (", place.kind,
                   "): convolutions must stand in sequential, residual or parallel");
            each.window = *found;
        }
        shape const& out = place.output;
        shape const& weight = net.params().at(tensor_of(place.name, "weight")).extents;
        each.rows = weight[0] / each.groups(), each.columns = weight.size() / weight[0];
        each.places = out.size() / weight[0];
        auto const next = std::find_if(places.begin() + std::ptrdiff_t(i) + 1, places.end(),
                                       [&](auto const& other) { return other.parent == place.parent; });
        each.relu = place.parent >= 0 && places[std::size_t(place.parent)].kind == "sequential" &&
                    next != places.end() && next->kind == "relu";
        // Few enough numbers for the memory; other places of each next sample.
        constexpr index most_samples = 1 << 14, most_numbers = 1 << 24;
        index const most = std::clamp<index>(most_numbers / (each.columns * each.groups()), 256, most_samples);
        each.every = std::max<index>(1, samples * each.places / most);
        while (std::gcd(each.every, each.places) > 1)
            ++each.every;
        all.push_back(std::move(each));
    }
    expect(!all.empty(), who, ": the network has no dense, conv1d or conv2d");
    return all;
}

/// Calls f(x, y, at, row) for the places of the layer that are taken.
template <class Network, class Executor, class F>
void each_sample(Network const& net, matrix<typename Network::scalar> const& rows, rounded_layer const& layer,
                 Executor const& executor, F const& f) {
    index number = 0;
    auto const see = [&](nn::bound_place const& place, auto const* x, auto const* y, index samples) {
        if (place.name != layer.place.name || place.kind != layer.place.kind)
            return;
        for (index s = 0; s < samples; ++s)
            for (index at = 0; at < layer.places; ++at, ++number)
                if (number % layer.every == 0)
                    f(x + s * place.input.size(), y + s * place.output.size(), at, number / layer.every);
    };
    nn::watch(net, rows, see, executor);
}

/// The moments of what the layer reads: one a group.
template <class Network, class Executor>
std::vector<input_moments> moments_of(Network const& net, matrix<typename Network::scalar> const& rows,
                                      rounded_layer const& layer, Executor const& executor) {
    using T = typename Network::scalar;
    std::vector<input_moments> told(std::size_t(layer.groups()), input_moments(layer.columns));
    std::vector<T> input(std::size_t(layer.columns));
    each_sample(net, rows, layer, executor, [&](T const* x, T const*, index at, index) {
        for (std::size_t g = 0; g < told.size(); ++g) {
            layer.read(x, at, index(g), input.data());
            told[g].add(input.data());
        }
    });
    return told;
}

/// Throws descent::error, naming `who`, for no rows and for those that are not finite.
template <class T>
void expect_rows(std::string_view who, matrix<T> const& rows) {
    expect(rows.rows() > 0, who, ": there are no rows");
    for (index i = 0; i < rows.size(); ++i)
        expect(std::isfinite(rows.data()[i]), who, ": row ", i / rows.cols(), ", column ", i % rows.cols(),
               " is ", rows.data()[i], ": must be finite");
}

/// Rounds one layer after another: round(now, layer) gives the codes of each group, where `now` is the network
/// whose layers in front are rounded. What it throws leaves the network as it was.
template <class Network, class Progress, class Round>
std::vector<coded_tensor<typename Network::scalar>> round_layers(std::string_view who, Network& net,
                                                                 matrix<typename Network::scalar> const& rows,
                                                                 affine_options const& options,
                                                                 Progress const& progress, Round const& round) {
    using T = typename Network::scalar;
    options.format().check(who);
    expect_rows(who, rows);
    auto const layers = layers_to_round(who, net, rows.rows());
    for (auto const& layer : layers)
        expect(layer.groups() == 1 || options.per != per::tensor, who, ": '", layer.place.name, "' has ",
               layer.groups(), " groups: needs a scale per channel or group of weights");
    auto rounded = net;
    std::vector<coded_tensor<T>> coded;
    for (auto const& layer : layers) {
        std::string const name = tensor_of(layer.place.name, "weight");
        auto parts = round(std::as_const(rounded), layer);
        affine_tensor<T> codes = std::move(parts.at(0));
        for (std::size_t g = 1; g < parts.size(); ++g) {
            codes.grids.insert(codes.grids.end(), parts[g].grids.begin(), parts[g].grids.end());
            codes.codes.insert(codes.codes.end(), parts[g].codes.begin(), parts[g].codes.end());
        }
        auto const weight = rounded.params()[name];
        codes.extents = weight.extents;
        codes.copy_to(weight.data);
        coded.push_back({name, std::move(codes)});
        progress(index(coded.size()), index(layers.size()));
    }
    net.params() = std::move(rounded.params());
    return coded;
}

}  // namespace descent::quantize::detail
