// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include <descent/core/error.hpp>
#include <descent/core/params.hpp>
#include <descent/exec/serial.hpp>
#include <descent/quantize/channel_moments.hpp>
#include <descent/quantize/layer_pairs.hpp>

namespace descent::quantize {

/// Settings of equalize.
struct equalize_options {
    int sweeps = 50;          ///< over all pairs, at most
    double tolerance = 1e-3;  ///< no more of them once all scales of a sweep are this near to 1
};

/// Brings the weights of two layers, one behind the other through relu, to the same ranges, channel by channel
/// (Nagel et al.: "Data-free quantization through weight equalization and bias correction", 2019):
///
///     s = sqrt(r1 r2) / r2,    W1' = W1 / s,    b1' = b1 / s,    W2' = W2 s
///
/// with r1 and r2 the largest |weight| that makes and that reads the channel, so that both become sqrt(r1 r2).
/// What the network computes stays the same to rounding, since relu(x / s) = relu(x) / s. Channels without
/// weights on one side keep theirs. Returns s. Throws descent::error where the second weight does not read the
/// first's outputs or is the first, and for weights that are not finite; then nothing is changed.
template <class T>
std::vector<double> equalize(params<T>& weights, layer_pair const& pair) {
    auto const w1 = weights[detail::tensor_of(pair.first, "weight")],
               w2 = weights[detail::tensor_of(pair.second, "weight")];
    auto const at = detail::columns_of("equalize", pair, w1.extents, w2.extents);
    auto const n = std::size_t(at.channels);
    std::vector<double> made(n), read(n), scales(n, 1);
    index const each = w1.size() / at.channels;
    for (index i = 0; i < w1.size(); ++i) {
        expect(std::isfinite(w1.data[i]), "equalize: '", detail::tensor_of(pair.first, "weight"), "' has ",
               w1.data[i], ": must be finite");
        made[std::size_t(i / each)] = std::max(made[std::size_t(i / each)], std::abs(double(w1.data[i])));
    }
    for (index i = 0; i < w2.size(); ++i) {
        expect(std::isfinite(w2.data[i]), "equalize: '", detail::tensor_of(pair.second, "weight"), "' has ",
               w2.data[i], ": must be finite");
        auto const c = std::size_t(at.channel(i / at.columns, i % at.columns));
        read[c] = std::max(read[c], std::abs(double(w2.data[i])));
    }
    for (std::size_t c = 0; c < n; ++c)
        if (made[c] > 0 && read[c] > 0)
            scales[c] = std::sqrt(made[c]) / std::sqrt(read[c]);
    for (index i = 0; i < w1.size(); ++i)
        w1.data[i] = T(double(w1.data[i]) / scales[std::size_t(i / each)]);
    if (weights.find(detail::tensor_of(pair.first, "bias"))) {
        auto const bias = weights[detail::tensor_of(pair.first, "bias")];
        for (std::size_t c = 0; c < n; ++c)
            bias.data[c] = T(double(bias.data[c]) / scales[c]);
    }
    for (index i = 0; i < w2.size(); ++i)
        w2.data[i] = T(double(w2.data[i]) * scales[std::size_t(at.channel(i / at.columns, i % at.columns))]);
    return scales;
}

/// What equalize did to a pair of layers.
struct equalized {
    layer_pair pair;
    std::vector<double> scales;  ///< channel by channel: outputs of the first layer are those before / scale
};

/// Equalizes all layer_pairs of a network, again and again until nothing moves. Then a single scale for a whole
/// tensor serves all its channels, and activations behind the layers too.
///
///     quantize::fold_batch_norm(...);
///     quantize::equalize(net);
///     quantize::calibrate(net, train.x.topRows(512));
///
/// Returns the products of the scales. Throws descent::error for options out of range, where the network has no
/// such pair, where activation layers are calibrated already, whose ranges would be wrong, and for weights that
/// are not finite; then nothing is changed.
template <class Network>
std::vector<equalized> equalize(Network& net, equalize_options const& options = {}) {
    expect(options.sweeps >= 1, "equalize: sweeps = ", options.sweeps, ": must be >= 1");
    expect(options.tolerance >= 0, "equalize: tolerance = ", options.tolerance, ": must be >= 0");
    auto const pairs = layer_pairs(net);
    expect(!pairs.empty(), "equalize: the network has no two layers, one behind the other, with relu between");
    for (auto const& entry : net.state().entries())
        if (entry.name == "scale" || entry.name.ends_with(".scale"))
            expect(net.state().data()[entry.offset] == 0, "equalize: '", entry.name,
                   "' is calibrated: must come before");
    auto weights = net.params();
    std::vector<equalized> told;
    for (layer_pair const& pair : pairs)
        told.push_back({pair, {}});
    double away = 0;
    for (int sweep = 0; sweep == 0 || (sweep < options.sweeps && away > options.tolerance); ++sweep) {
        away = 0;
        for (equalized& each : told) {
            auto const scales = equalize(weights, each.pair);
            each.scales.resize(scales.size(), 1);
            for (std::size_t c = 0; c < scales.size(); ++c) {
                each.scales[c] *= scales[c];
                away = std::max(away, std::abs(std::log(scales[c])));
            }
        }
    }
    net.params() = std::move(weights);
    return told;
}

/// Moves a part of what a layer gives, which relu lets pass nearly always, into the next layer's bias (the same
/// paper, "absorbing high biases"): b1' = b1 - c, b2' = b2 + W2 c with c = max(0, mean - sigmas deviation) of
/// each channel in front of relu, so that activations need a smaller range. What the network computes changes
/// only where a channel falls below its c, and at the borders of a second convolution that pads. Returns c.
/// Throws descent::error as equalize does, where a bias is missing, unless there is a finite mean and deviation
/// for each channel, and for a pair that is not through relu; then nothing is changed.
template <class T>
std::vector<double> absorb_high_bias(params<T>& weights, layer_pair const& pair,
                                     std::vector<double> const& means, std::vector<double> const& deviations,
                                     double sigmas = 3) {
    auto const w2 = weights[detail::tensor_of(pair.second, "weight")];
    auto const at = detail::columns_of("absorb_high_bias", pair,
                                       weights[detail::tensor_of(pair.first, "weight")].extents, w2.extents);
    auto const b1 = weights[detail::tensor_of(pair.first, "bias")],
               b2 = weights[detail::tensor_of(pair.second, "bias")];
    auto const n = std::size_t(at.channels);
    expect(means.size() == n && deviations.size() == n, "absorb_high_bias: ", means.size(), " means and ",
           deviations.size(), " deviations for ", n, " channels of '", pair.first, "'");
    expect(pair.relu, "absorb_high_bias: between '", pair.first, "' and '", pair.second, "' is more than relu");
    expect(sigmas >= 0, "absorb_high_bias: sigmas = ", sigmas, ": must be >= 0");
    std::vector<double> moved(n);
    for (std::size_t c = 0; c < n; ++c) {
        expect(std::isfinite(means[c]) && std::isfinite(deviations[c]), "absorb_high_bias: '", pair.first,
               "': mean ", c, " = ", means[c], ", deviation ", deviations[c], ": must be finite");
        moved[c] = std::max(0.0, means[c] - sigmas * deviations[c]);
    }
    for (std::size_t c = 0; c < n; ++c)
        b1.data[c] = T(double(b1.data[c]) - moved[c]);
    for (index r = 0; r < at.rows; ++r) {
        double sum = double(b2.data[r]);
        for (index j = 0; j < at.columns; ++j)
            sum += double(w2.data[r * at.columns + j]) * moved[std::size_t(at.channel(r, j))];
        b2.data[r] = T(sum);
    }
    return moved;
}

/// The same for all layer_pairs through relu whose layers have biases, from what the channels are over the
/// rows. Returns how many channels were moved. Throws descent::error, and changes nothing, for no rows, and
/// where the rows or the network give numbers that are not finite.
template <class Network, class Executor = exec::serial>
index absorb_high_bias(Network& net, matrix<typename Network::scalar> const& rows, double sigmas = 3,
                       Executor const& executor = {}) {
    expect(rows.rows() > 0, "absorb_high_bias: there are no rows");
    auto const seen = channel_moments(net, rows, executor);
    auto weights = net.params();
    index moved = 0;
    for (layer_pair const& pair : layer_pairs(net)) {
        bool const biased = weights.find(detail::tensor_of(pair.first, "bias")) &&
                            weights.find(detail::tensor_of(pair.second, "bias"));
        for (moments_of_layer const& each : seen)
            if (biased && pair.relu && each.layer == pair.first)
                for (double const c : absorb_high_bias(weights, pair, each.means, each.deviations, sigmas))
                    moved += c > 0;
    }
    net.params() = weights;
    return moved;
}

}  // namespace descent::quantize
