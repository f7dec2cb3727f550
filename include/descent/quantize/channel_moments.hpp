// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include <descent/core/tensor.hpp>
#include <descent/exec/serial.hpp>
#include <descent/nn/watch.hpp>

namespace descent::quantize {

/// What a layer gives, channel by channel, over samples and places.
struct moments_of_layer {
    std::string layer;
    std::vector<double> means, deviations;
};

/// Mean and standard deviation of each output channel of the dense, conv1d and conv2d layers that `takes(name)`
/// says, over the rows; in the order in which they run.
template <class Network, class Executor, class Takes>
std::vector<moments_of_layer> channel_moments(Network const& net, matrix<typename Network::scalar> const& rows,
                                              Executor const& executor, Takes const& takes) {
    using T = typename Network::scalar;
    std::vector<moments_of_layer> told;
    std::vector<double> counts;
    auto const see = [&](nn::bound_place const& place, T const*, T const* y, index samples) {
        bool const dense = place.kind == "dense";
        if ((!dense && place.kind != "conv1d" && place.kind != "conv2d") || !takes(place.name))
            return;
        shape const& out = place.output;
        index const channels = out[dense ? out.rank() - 1 : 0], places = out.size() / channels;
        auto found = std::find_if(told.begin(), told.end(),
                                  [&](moments_of_layer const& each) { return each.layer == place.name; });
        if (found == told.end()) {
            told.push_back({place.name, std::vector<double>(std::size_t(channels)),
                            std::vector<double>(std::size_t(channels))});
            counts.push_back(0);
            found = told.end() - 1;
        }
        counts[std::size_t(found - told.begin())] += double(samples * places);
        for (index s = 0; s < samples; ++s)
            for (index i = 0; i < out.size(); ++i) {
                auto const c = std::size_t(dense ? i % channels : i / places);
                auto const x = double(y[s * out.size() + i]);
                found->means[c] += x, found->deviations[c] += x * x;
            }
    };
    nn::watch(net, rows, see, executor);
    for (std::size_t k = 0; k < told.size(); ++k)
        for (std::size_t c = 0; c < told[k].means.size(); ++c) {
            double const mean = told[k].means[c] / counts[k];
            told[k].means[c] = mean;
            told[k].deviations[c] = std::sqrt(std::max(0.0, told[k].deviations[c] / counts[k] - mean * mean));
        }
    return told;
}

/// The same of all such layers.
template <class Network, class Executor = exec::serial>
std::vector<moments_of_layer> channel_moments(Network const& net, matrix<typename Network::scalar> const& rows,
                                              Executor const& executor = {}) {
    return channel_moments(net, rows, executor, [](std::string const&) { return true; });
}

}  // namespace descent::quantize
