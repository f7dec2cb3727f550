// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <descent/core/params.hpp>
#include <descent/nn/builder.hpp>

namespace descent::prune::detail {

/// One position along one axis of a tensor.
struct slice {
    bool state;          ///< of the tensors that are not trained
    std::size_t tensor;  ///< its number there
    int axis;
    index at;
    bool makes;  ///< it makes the channel's numbers, or reads them
};

/// Which numbers of a network are one and the same channel: the dependency graph that pruning of channels goes
/// by (Fang et al.: "DepGraph", 2023). Channels run from the layer that makes them through those that treat
/// each by itself to the layers that read them; a sum of two branches makes one of two channels. Where a layer
/// needs all channels, or is not known here, they are locked.
template <class T>
class structure {
public:
    structure(params<T> const& weights, params<T> const& state, std::vector<nn::bound_place> const& places)
        : weights_(weights), state_(state), places_(places) {
        lock(walk(0, locked()));
        for (std::size_t u = 0; u < parent_.size(); ++u)
            if (std::size_t const r = root(u); r != u)
                slices_[r].insert(slices_[r].end(), slices_[u].begin(), slices_[u].end());
    }

    std::size_t channels() const { return parent_.size(); }
    /// Is this number one that stands for a channel, which no layer holds fast?
    bool free(std::size_t channel) const { return parent_[channel] == channel && !locked_[channel]; }
    /// Free, and 0 or not read wherever it is read.
    bool dead(std::size_t channel) const { return free(channel) && !read_[channel]; }
    std::vector<slice> const& slices(std::size_t channel) const { return slices_[channel]; }

    /// Marks the dead channels to go, but for one where an axis of a tensor would be left without any. Are
    /// there any?
    bool remove_dead() {
        goes_.assign(channels(), false);
        for (std::size_t c = 0; c < channels(); ++c)
            goes_[c] = dead(c);
        for (int which = 0; which < 2; ++which)
            for (std::size_t t = 0; t < (which ? state_ : weights_).entries().size(); ++t)
                for (int axis = 0; axis < 2; ++axis)
                    keep_one(which == 1, t, axis);
        return std::find(goes_.begin(), goes_.end(), true) != goes_.end();
    }
    bool goes(std::size_t channel) const { return goes_[channel]; }

private:
    void keep_one(bool state, std::size_t tensor, int axis) {
        shape const& extents = (state ? state_ : weights_).entries()[tensor].extents;
        if (extents.rank() <= axis)
            return;
        std::vector<bool> gone(std::size_t(extents[axis]), false);
        std::size_t last = channels();
        for (std::size_t c = 0; c < channels(); ++c)
            for (slice const& s : slices_[c])
                if (goes_[c] && s.state == state && s.tensor == tensor && s.axis == axis) {
                    gone[std::size_t(s.at)] = true;
                    last = c;
                }
        if (last < channels() && std::find(gone.begin(), gone.end(), false) == gone.end())
            goes_[last] = false;
    }

    /// The channels that pass between two layers, along an axis of the numbers. No numbers: they are locked.
    struct wire {
        int axis;
        std::vector<std::size_t> channel;
        std::vector<bool> zero;  ///< are its numbers 0, whatever the input?
    };

    static wire locked() { return {0, {}, {}}; }

    wire walk(std::size_t i, wire in) {
        nn::bound_place const& place = places_[i];
        std::string_view const kind = place.kind;
        auto const is = [&](auto... names) { return ((kind == std::string_view(names)) || ...); };
        std::vector<std::size_t> children;
        for (std::size_t c = i + 1; c < places_.size(); ++c)
            if (places_[c].parent == int(i))
                children.push_back(c);
        if (is("sequential")) {
            for (std::size_t const child : children)
                in = walk(child, std::move(in));
            return in;
        }
        if (is("residual") && children.size() == 2) {
            wire const body = walk(children[0], in);
            return joined(body, walk(children[1], std::move(in)));
        }
        if (is("parallel"))
            return side_by_side(children, in);
        if (is("identity", "relu", "leaky_relu", "tanh", "silu", "gelu", "dropout", "drop_path"))
            return in;
        if (is("max_pool", "average_pool") && in.axis == 0)
            return in;
        if (is("global_average_pool", "global_max_pool") && in.axis == 0)
            return in;
        if (is("sequence_mean", "sequence_last", "sequence_max") && in.axis == 1) {
            in.axis = 0;
            return in;
        }
        if (is("flatten"))
            return flat(in, place.input);
        std::string const front = place.name.empty() ? "" : place.name + ".";
        if (is("dense") && in.axis == place.input.rank() - 1)
            return product(front, in, place.input.rank() - 1);
        if (is("dense")) {
            lock(in);
            return product(front, locked(), place.input.rank() - 1);
        }
        if (is("conv2d", "conv1d"))
            return convolution(front, in, place.input[0]);
        if (is("batch_norm") && in.axis == 0)
            return norm(front, std::move(in));
        if (is("embedding")) {
            lock(in);
            return table(front);
        }
        if (is("learned_positions") && in.axis == 1)
            return positions(front, std::move(in));
        if (is("lstm", "gru"))
            return recurrent(front, in, place.output.rank() - 1);
        lock(in);
        return locked();
    }

    wire flat(wire const& in, shape const& from) {
        wire out{0, {}, {}};
        if (in.channel.empty())
            return out;
        index const extent = index(in.channel.size()), size = from.size();
        for (index i = 0; i < size; ++i) {
            auto const c = std::size_t(in.axis == 0 ? i / (size / extent) : i % extent);
            out.channel.push_back(in.channel[c]);
            out.zero.push_back(in.zero[c]);
        }
        return out;
    }

    wire joined(wire const& a, wire const& b) {
        if (a.channel.size() != b.channel.size() || a.axis != b.axis || a.channel.empty()) {
            lock(a);
            lock(b);
            return locked();
        }
        wire both = a;
        for (std::size_t c = 0; c < a.channel.size(); ++c) {
            both.channel[c] = unite(a.channel[c], b.channel[c]);
            both.zero[c] = a.zero[c] && b.zero[c];
        }
        return both;
    }

    wire side_by_side(std::vector<std::size_t> const& children, wire const& in) {
        wire all{0, {}, {}};
        for (std::size_t const child : children) {
            wire part = walk(child, in);
            if (part.channel.empty() || part.axis != 0) {
                lock(part);
                part = locked();
                for (index c = 0; c < places_[child].output[0]; ++c) {
                    part.channel.push_back(fresh());
                    part.zero.push_back(false);
                    locked_[part.channel.back()] = true;
                }
            }
            all.channel.insert(all.channel.end(), part.channel.begin(), part.channel.end());
            all.zero.insert(all.zero.end(), part.zero.begin(), part.zero.end());
        }
        return all;
    }

    /// A dense layer.
    wire product(std::string const& front, wire const& in, int axis) {
        std::size_t const weight = number(front + "weight");
        read(weight, in);
        wire out = made(weight, 0, weights_.entries()[weight].extents[0], axis);
        add_bias(front + "bias", out);
        return out;
    }

    wire convolution(std::string const& front, wire in, index inputs) {
        std::size_t const weight = number(front + "weight");
        if (in.axis != 0) {
            lock(in);
            in = locked();
        }
        shape const extents = weights_.entries()[weight].extents;
        if (extents[1] == inputs) {
            read(weight, in);
            wire out = made(weight, 0, extents[0], 0);
            add_bias(front + "bias", out);
            return out;
        }
        if (extents[1] == 1 && extents[0] == inputs && !in.channel.empty()) {
            wire out = in;  // each channel by itself
            for (std::size_t c = 0; c < out.channel.size(); ++c) {
                slices_[out.channel[c]].push_back({false, weight, 0, index(c), true});
                out.zero[c] = out.zero[c] || all_zero(weight, 0, index(c));
            }
            add_bias(front + "bias", out);
            return out;
        }
        lock(in);
        return locked();
    }

    wire norm(std::string const& front, wire in) {
        std::size_t const weight = number(front + "weight"), bias = number(front + "bias");
        std::size_t const mean = number(front + "running_mean", true),
                          var = number(front + "running_var", true);
        for (std::size_t c = 0; c < in.channel.size(); ++c) {
            index const at = index(c);
            auto& own = slices_[in.channel[c]];
            own.push_back({false, weight, 0, at, true});
            own.push_back({false, bias, 0, at, true});
            own.push_back({true, mean, 0, at, false});
            own.push_back({true, var, 0, at, false});
            in.zero[c] = all_zero(weight, 0, at) && all_zero(bias, 0, at);
        }
        return in;
    }

    wire table(std::string const& front) {
        std::size_t const weight = number(front + "weight");
        return made(weight, 1, weights_.entries()[weight].extents[1], 1);
    }

    wire positions(std::string const& front, wire in) {
        std::size_t const weight = number(front + "weight");
        for (std::size_t c = 0; c < in.channel.size(); ++c) {
            slices_[in.channel[c]].push_back({false, weight, 1, index(c), true});
            in.zero[c] = in.zero[c] && all_zero(weight, 1, index(c));
        }
        return in;
    }

    /// lstm and gru: a unit whose rows of the third gate are 0 stays at 0. Both directions have as many units.
    wire recurrent(std::string const& front, wire const& in, int axis) {
        wire out{axis, {}, {}};
        wire one{axis, {}, {}};
        for (std::string const end : {"_l0", "_l0_reverse"}) {
            if (!weights_.find(text(front, "weight_hh", end)))
                continue;
            std::size_t const input = number(text(front, "weight_ih", end)),
                              hidden = number(text(front, "weight_hh", end)),
                              input_bias = number(text(front, "bias_ih", end)),
                              hidden_bias = number(text(front, "bias_hh", end));
            if (in.axis == 1)
                read(input, in);
            else
                lock(in);
            index const units = weights_.entries()[hidden].extents[1],
                        gates = weights_.entries()[hidden].extents[0] / units;
            for (index u = 0; u < units; ++u) {
                if (index(one.channel.size()) < units)
                    one.channel.push_back(fresh());
                std::size_t const channel = one.channel[std::size_t(u)];
                bool zero = true;
                for (std::size_t const tensor : {input, hidden, input_bias, hidden_bias}) {
                    for (index g = 0; g < gates; ++g)
                        slices_[channel].push_back({false, tensor, 0, g * units + u, true});
                    zero = zero && all_zero(tensor, 0, 2 * units + u);
                }
                slices_[channel].push_back({false, hidden, 1, u, false});
                if (!zero && !all_zero(hidden, 1, u))
                    read_[channel] = true;
                out.channel.push_back(channel);
                out.zero.push_back(zero);
            }
        }
        return out;
    }

    std::size_t fresh() {
        parent_.push_back(parent_.size());
        locked_.push_back(false);
        read_.push_back(false);
        slices_.emplace_back();
        return parent_.size() - 1;
    }
    std::size_t root(std::size_t channel) const {
        while (parent_[channel] != channel)
            channel = parent_[channel];
        return channel;
    }
    std::size_t unite(std::size_t a, std::size_t b) {
        a = root(a), b = root(b);
        parent_[b] = a;
        locked_[a] = locked_[a] || locked_[b];
        read_[a] = read_[a] || read_[b];
        return a;
    }
    void lock(wire const& what) {
        for (std::size_t const channel : what.channel)
            locked_[root(channel)] = true;
    }

    /// Fresh channels, one for each position of an axis of a tensor.
    wire made(std::size_t tensor, int tensor_axis, index count, int axis) {
        wire out{axis, {}, {}};
        for (index c = 0; c < count; ++c) {
            out.channel.push_back(fresh());
            slices_.back().push_back({false, tensor, tensor_axis, c, true});
            out.zero.push_back(all_zero(tensor, tensor_axis, c));
        }
        return out;
    }
    void add_bias(std::string const& name, wire& out) {
        if (!weights_.find(name))
            return;
        std::size_t const bias = number(name);
        for (std::size_t c = 0; c < out.channel.size(); ++c) {
            slices_[out.channel[c]].push_back({false, bias, 0, index(c), true});
            out.zero[c] = out.zero[c] && all_zero(bias, 0, index(c));
        }
    }
    /// Axis 1 of the tensor reads the channels.
    void read(std::size_t tensor, wire const& in) {
        for (std::size_t c = 0; c < in.channel.size(); ++c) {
            std::size_t const channel = root(in.channel[c]);
            slices_[channel].push_back({false, tensor, 1, index(c), false});
            if (!in.zero[c] && !all_zero(tensor, 1, index(c)))
                read_[channel] = true;
        }
    }

    bool all_zero(std::size_t tensor, int axis, index at) const {
        auto const& entry = weights_.entries()[tensor];
        index const rows = entry.extents[0], line = rows > 0 ? entry.size() / rows : 0;
        T const* const from = weights_.data() + entry.offset;
        if (axis == 0) {
            for (index i = at * line; i < (at + 1) * line; ++i)
                if (from[i] != T(0))
                    return false;
            return true;
        }
        index const places = line / entry.extents[1];
        for (index r = 0; r < rows; ++r)
            for (index p = 0; p < places; ++p)
                if (from[r * line + at * places + p] != T(0))
                    return false;
        return true;
    }
    std::size_t number(std::string const& name, bool state = false) const {
        auto const& all = state ? state_ : weights_;
        return std::size_t(&all.at(name) - all.entries().data());
    }

    params<T> const& weights_;
    params<T> const& state_;
    std::vector<nn::bound_place> const& places_;
    std::vector<std::size_t> parent_;  ///< channels that are one and the same have one root
    std::vector<bool> locked_, read_;  ///< of roots
    std::vector<std::vector<slice>> slices_;
    std::vector<bool> goes_;
};

/// The layers of a network, in the order in which they are bound.
template <class Network>
std::vector<nn::bound_place> places_of(Network const& net) {
    nn::builder<typename Network::scalar> plan;
    plan.inside("", net.layers(), net.input_shape());
    return plan.places();
}

}  // namespace descent::prune::detail
