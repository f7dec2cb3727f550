// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <descent/core/params.hpp>
#include <descent/exec/serial.hpp>
#include <descent/loss/concepts.hpp>
#include <descent/nn/activation.hpp>
#include <descent/nn/average_pool.hpp>
#include <descent/nn/batch_norm.hpp>
#include <descent/nn/conv2d.hpp>
#include <descent/nn/dense.hpp>
#include <descent/nn/drop_path.hpp>
#include <descent/nn/dropout.hpp>
#include <descent/nn/flatten.hpp>
#include <descent/nn/global_pool.hpp>
#include <descent/nn/max_pool.hpp>
#include <descent/nn/named.hpp>
#include <descent/nn/network.hpp>
#include <descent/nn/pad_channels.hpp>
#include <descent/nn/residual.hpp>
#include <descent/nn/sequential.hpp>
#include <descent/quantize/affine.hpp>
#include <descent/quantize/calibration.hpp>
#include <descent/quantize/error_feedback.hpp>
#include <descent/quantize/int8_network.hpp>

// Trained networks as networks in 8 bits. A layer takes part by an overload of
//
//     void int8_layer(L const&, int8_value& x, int8_conversion<T>& to)
//
// beside it, which makes of x, what the layer reads, what it gives.
namespace descent::quantize {

/// Settings of to_int8.
struct int8_options {
    calibration_options ranges = {.by = calibration::mse};  ///< of the numbers between layers
    fit_range weights = fit_range::min_max;                 ///< of each output channel's weights
    /// Are weights' codes chosen so that they make up for one another's errors, by what the rows give (see
    /// error_feedback.hpp)? Else each is the nearest. Takes seconds where sums have hundreds of products;
    /// larger ones than 2048, and windows that are not square, get the nearest.
    bool feedback = false;
    /// Are biases moved so that the mean of each channel is what it was in floats, over the first rows?
    bool correct_bias = true;
};

/// Numbers between two layers, what they are for the calibration rows, in floats: a tensor of the network, or
/// a sum, before its relu, to which a batch_norm, another tensor or relu may still come.
struct int8_value {
    shape extents;                           ///< of a sample
    matrix<float> numbers;                   ///< rows x features
    int tensor = -1;                         ///< -1: a sum
    int from = -1;                           ///< the tensor that the sum reads
    std::string layer = {};                  ///< whose sum it is, for messages
    int8_convolution sum = {};               ///< without codes and scales
    std::vector<float> weights = {};         ///< of the sum
    std::vector<input_moments> inputs = {};  ///< of the sum, one, or none

    bool open() const { return tensor < 0; }
};

namespace detail {

/// Stops the compiler, which names L.
template <class L>
struct no_8_bit_form_of {
    static_assert(
        !std::is_same_v<L, L>,
        "to_int8: this layer has no 8-bit form; conv2d (groups = 1), dense, batch_norm, relu, "
        "max_pool, average_pool, global_average_pool, global_max_pool, pad_channels, flatten, identity, "
        "dropout, drop_path, named, residual and sequential have one; for another write an "
        "int8_layer, see quantize/to_int8.hpp");
};

}  // namespace detail

/// What int8_layer gets: the tensors of the layer, and the network that is made.
template <class T>
class int8_conversion {
public:
    int8_conversion(params<T> const& weights, params<T> const& state, int8_value& input,
                    int8_options const& options)
        : weights_(&weights),
          state_(&state),
          options_(options),
          rows_(input.numbers.topRows(std::min<index>(input.numbers.rows(), correcting_rows))),
          made_(tensor_of(input, grid_of(input.numbers, options.ranges))) {
        input.tensor = 0;
    }

    /// The layer's tensor of that name, in floats; empty where there is none.
    std::vector<float> numbers(std::string_view name) const {
        std::string const full = text(prefix_, name);
        params<T> const& from = weights_->find(full) ? *weights_ : *state_;
        if (!from.find(full))
            return {};
        auto const& entry = from.at(full);
        std::vector<float> result(std::size_t(entry.size()));
        for (std::size_t i = 0; i < result.size(); ++i) {
            result[i] = float(from.data()[std::size_t(entry.offset) + i]);
            expect(std::isfinite(result[i]), "to_int8: ", full, ": number ", i, " is ", result[i],
                   ": must be finite");
        }
        return result;
    }

    /// A layer inside this one, whose tensors have that name before their own.
    template <class L>
    void inside(std::string_view name, L const& layer, int8_value& x) {
        constexpr bool known = requires { int8_layer(layer, x, *this); };
        if constexpr (!known)
            detail::no_8_bit_form_of<L>{};
        std::size_t const length = prefix_.size();
        if (!name.empty())
            prefix_ += text(name, '.');
        if constexpr (known)
            int8_layer(layer, x, *this);
        prefix_.resize(length);
    }

    /// "to_int8: layer1.0.bn1 (batch_norm)": for messages.
    std::string where(std::string_view kind) const {
        if (prefix_.empty())
            return text("to_int8: ", kind);
        return text("to_int8: ", std::string_view(prefix_).substr(0, prefix_.size() - 1), " (", kind, ")");
    }

    /// What the rows become in such a layer.
    template <class L>
    matrix<float> run(L const& layer, int8_value const& x) const {
        nn::network net{nn::input<float>{x.extents}, layer};
        for (auto const& entry : net.params().entries()) {
            std::vector<float> const given = numbers(entry.name);
            std::copy(given.begin(), given.end(), net.params().data() + entry.offset);
        }
        return net.scores(x.numbers);
    }

    /// The layer, whose weights are [outputs, ...], as a sum over windows of the tensor x.
    template <class L>
    void add_up(L const& layer, int8_convolution const& how, shape const& extents, int8_value& x) {
        std::vector<float> const gains = x.open() && x.sum.beside < 0 ? even_channels(x) : std::vector<float>();
        settle(x);
        look_at_inputs(how, x);
        scale_channels(x, gains, false);
        x.numbers = run(layer, x);
        x.layer = where(L::name);
        float const* const end = x.numbers.data() + x.numbers.size();
        float const* const odd = std::find_if(static_cast<float const*>(x.numbers.data()), end,
                                              [](float y) { return !std::isfinite(y); });
        if (odd != end) {
            index const at = odd - x.numbers.data();
            fail(x.layer, ": row ", at / x.numbers.cols(), ", number ", at % x.numbers.cols(), " is ", *odd,
                 " in floats, where the largest weight is ", largest(numbers("weight")), ": must be finite");
        }
        x.from = std::exchange(x.tensor, -1), x.extents = extents, x.sum = how;
        x.weights = numbers("weight");
        std::size_t const each = gains.empty() ? 0 : x.weights.size() / std::size_t(how.outputs) / gains.size();
        for (std::size_t i = 0; i < x.weights.size() && each > 0; ++i)
            x.weights[i] *= gains[i / each % gains.size()];
        expect_finite(x);
        x.sum.bias = numbers("bias");
        x.sum.bias.resize(std::size_t(how.outputs));
    }

    /// From here on the numbers are codes, on the grid that what the rows gave asks for.
    void settle(int8_value& x) {
        if (!x.open())
            return;
        round_weights(x);
        correct_bias(x, [&](int8_network& trial) {
            int8_convolution straight = x.sum;
            straight.relu = false;
            trial.scores(trial.convolve(x.from, straight, grid_of(x.numbers, {.by = calibration::min_max})));
        });
        if (x.sum.relu)
            x.numbers = x.numbers.cwiseMax(0.0f).eval();
        x.tensor = made_.convolve(x.from, x.sum, grid_of(x.numbers, options_.ranges));
    }

    /// Windows of a tensor; `numbers` are what the rows become.
    void pool(int8_value& x, int8_pool const& how, shape const& extents, matrix<float> numbers) {
        x.numbers = std::move(numbers), x.extents = extents;
        x.tensor = made_.pool(x.tensor, how, how.largest ? int8_grid{} : grid_of(x.numbers, options_.ranges));
    }

    int8_tensor const& tensor_of(int8_value const& x) const { return made_.tensor(x.tensor); }
    int8_network& network() { return made_; }

    /// What x gives are the scores.
    int8_network finish(int8_value& x) {
        bool const plain = x.open() && !x.sum.relu && x.sum.beside < 0 && x.extents.size() == x.sum.outputs;
        if (plain) {
            round_weights(x);
            correct_bias(x, [&](int8_network& trial) { trial.scores(x.from, x.sum); });
            made_.scores(x.from, x.sum);
        } else {
            settle(x);
            made_.scores(x.tensor);
        }
        return std::move(made_);
    }

private:
    static int8_tensor tensor_of(int8_value const& x, int8_grid const& grid) {
        shape const& s = x.extents;
        expect(s.rank() == 1 || s.rank() == 3, "to_int8: the network reads ", s.text(),
               ": must be [features] or [channels, height, width]");
        return s.rank() == 3 ? int8_tensor{s[0], s[1], s[2], grid} : int8_tensor{s[0], 1, 1, grid};
    }

    static int8_grid grid_of(matrix<float> const& numbers, calibration_options const& how) {
        constexpr index batch = 64;
        range_observer seen;
        for (index first = 0; first < numbers.rows(); first += batch)
            seen.see(numbers.data() + first * numbers.cols(),
                     std::min(batch, numbers.rows() - first) * numbers.cols(), how.share);
        auto const grid = seen.grid<float>({.bits = 8, .symmetric = false}, how);
        return {grid.scale, -grid.zero, 255 - grid.zero};
    }

    /// Channels that reach less far become larger, so that their codes tell more, where nothing but the next
    /// sum reads them; its weights make up for that (Nagel, van Baalen, Blankevoort, Welling: "Data-free
    /// quantization through weight equalization and bias correction", 2019). Gives what they were divided by.
    std::vector<float> even_channels(int8_value& x) const {
        auto const channels = std::size_t(x.sum.outputs);
        index const plane = x.extents.size() / x.sum.outputs;
        std::vector<float> gains(channels, 1.0f), reach(channels);
        float most = 0;
        for (std::size_t c = 0; c < channels; ++c) {
            auto const numbers = x.numbers.middleCols(index(c) * plane, plane).array();
            reach[c] = x.sum.relu ? numbers.maxCoeff() : numbers.abs().maxCoeff();
            most = std::max(most, reach[c]);
        }
        for (std::size_t c = 0; c < channels; ++c)
            if (reach[c] > 0)
                gains[c] = std::max(std::sqrt(reach[c] / most), 0.1f);
        std::size_t const each = x.weights.size() / channels;
        for (std::size_t i = 0; i < x.weights.size(); ++i)
            x.weights[i] /= gains[i / each];
        for (std::size_t c = 0; c < channels; ++c)
            x.sum.bias[c] /= gains[c];
        scale_channels(x, gains, true);
        return gains;
    }
    static void scale_channels(int8_value& x, std::vector<float> const& gains, bool divide) {
        index const plane = gains.empty() ? 0 : x.extents.size() / index(gains.size());
        for (std::size_t c = 0; c < gains.size(); ++c) {
            auto numbers = x.numbers.middleCols(index(c) * plane, plane).array();
            numbers *= divide ? 1 / gains[c] : gains[c];
        }
    }

    static float largest(std::vector<float> const& numbers) {
        float most = 0;
        for (float const x : numbers)
            most = std::abs(x) > std::abs(most) ? x : most;
        return most;
    }

    /// Its weights are, by themselves: what batch norms and ranges of channels make of them need not be.
    static void expect_finite(int8_value const& x) {
        for (std::size_t i = 0; i < x.weights.size(); ++i)
            expect(std::isfinite(x.weights[i]), x.layer, ": weight ", i, " is ", x.weights[i],
                   " when batch norms and ranges of channels are taken into it: must be finite");
    }

    /// What the sum reads, of some places of each image.
    void look_at_inputs(int8_convolution const& how, int8_value& x) const {
        auto const square = [](nn::extent2 const& e) { return e.height == e.width; };
        bool const dense = x.extents.rank() == 1;
        index const columns = dense ? x.extents[0] : x.extents[0] * how.kernel.height * how.kernel.width;
        x.inputs.clear();
        if (!options_.feedback || columns > 2048 ||
            !(dense || (square(how.kernel) && square(how.stride) && square(how.padding) &&
                        how.dilation == nn::extent2{1})))
            return;
        constexpr index places = 8;
        input_moments seen(columns);
        index const every =
            std::max<index>(1, x.extents.size() / x.extents[0] / how.stride.height / how.stride.width / places);
        for (index i = 0; i < x.numbers.rows(); ++i) {
            float const* const row = x.numbers.data() + i * x.numbers.cols();
            dense ? seen.add(row)
                  : seen.add_patches(row, x.extents, how.kernel.height, how.stride.height, how.padding.height,
                                     every);
        }
        x.inputs.push_back(std::move(seen));
    }

    void round_weights(int8_value& x) const {
        expect_finite(x);
        auto const outputs = std::size_t(x.sum.outputs), depth = x.weights.size() / outputs;
        tensor_view<float const> const all{x.weights.data(), {x.sum.outputs, index(depth)}};
        affine_options const format{.bits = 8, .range = options_.weights};
        auto tensor = x.inputs.empty() ? to_affine(all, format) : to_affine(all, x.inputs[0], format);
        x.sum.scales.clear();
        for (std::size_t o = 0; o < outputs; ++o) {
            float const* const row = x.weights.data() + o * depth;
            bool const nothing = std::all_of(row, row + depth, [](float w) { return w == 0; });
            x.sum.scales.push_back(nothing ? std::numeric_limits<float>::min() : tensor.grids[o].scale);
        }
        x.sum.codes.assign(tensor.codes.begin(), tensor.codes.end());
        hold_biases(x);
    }

    /// Few and small weights under a large bias: the sum's steps must not become too many.
    void hold_biases(int8_value& x) const {
        double const step = double(made_.tensor(x.from).grid.scale);
        std::size_t const depth = x.weights.size() / x.sum.scales.size();
        for (std::size_t o = 0; o < x.sum.scales.size(); ++o) {
            auto const least =
                float(std::abs(double(x.sum.bias[o])) / step / int8_convolution::most_bias * 1.5);
            if (x.sum.scales[o] >= least)
                continue;
            affine_grid<float> const grid{{}, x.sum.scales[o] = least};
            for (std::size_t i = o * depth; i < (o + 1) * depth; ++i)
                x.sum.codes[i] = std::int8_t(grid.code(x.weights[i]));
        }
    }

    /// `end` ends the network so far with the sum, without relu.
    template <class End>
    void correct_bias(int8_value& x, End const& end) const {
        if (!options_.correct_bias)
            return;
        int8_network trial = made_;
        end(trial);
        matrix<float> const gives = trial.scores(rows_);
        index const plane = gives.cols() / x.sum.outputs;
        for (index o = 0; o < x.sum.outputs; ++o) {
            auto const mean = [&](auto const& all) {
                return all.middleCols(o * plane, plane).template cast<double>().mean();
            };
            x.sum.bias[std::size_t(o)] += float(mean(x.numbers.topRows(rows_.rows())) - mean(gives));
        }
        hold_biases(x);
    }

    static constexpr index correcting_rows = 128;

    params<T> const *weights_, *state_;
    int8_options options_;
    matrix<float> rows_;
    int8_network made_;
    std::string prefix_;
};

template <class T>
void int8_layer(nn::conv2d const& c, int8_value& x, int8_conversion<T>& to) {
    expect(c.groups == 1, to.where("conv2d"), ": groups = ", c.groups, ": must be 1");
    int8_convolution const how{.outputs = c.channels,
                               .kernel = c.kernel,
                               .stride = c.stride,
                               .padding = c.padding,
                               .dilation = c.dilation};
    auto const across = [&](index extent, index kernel, index stride, index padding, index dilation) {
        return (extent + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1;
    };
    shape const made{
        c.channels, across(x.extents[1], c.kernel.height, c.stride.height, c.padding.height, c.dilation.height),
        across(x.extents[2], c.kernel.width, c.stride.width, c.padding.width, c.dilation.width)};
    to.add_up(c, how, made, x);
}

template <class T>
void int8_layer(nn::dense const& d, int8_value& x, int8_conversion<T>& to) {
    expect(x.extents.rank() == 1, to.where("dense"), ": input is ", x.extents.text(), ": must be [features]");
    // Of an image that flatten made a vector, a window as large as that.
    nn::extent2 const window =
        x.open() ? nn::extent2{1} : nn::extent2{to.tensor_of(x).height, to.tensor_of(x).width};
    to.add_up(d, {.outputs = d.outputs, .kernel = window}, {d.outputs}, x);
}

template <class T>
void int8_layer(nn::batch_norm const& n, int8_value& x, int8_conversion<T>& to) {
    expect(x.open() && !x.sum.relu && x.sum.beside < 0, to.where("batch_norm"),
           ": must stand behind conv2d or dense");
    auto const weight = to.numbers("weight"), bias = to.numbers("bias"), mean = to.numbers("running_mean"),
               variance = to.numbers("running_var");
    auto const channels = weight.size(), each = x.weights.size() / channels;
    index const plane = x.extents.size() / index(channels);
    for (std::size_t c = 0; c < channels; ++c) {
        double const gain = double(weight[c]) / std::sqrt(double(variance[c]) + n.epsilon);
        double const shift = double(bias[c]) - double(mean[c]) * gain;
        for (std::size_t i = c * each; i < (c + 1) * each; ++i)
            x.weights[i] = float(double(x.weights[i]) * gain);
        x.sum.bias[c] = float(double(x.sum.bias[c]) * gain + shift);
        auto numbers = x.numbers.middleCols(index(c) * plane, plane).array();
        numbers = numbers * float(gain) + float(shift);
    }
}

template <class T>
void int8_layer(nn::relu const&, int8_value& x, int8_conversion<T>& to) {
    if (x.open()) {
        x.sum.relu = true;
        return;
    }
    x.numbers = x.numbers.cwiseMax(0.0f).eval();
    if (to.tensor_of(x).grid.low < 0)
        x.tensor = to.network().pool(x.tensor, {.least = 0}, {});
}

template <class T>
void int8_layer(nn::max_pool const& p, int8_value& x, int8_conversion<T>& to) {
    to.settle(x);
    int8_pool const how{
        .size = p.size, .stride = p.stride == nn::extent2{0} ? p.size : p.stride, .padding = p.padding};
    int8_tensor const made = how.output(to.tensor_of(x), {});
    to.pool(x, how, {made.channels, made.height, made.width}, to.run(p, x));
}
template <class T>
void int8_layer(nn::average_pool const& p, int8_value& x, int8_conversion<T>& to) {
    to.settle(x);
    int8_pool const how{.largest = false,
                        .size = p.size,
                        .stride = p.stride == nn::extent2{0} ? p.size : p.stride,
                        .padding = p.padding,
                        .count_padding = p.count_padding};
    int8_tensor const made = how.output(to.tensor_of(x), {});
    to.pool(x, how, {made.channels, made.height, made.width}, to.run(p, x));
}
template <class T>
void int8_layer(nn::global_average_pool const& p, int8_value& x, int8_conversion<T>& to) {
    to.settle(x);
    int8_tensor const& from = to.tensor_of(x);
    to.pool(x, {.largest = false, .size = {from.height, from.width}}, {from.channels}, to.run(p, x));
}
template <class T>
void int8_layer(nn::global_max_pool const& p, int8_value& x, int8_conversion<T>& to) {
    to.settle(x);
    int8_tensor const& from = to.tensor_of(x);
    to.pool(x, {.size = {from.height, from.width}}, {from.channels}, to.run(p, x));
}
template <class T>
void int8_layer(nn::pad_channels const& p, int8_value& x, int8_conversion<T>& to) {
    to.settle(x);
    x.numbers = to.run(p, x);
    x.tensor = to.network().pad_channels(x.tensor, p.channels, p.stride);
    int8_tensor const& made = to.tensor_of(x);
    x.extents = {made.channels, made.height, made.width};
}

template <class T>
void int8_layer(nn::flatten const&, int8_value& x, int8_conversion<T>& to) {
    to.settle(x);
    x.extents = {x.extents.size()};
}
template <class T>
void int8_layer(nn::identity const&, int8_value&, int8_conversion<T>&) {}
template <class T>
void int8_layer(nn::dropout const&, int8_value&, int8_conversion<T>&) {}
template <class T>
void int8_layer(nn::drop_path const&, int8_value&, int8_conversion<T>&) {}

template <class T, class L>
void int8_layer(nn::named<L> const& n, int8_value& x, int8_conversion<T>& to) {
    to.inside("", n.layer, x);  // whoever holds it has put its name
}
template <class T, class... L>
void int8_layer(nn::sequential<L...> const& s, int8_value& x, int8_conversion<T>& to) {
    nn::detail::each_index<sizeof...(L)>([&](auto i) {
        auto const& child = std::get<i>(s.layers);
        to.inside(nn::child_name(child, i), child, x);
    });
}
template <class T, class Body, class Shortcut>
void int8_layer(nn::residual<Body, Shortcut> const& r, int8_value& x, int8_conversion<T>& to) {
    auto const name_of = [](auto const& part, std::string_view usual) {
        if constexpr (requires { part.label; })
            return part.label;
        else
            return usual;
    };
    to.settle(x);
    int8_value beside = x;
    to.inside(name_of(r.shortcut, "shortcut"), r.shortcut, beside);
    to.settle(beside);
    to.inside(name_of(r.body, "body"), r.body, x);
    expect(x.open() && !x.sum.relu && x.sum.beside < 0, to.where("residual"),
           ": the body must end with conv2d, dense or batch_norm");
    x.sum.beside = beside.tensor;
    x.numbers += beside.numbers;
}

/// The network in 8 bits, as it is in evaluation: batch norms folded, each output channel's weights on a grid
/// of its own, symmetric, numbers between layers on grids that 256 codes make of what the rows give. Layers:
/// conv2d with groups = 1, dense, batch_norm behind them, relu, max_pool, average_pool, global pools,
/// pad_channels, flatten, identity, dropout, drop_path, residual, named, sequential.
///
///     auto const small = quantize::to_int8(net, train.x.topRows(512));
///
/// Throws descent::error for no rows, rows of another width or that are not finite (as floats), settings out of
/// range, weights that are not finite or too large for what the rows give to be, and a layer where it cannot
/// stand; other layers (leaky_relu, sigmoid, gelu, softmax, ...) stop the compiler, which names them.
template <class Network>
int8_network to_int8(Network const& net, matrix<typename Network::scalar> const& rows,
                     int8_options const& options = {}) {
    using T = typename Network::scalar;
    using loss_of = std::remove_cvref_t<decltype(net.sample_loss())>;
    options.ranges.check();
    expect(rows.rows() > 0, "to_int8: there are no rows");
    expect(rows.cols() == net.features(), "to_int8: the rows have ", rows.cols(), " features, the network ",
           net.features());
    int8_value x{net.input_shape(), rows.template cast<float>()};
    for (index i = 0; i < rows.size(); ++i)
        expect(std::isfinite(x.numbers.data()[i]), "to_int8: row ", i / rows.cols(), ", column ",
               i % rows.cols(), " is ", rows.data()[i], ": must be finite");
    int8_conversion<T> to(net.params(), net.state(), x, options);
    to.inside("", net.layers(), x);
    int8_network made = to.finish(x);
    made.answer(loss::of_scores<loss_of>        ? int8_answer::highest
                : loss::of_two_classes<loss_of> ? int8_answer::above_zero
                                                : int8_answer::itself);
    return made;
}

}  // namespace descent::quantize
