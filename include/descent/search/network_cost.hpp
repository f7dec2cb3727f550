// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <chrono>
#include <vector>

#include <descent/core/error.hpp>
#include <descent/core/memory.hpp>
#include <descent/exec/serial.hpp>
#include <descent/nn/layer.hpp>

namespace descent::search {

/// What a network costs by its description; see cost_of.
struct network_cost {
    index parameters = 0;  ///< numbers that are trained
    index multiply_adds =
        0;  ///< of one sample's forward: dense layers, convolutions, recurrent layers, attention
};

/// Binds the layers to an input of this shape and counts; no weights are made, nothing runs. Of nn::candidates
/// all count: ask the architecture that is left with one of them. Throws descent::error for shapes that do not
/// fit.
///
///     search::cost_of(nn::sequential{nn::dense{32}, nn::relu{}, nn::dense{10}}, {64}).parameters == 2410
template <class T = float, class Layers>
network_cost cost_of(Layers const& layers, shape const& input) {
    nn::builder<T> plan;
    plan.inside("", layers, input);
    network_cost cost;
    for (nn::bound_place const& place : plan.places()) {
        cost.parameters += place.parameters;
        cost.multiply_adds += std::max<index>(place.multiply_adds, 0);
    }
    return cost;
}

/// The median time of the scores of one sample, in milliseconds, behind one call that is not measured. A
/// measurement: it differs from run to run, from machine to machine, and with what else the machine does, so
/// that a search under a limit of it cannot be repeated exactly. Throws descent::error for repeats < 1.
template <class Network, class Executor = exec::serial>
double latency_ms(Network const& net, int repeats = 15, Executor const& executor = {}) {
    expect(repeats >= 1, "latency_ms: repeats = ", repeats, ": must be >= 1");
    using T = typename Network::scalar;
    aligned_buffer<T> x(std::size_t(net.features())), z(std::size_t(net.outputs()));
    std::vector<double> times;
    for (int run = -1; run < repeats; ++run) {
        auto const begin = std::chrono::steady_clock::now();
        net.scores({x.data(), x.size()}, {z.data(), z.size()}, executor);
        std::chrono::duration<double, std::milli> const passed = std::chrono::steady_clock::now() - begin;
        if (run >= 0)
            times.push_back(passed.count());
    }
    auto const middle = times.begin() + std::ptrdiff_t(times.size() / 2);
    std::nth_element(times.begin(), middle, times.end());
    return *middle;
}

/// What a network may cost; 0: no limit.
struct budget {
    index parameters = 0;
    index multiply_adds = 0;
    double milliseconds = 0;  ///< as latency_ms

    /// As a condition of a space: space.require([=](search::setting const& s) { return
    /// limit.allows(search::cost_of(layers(s), input)); }). The milliseconds are not asked here.
    bool allows(network_cost const& cost) const {
        return (parameters <= 0 || cost.parameters <= parameters) &&
               (multiply_adds <= 0 || cost.multiply_adds <= multiply_adds);
    }
    /// For objectives: throws descent::error, and the trial has failed, where one prediction takes too long.
    template <class Network, class Executor = exec::serial>
    void expect_fast(Network const& net, Executor const& executor = {}) const {
        if (milliseconds <= 0)
            return;
        double const needed = latency_ms(net, 15, executor);
        expect(needed <= milliseconds, "budget: a prediction takes ", needed, " ms: must be <= ", milliseconds);
    }
};

}  // namespace descent::search
