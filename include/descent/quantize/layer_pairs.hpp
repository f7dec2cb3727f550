// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <descent/core/error.hpp>
#include <descent/core/params.hpp>
#include <descent/nn/builder.hpp>

namespace descent::quantize {

/// Two layers of which the second reads nothing but what the first makes, channel by channel, through functions
/// f with f(c x) = c f(x) for c > 0: the fronts of their tensors' names.
struct layer_pair {
    std::string first, second;
    bool relu = true;  ///< each function between is relu, a pooling or none: not leaky_relu
};

namespace detail {

/// "fc1" and "weight" as "fc1.weight".
inline std::string tensor_of(std::string const& layer, std::string_view tensor) {
    return text(layer, layer.empty() ? "" : ".", tensor);
}

/// Finds the pairs: channels run along the first axis of images and sequences of conv1d, along the last one of
/// sequences of dense.
class pair_finder {
public:
    explicit pair_finder(std::vector<nn::bound_place> const& places) : places_(places) {
        if (!places.empty())
            walk(0, {});
    }
    std::vector<layer_pair> found;

private:
    struct stream {
        std::string from = {};  ///< the layer whose channels these are; empty: of none alone
        bool any = false, last_axis = false, relu = true;
    };

    stream walk(std::size_t at, stream in) {
        nn::bound_place const& place = places_[at];
        if (place.kind == "dense" || place.kind == "conv1d" || place.kind == "conv2d") {
            bool const last = place.kind == "dense" && place.input.rank() == 2;
            if (in.any && in.last_axis == last)
                found.push_back({in.from, place.name, in.relu});
            return {place.name, true, last, true};
        }
        bool const by_number = place.kind == "relu" || place.kind == "leaky_relu" || place.kind == "dropout" ||
                               place.kind == "identity" || place.kind == "activation";
        bool const by_channel = place.kind == "max_pool" || place.kind == "average_pool" ||
                                place.kind == "global_max_pool" || place.kind == "global_average_pool" ||
                                place.kind == "flatten";
        if (by_number || (by_channel && !in.last_axis)) {
            in.relu = in.relu && place.kind != "leaky_relu";
            return in;
        }
        bool const row = place.kind == "sequential";
        for (std::size_t child = at + 1; child < places_.size(); ++child)
            if (places_[child].parent == int(at)) {
                stream const out = walk(child, row ? in : stream{});
                in = row ? out : stream{};
            }
        return row ? in : stream{};
    }

    std::vector<nn::bound_place> const& places_;
};

/// Where a pair's channels lie in the weights of its second layer.
struct channel_columns {
    index channels = 0, rows = 0, columns = 0;  ///< of the first layer's outputs; of the second's weight
    index places = 1;                           ///< columns in turn of one channel
    index groups = 1;

    /// The channel that column j of row r reads.
    index channel(index r, index j) const { return r / (rows / groups) * (channels / groups) + j / places; }
};

/// How a weight reads so many channels; channels = 0 where it does not.
inline channel_columns columns_of(index channels, shape const& weight) {
    if (channels < 1 || weight.rank() < 2 || weight.size() == 0)
        return {};
    channel_columns c{channels, weight[0], weight.size() / weight[0]};
    index const read = weight.rank() == 2 ? channels : weight[1];
    c.groups = channels / read;
    c.places = c.columns / read;
    bool const fits = channels % read == 0 && c.columns % read == 0 && c.rows % c.groups == 0;
    return fits ? c : channel_columns{};
}
/// The same of a pair; throws descent::error where it does not, and where both are one layer.
inline channel_columns columns_of(std::string_view who, layer_pair const& pair, shape const& first,
                                  shape const& second) {
    expect(pair.first != pair.second, who, ": layer '", pair.first, "' is named twice: must be two layers");
    auto const c = columns_of(first.rank() > 1 ? first[0] : 0, second);
    expect(c.channels > 0, who, ": '", tensor_of(pair.second, "weight"), "' ", second.text(),
           " does not read the channels of '", tensor_of(pair.first, "weight"), "' ", first.text());
    return c;
}

}  // namespace detail

/// The pairs of a network: dense, conv1d and conv2d one behind another in nn::sequential, with relu,
/// leaky_relu, pooling, flatten, dropout, identity or quantize::activation between, or nothing. Batch norms
/// separate them: fold_batch_norm first.
template <class Network>
std::vector<layer_pair> layer_pairs(Network const& net) {
    nn::builder<typename Network::scalar> plan;
    plan.inside("", net.layers(), net.input_shape());
    return detail::pair_finder(plan.places()).found;
}

}  // namespace descent::quantize
