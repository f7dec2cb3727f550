// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <descent/core/error.hpp>
#include <descent/core/tensor.hpp>
#include <descent/exec/serial.hpp>
#include <descent/nn/extent2.hpp>
#include <descent/nn/layer.hpp>
#include <descent/nn/watch.hpp>
#include <descent/quantize/adaround.hpp>
#include <descent/quantize/layer_pairs.hpp>
#include <descent/quantize/packed.hpp>

namespace descent::quantize {

namespace detail {

/// How a convolution reads images; of a sequence, images of one row.
struct reading_window {
    std::string layer;
    nn::extent2 kernel, stride, padding, dilation;
    index groups = 1;
};

/// The convolutions in a description of layers.
template <class L>
void find_windows(L const& layer, std::string const& name, std::vector<reading_window>& found) {
    constexpr std::string_view kind = L::name;
    auto const child = [&](auto const& each, std::string const& own) {
        find_windows(each, name.empty() || own.empty() ? name + own : text(name, '.', own), found);
    };
    auto const children = [&](auto const& all) {
        std::apply(
            [&](auto const&... each) {
                std::size_t number = 0;
                (child(each, nn::child_name(each, number++)), ...);
            },
            all);
    };
    auto const part = [&](auto const& each, char const* usual) {
        if constexpr (requires { each.label; })
            child(each, std::string(each.label));
        else
            child(each, usual);
    };
    if constexpr (requires { layer.label; }) {
        find_windows(layer.layer, name, found);
    } else if constexpr (kind == "sequential") {
        children(layer.layers);
    } else if constexpr (kind == "parallel") {
        children(layer.branches);
    } else if constexpr (kind == "residual") {
        part(layer.body, "body");
        part(layer.shortcut, "shortcut");
    } else if constexpr (kind == "conv2d") {
        found.push_back({name, layer.kernel, layer.stride, layer.padding, layer.dilation, layer.groups});
    } else if constexpr (kind == "conv1d") {
        found.push_back({name,
                         {1, layer.kernel},
                         {1, layer.stride},
                         {0, layer.padding},
                         {1, layer.dilation},
                         layer.groups});
    }
}

/// A layer whose weights are rounded: what it reads and gives, of some of its places.
struct rounded_layer {
    nn::bound_place place;
    reading_window window = {};
    bool dense = true, relu = false;  ///< relu: nothing but relu reads it
    index rows = 0, columns = 0;      ///< of one group's weights
    index places = 1, every = 1;      ///< of all places of all samples each `every`-th is taken

    index groups() const { return window.groups; }

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

/// The layers in the order in which they run. Throws descent::error for those that it cannot read.
template <class Network>
std::vector<rounded_layer> layers_to_round(Network const& net, index samples) {
    nn::builder<typename Network::scalar> plan;
    plan.inside("", net.layers(), net.input_shape());
    auto const& places = plan.places();
    std::vector<reading_window> windows;
    find_windows(net.layers(), "", windows);
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
            expect(found != windows.end(), "adaround: '", place.name, "' (", place.kind,
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
    expect(!all.empty(), "adaround: the network has no dense, conv1d or conv2d");
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
///     auto const codes = quantize::adaround_layers(net, train.x.topRows(512), {.bits = 4}, {},
///     exec::openmp{}); quantize::save_packed(net, "net.dpk", codes);
///
/// Fold batch norms first (fold_batch_norm), so that they do not stand between a convolution and its relu.
/// Throws descent::error as adaround does, for no rows, for rows that are not finite, for a network without
/// such layers, for a convolution that stands in anything but sequential, residual and parallel, and for one of
/// groups that share a scale; then the network is as it was.
template <class Network, class Executor, class Progress>
std::vector<coded_tensor<typename Network::scalar>> adaround_layers(
    Network& net, matrix<typename Network::scalar> const& rows, affine_options const& options,
    adaround_options const& how, Executor const& executor, Progress const& progress) {
    using T = typename Network::scalar;
    how.check();
    options.format().check("adaround");
    expect(rows.rows() > 0, "adaround: there are no rows");
    for (index i = 0; i < rows.size(); ++i)
        expect(std::isfinite(rows.data()[i]), "adaround: row ", i / rows.cols(), ", column ", i % rows.cols(),
               " is ", rows.data()[i], ": must be finite");
    auto const layers = detail::layers_to_round(net, rows.rows());
    for (auto const& layer : layers)
        expect(layer.groups() == 1 || options.per != per::tensor, "adaround: '", layer.place.name, "' has ",
               layer.groups(), " groups: needs a scale per channel or group of weights");
    auto rounded = net;
    std::vector<coded_tensor<T>> coded;
    for (auto const& layer : layers) {
        std::string const name = detail::tensor_of(layer.place.name, "weight");
        auto const weight = rounded.params()[name];
        affine_tensor<T> codes;
        auto const samples = detail::samples_of(rounded, std::as_const(net), rows, layer, executor);
        shape const part{layer.rows, layer.columns};
        for (std::size_t g = 0; g < samples.size(); ++g) {
            tensor_view<T const> const own{weight.data + index(g) * part.size(), part};
            auto some = adaround(own, samples[g], options, how, executor);
            if (g == 0) {
                codes = std::move(some);
                continue;
            }
            codes.grids.insert(codes.grids.end(), some.grids.begin(), some.grids.end());
            codes.codes.insert(codes.codes.end(), some.codes.begin(), some.codes.end());
        }
        codes.extents = weight.extents;
        codes.copy_to(weight.data);
        coded.push_back({name, std::move(codes)});
        progress(index(coded.size()), index(layers.size()));
    }
    net.params() = std::move(rounded.params());
    return coded;
}

/// The same without calls of progress.
template <class Network, class Executor = exec::serial>
std::vector<coded_tensor<typename Network::scalar>> adaround_layers(
    Network& net, matrix<typename Network::scalar> const& rows, affine_options const& options = {},
    adaround_options const& how = {}, Executor const& executor = {}) {
    return adaround_layers(net, rows, options, how, executor, [](index, index) {});
}

}  // namespace descent::quantize
