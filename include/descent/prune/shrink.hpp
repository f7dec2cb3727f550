// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <descent/core/params.hpp>
#include <descent/nn/layer.hpp>
#include <descent/nn/network.hpp>
#include <descent/prune/detail/structure.hpp>

namespace descent::prune {

namespace detail {

/// What stays of the two first axes of each tensor.
struct kept_axes {
    std::string name;
    std::vector<index> axis[2];
};

/// All of them but for the dead channels; one stays where all are dead.
template <class T>
std::vector<kept_axes> kept_of(params<T> const& all, bool state, structure<T> const& graph) {
    std::size_t const count = all.entries().size();
    std::vector<std::vector<bool>> gone(2 * count);
    auto const extent = [&](std::size_t t, int axis) {
        shape const& extents = all.entries()[t].extents;
        return extents.rank() > axis ? extents[axis] : 1;
    };
    for (std::size_t t = 0; t < count; ++t)
        for (int axis = 0; axis < 2; ++axis)
            gone[2 * t + std::size_t(axis)].assign(std::size_t(extent(t, axis)), false);
    for (std::size_t c = 0; c < graph.channels(); ++c)
        if (graph.goes(c))
            for (slice const& s : graph.slices(c))
                if (s.state == state)
                    gone[2 * s.tensor + std::size_t(s.axis)][std::size_t(s.at)] = true;
    std::vector<kept_axes> kept(count);
    for (std::size_t t = 0; t < count; ++t) {
        kept[t].name = all.entries()[t].name;
        for (std::size_t axis = 0; axis < 2; ++axis)
            for (std::size_t i = 0; i < gone[2 * t + axis].size(); ++i)
                if (!gone[2 * t + axis][i])
                    kept[t].axis[axis].push_back(index(i));
    }
    return kept;
}

/// Calls f(to, from) for each number of a tensor that stays.
template <class F>
void each_kept(kept_axes const& kept, shape const& extents, F const& f) {
    index const columns = extents.rank() > 1 ? extents[1] : 1;
    index const plane = extents.rank() > 0 ? extents[0] * columns : 1;
    index const places = plane > 0 ? extents.size() / plane : 0;
    index to = 0;
    for (index const r : kept.axis[0])
        for (index const c : kept.axis[1])
            for (index p = 0; p < places; ++p)
                f(to++, (r * columns + c) * places + p);
}

template <class T>
void copy_kept(params<T> const& from, std::vector<kept_axes> const& kept, params<T>& to) {
    for (std::size_t t = 0; t < kept.size(); ++t) {
        auto const& old = from.entries()[t];
        auto const& entry = to.at(old.name);
        std::vector<bool> mask(std::size_t(entry.size()), true);
        auto const before = from.mask(old.name);
        each_kept(kept[t], old.extents, [&](index i, index k) {
            to.data()[entry.offset + i] = from.data()[old.offset + k];
            mask[std::size_t(i)] = before[std::size_t(k)];
        });
        if (std::find(mask.begin(), mask.end(), false) != mask.end())
            to.set_mask(entry.name, mask);
    }
}

/// The description of a layer with as many outputs as stay; `front` is that of its tensors' names.
template <class L>
L resized(L layer, std::string const& front, std::vector<kept_axes> const& kept) {
    auto const left = [&](std::string_view name, int axis) {
        std::string const whole = text(front, name);
        for (kept_axes const& each : kept)
            if (each.name == whole)
                return index(each.axis[axis].size());
        return index(0);
    };
    auto const behind = [&](std::string_view name) { return name.empty() ? front : text(front, name, '.'); };
    auto const child = [&](auto const& each, std::string_view usual) {
        if constexpr (requires { each.label; })
            return resized(each, behind(each.label), kept);
        else
            return resized(each, behind(usual), kept);
    };
    constexpr std::string_view kind = L::name;
    if constexpr (requires { layer.label; }) {
        layer.layer = resized(layer.layer, front, kept);
    } else if constexpr (kind == "sequential" || kind == "parallel") {
        auto const each = [&]<std::size_t... I>(auto const& parts, std::index_sequence<I...>) {
            return L{child(std::get<I>(parts), std::to_string(I))...};
        };
        if constexpr (kind == "sequential")
            return each(layer.layers, std::make_index_sequence<std::tuple_size_v<decltype(layer.layers)>>{});
        else
            return each(layer.branches,
                        std::make_index_sequence<std::tuple_size_v<decltype(layer.branches)>>{});
    } else if constexpr (kind == "residual") {
        layer.body = child(layer.body, "body");
        layer.shortcut = child(layer.shortcut, "shortcut");
    } else if constexpr (kind == "dense") {
        layer.outputs = left("weight", 0);
    } else if constexpr (kind == "conv2d" || kind == "conv1d") {
        index const channels = left("weight", 0);
        if (layer.groups == layer.channels)
            layer.groups = channels;
        layer.channels = channels;
    } else if constexpr (kind == "embedding") {
        layer.width = left("weight", 1);
    } else if constexpr (kind == "lstm" || kind == "gru") {
        layer.units = left("weight_hh_l0", 1);
    }
    return layer;
}

}  // namespace detail

/// The same network without its dead channels: those whose numbers are 0 whatever the input, because all that
/// makes them is (masked or not), and those that nothing reads. Outputs in evaluation are the same but for the
/// order of sums, on fewer weights and in less time. Channels are followed through dense, conv1d, conv2d (also
/// by depth), batch_norm, embedding, learned_positions, lstm, gru, pools, flatten, residual and parallel, and
/// activations that leave 0 at 0; where another layer reads them, all stay, as do those of the network's
/// output. Masks, running means and the count of steps come along; the seed of dropout does not.
///
///     prune::channels(net, prune::magnitude{.sparsity = 0.5});
///     fit(net, train, chain(momentum{0.9}, rate{0.01}, keep_zeros{}), {.epochs = 3});
///     auto small = prune::shrink(net);
template <class T, class Layers, class Loss>
nn::network<T, Layers, Loss> shrink(nn::network<T, Layers, Loss> net) {
    for (;;) {
        auto const places = detail::places_of(net);
        detail::structure<T> graph(net.params(), net.state(), places);
        if (!graph.remove_dead())
            return net;
        auto const kept = detail::kept_of(net.params(), false, graph);
        nn::network<T, Layers, Loss> small(nn::input<T>(net.input_shape()),
                                           detail::resized(net.layers(), "", kept), net.sample_loss());
        detail::copy_kept(net.params(), kept, small.params());
        detail::copy_kept(net.state(), detail::kept_of(net.state(), true, graph), small.state());
        small.steps() = net.steps();
        net = std::move(small);  // channels that only the dead ones read are dead now
    }
}

}  // namespace descent::prune
