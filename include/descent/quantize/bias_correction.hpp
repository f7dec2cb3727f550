// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include <descent/core/error.hpp>
#include <descent/core/tensor.hpp>
#include <descent/exec/serial.hpp>
#include <descent/quantize/channel_moments.hpp>
#include <descent/quantize/layer_pairs.hpp>

namespace descent::quantize {

/// What was taken from a layer's bias: the mean error of each output channel.
struct corrected_bias {
    std::string layer;
    std::vector<double> error;
};

/// Takes from each bias of dense, conv1d and conv2d the mean error that rounding made of the layer's outputs,
/// over the rows (Nagel et al.: "Data-free quantization through weight equalization and bias correction", 2019,
/// the empirical form): one layer after another, each seeing those before corrected. `rounded` has weights that
/// were rounded, and maybe activation layers that round; `exact` is the network before, with layers of the same
/// names. Costs a forward pass of the rows for each layer.
///
///     auto small = net;
///     ... small's weights to codes, quantize::calibrate(small, some) ...
///     quantize::correct_bias(small, net, some, exec::openmp{});
///
/// Right means are not all: where so few bits are left that much of the signal is lost, this may harm (of the
/// ResNet-20's 2000 test images 1790 become 1817 in 4 bits, but 1402 become 728 in 3), so measure.
///
/// Layers without a bias stay as they are. Throws descent::error, before any change, for no rows, where a layer
/// is missing from `exact` or has other channels there, where a mean is not finite, and where no layer has a
/// bias.
template <class Network, class Exact, class Executor = exec::serial>
std::vector<corrected_bias> correct_bias(Network& rounded, Exact const& exact,
                                         matrix<typename Network::scalar> const& rows,
                                         Executor const& executor = {}) {
    using T = typename Network::scalar;
    expect(rows.rows() > 0, "correct_bias: there are no rows");
    auto const wanted = channel_moments(exact, rows, executor);
    auto const first = channel_moments(rounded, rows, executor);
    auto const wanted_of = [&](std::string const& layer) -> std::vector<double> const& {
        for (moments_of_layer const& each : wanted)
            if (each.layer == layer)
                return each.means;
        fail("correct_bias: the exact network has no layer '", layer, "'");
    };
    std::vector<corrected_bias> told;
    for (moments_of_layer const& each : first) {
        if (!rounded.params().find(detail::tensor_of(each.layer, "bias")))
            continue;
        auto const channels = wanted_of(each.layer).size();
        expect(channels == each.means.size(), "correct_bias: '", each.layer, "' gives ", each.means.size(),
               " channels, the exact network's ", channels);
        for (std::size_t c = 0; c < channels; ++c)
            expect(std::isfinite(each.means[c] - wanted_of(each.layer)[c]), "correct_bias: '", each.layer,
                   "': channel ", c, " gives ", each.means[c], " on average, the exact network's ",
                   wanted_of(each.layer)[c], ": must be finite");
        told.push_back({each.layer, {}});
    }
    expect(!told.empty(), "correct_bias: no layer has a bias");
    for (corrected_bias& each : told) {
        auto const& want = wanted_of(each.layer);
        auto const now = channel_moments(rounded, rows, executor,
                                         [&](std::string const& name) { return name == each.layer; })
                             .front()
                             .means;
        auto const bias = rounded.params()[detail::tensor_of(each.layer, "bias")];
        for (std::size_t c = 0; c < now.size(); ++c) {
            each.error.push_back(now[c] - want[c]);
            bias.data[c] = T(double(bias.data[c]) - each.error.back());
        }
    }
    return told;
}

/// The mean of a normal number that is cut to [low, high], relu's input for [0, inf): what a channel gives
/// whose batch norm has the shift `mean` and the scale `deviation` (the same paper, from the moments of the
/// truncated normal). Throws descent::error for a deviation < 0 and for low > high.
inline double clipped_normal_mean(double mean, double deviation, double low = 0,
                                  double high = std::numeric_limits<double>::infinity()) {
    expect(deviation >= 0, "clipped_normal_mean: deviation = ", deviation, ": must be >= 0");
    expect(low <= high, "clipped_normal_mean: low = ", low, ": must be <= high = ", high);
    if (deviation == 0)
        return mean < low ? low : mean > high ? high : mean;
    auto const density = [](double z) { return std::exp(-z * z / 2) * 0.3989422804014327; };
    auto const below = [](double z) { return std::erfc(-z * 0.7071067811865476) / 2; };
    double const a = (low - mean) / deviation, b = (high - mean) / deviation;
    // From the tail that is nearer: the difference of two shares near 1 would be their rounding.
    double const inside = a > 0 ? below(-a) - below(-b) : below(b) - below(a);
    double sum = deviation * (density(a) - density(b)) + mean * inside;
    // Infinite ends weigh nothing.
    if (std::isfinite(low))
        sum += low * below(a);
    if (std::isfinite(high))
        sum += high * below(-b);
    return sum;
}

/// Takes from a layer's bias the error that rounding its weights makes on average of inputs with these means,
/// one a channel: bias -= (rounded - exact) means. Without data where the means come from batch norms through
/// clipped_normal_mean; of a convolution that pads, borders have other means. Returns the errors. Throws
/// descent::error, and changes nothing, where the extents do not fit and for errors that are not finite.
template <class T, class U, class V>
std::vector<double> correct_bias(tensor_view<T> const& bias, tensor_view<U> const& exact,
                                 tensor_view<V> const& rounded, std::vector<double> const& input_means) {
    auto const at = detail::columns_of(index(input_means.size()), exact.extents);
    expect(at.channels > 0 && exact.extents == rounded.extents && bias.size() == at.rows,
           "correct_bias: exact weight ", exact.extents.text(), ", rounded ", rounded.extents.text(), ", bias ",
           bias.extents.text(), ", ", input_means.size(), " means");
    std::vector<double> errors;
    for (index r = 0; r < at.rows; ++r) {
        double error = 0;
        for (index j = 0; j < at.columns; ++j)
            error += (double(rounded.data[r * at.columns + j]) - double(exact.data[r * at.columns + j])) *
                     input_means[std::size_t(at.channel(r, j))];
        expect(std::isfinite(error), "correct_bias: the error of output ", r, " is ", error,
               ": must be finite");
        errors.push_back(error);
    }
    for (index r = 0; r < at.rows; ++r)
        bias.data[r] = T(double(bias.data[r]) - errors[std::size_t(r)]);
    return errors;
}

}  // namespace descent::quantize
