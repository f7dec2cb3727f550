// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include <descent/core/tensor.hpp>
#include <descent/exec/serial.hpp>
#include <descent/nn/builder.hpp>

namespace descent::nn {

namespace detail {

/// The layers that run, each within the one before: indices of bound places.
struct running_layers {
    std::vector<std::vector<std::size_t>> children;
    std::vector<std::size_t> path{0};

    explicit running_layers(std::vector<bound_place> const& places) : children(places.size()) {
        for (std::size_t i = 1; i < places.size(); ++i)
            children[std::size_t(places[i].parent)].push_back(i);
    }
};

/// An executor that containers show what passes. One type for all that may look on, so that the layers are
/// compiled for it once.
template <class Executor, class T>
struct watching : Executor {
    static constexpr bool watches_numbers = true;
    running_layers* running;
    std::vector<bound_place> const* places;
    void const* see;
    void (*call)(void const* see, bound_place const&, T const* x, T const* y, index samples);

    void enter(std::size_t child) const {
        running->path.push_back(running->children[running->path.back()][child]);
    }
    void leave() const { running->path.pop_back(); }
    void show(T const* x, T const* y, index samples) const {
        call(see, (*places)[running->path.back()], x, y, samples);
    }
};

}  // namespace detail

/// Runs the rows through the network in evaluation, up to 64 at a time, and shows what each layer reads and
/// gives: see(place, x, y, samples), where `place` is its bound_place (name, kind, shapes of one sample), x the
/// inputs, y the outputs, sample after sample. Layers are shown in the order in which they run, containers
/// behind their layers, each by itself: dense without the activation behind it. An activation that writes over
/// its input has x == y; layers that change no number (flatten, identity) do not run and are not shown.
///
///     nn::watch(net, train.x, [&](nn::bound_place const& layer, float const* x, float const* y, auto n) {
///         if (layer.name == "fc1") ...
///     });
///
/// Throws descent::error where the rows have another number of columns.
template <class Network, class See, class Executor = exec::serial>
void watch(Network const& net, matrix<typename Network::scalar> const& rows, See const& see,
           Executor const& executor = {}) {
    using T = typename Network::scalar;
    builder<T> plan;
    plan.inside("", net.layers(), net.input_shape());
    auto const& places = plan.places();
    detail::running_layers running(places);
    detail::watching<Executor, T> const watching{
        executor, &running, &places, &see,
        [](void const* who, bound_place const& place, T const* x, T const* y, index samples) {
            (*static_cast<See const*>(who))(place, x, y, samples);
        }};
    constexpr index at_once = 64;
    matrix<T> some, scores;
    for (index first = 0; first < rows.rows() || first == 0; first += at_once) {
        some = rows.middleRows(first, std::min(at_once, rows.rows() - first));
        net.scores(some, scores, watching);
        if (places.size() == 1 && some.rows() > 0)
            see(places[0], static_cast<T const*>(some.data()), static_cast<T const*>(scores.data()),
                some.rows());
    }
}

}  // namespace descent::nn
