// SPDX-License-Identifier: MIT
// What can be done to a trained network's weights without training it again: the published ResNet-20 (1833 of
// the first 2000 test images of CIFAR-10, batch norms folded) and LeNet-5 (9904 of MNIST's 10,000) in 4 and 3
// bits by channel, each weight the nearest code, by error feedback (GPTQ), by learned rounding (AdaRound), that
// refined by coordinate descent, and the nearest with biases corrected; equalized in 8 and 6 bits with one
// scale a tensor; additive powers of two; bits by layer in as many bytes as 4 bits take. Inputs of layers come
// from training images alone. Needs DESCENT_DATA and zlib, exit status 2 without.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include <descent/data/augmented.hpp>
#include <descent/data/cifar.hpp>
#include <descent/data/idx.hpp>
#include <descent/data/image_normalize.hpp>
#include <descent/data/image_resize.hpp>
#include <descent/exec/openmp.hpp>
#include <descent/nn.hpp>
#include <descent/nn/load.hpp>
#include <descent/nn/resnet.hpp>
#include <descent/nn/watch.hpp>
#include <descent/quantize/adaround.hpp>
#include <descent/quantize/bias_correction.hpp>
#include <descent/quantize/coordinate_descent.hpp>
#include <descent/quantize/equalization.hpp>
#include <descent/quantize/error_feedback.hpp>
#include <descent/quantize/fold.hpp>
#include <descent/quantize/mixed_precision.hpp>
#include <descent/quantize/power_of_two.hpp>

#include "measure.hpp"

using namespace descent;

namespace {

using place = std::ptrdiff_t;
exec::openmp const threads{.threads = 2};

// The ResNet-20 without batch norms.
auto body(place channels, place stride) {
    return nn::named{
        "", nn::sequential{nn::named{"conv1", nn::conv2d{.channels = channels, .stride = stride, .padding = 1}},
                           nn::relu{}, nn::named{"conv2", nn::conv2d{.channels = channels, .padding = 1}}}};
}
auto block(place channels) {
    return nn::sequential{nn::named{"", nn::residual{body(channels, 1)}}, nn::relu{}};
}
auto narrowing(place channels) {
    return nn::sequential{
        nn::named{"", nn::residual{body(channels, 2), nn::pad_channels{.channels = channels, .stride = 2}}},
        nn::relu{}};
}
template <class First>
auto stage(First const& first, place channels) {
    return nn::sequential{first, block(channels), block(channels)};
}
auto plain_resnet20() {
    return nn::sequential{nn::named{"conv1", nn::conv2d{.channels = 16, .padding = 1}},
                          nn::relu{},
                          nn::named{"layer1", stage(block(16), 16)},
                          nn::named{"layer2", stage(narrowing(32), 32)},
                          nn::named{"layer3", stage(narrowing(64), 64)},
                          nn::global_average_pool{},
                          nn::named{"linear", nn::dense{10}}};
}
auto lenet5() {
    return nn::sequential{
        nn::named{"convnet",
                  nn::sequential{
                      nn::named{"c1", nn::conv2d{.channels = 6, .kernel = 5}}, nn::relu{}, nn::max_pool{},
                      nn::named{"c3", nn::conv2d{.channels = 16, .kernel = 5}}, nn::relu{}, nn::max_pool{},
                      nn::named{"c5", nn::conv2d{.channels = 120, .kernel = 5}}, nn::relu{}, nn::flatten{}}},
        nn::named{"fc",
                  nn::sequential{nn::named{"f6", nn::dense{84}}, nn::relu{}, nn::named{"f7", nn::dense{10}}}}};
}

/// A layer and how it reads its input.
struct reading {
    std::string name;
    place stride = 1, padding = 0;
};

/// What a layer reads, over some rows.
template <class Net>
quantize::input_moments inputs_of(Net const& net, matrix<float> const& rows, reading const& layer) {
    auto const weight = net.params()[layer.name + ".weight"];
    quantize::input_moments inputs(weight.size() / weight.extents[0]);
    nn::watch(
        net, rows,
        [&](nn::bound_place const& at, float const* x, float const*, place samples) {
            if (at.name != layer.name)
                return;
            for (place s = 0; s < samples; ++s, x += at.input.size())
                if (at.kind == "dense")
                    inputs.add(x);
                else
                    inputs.add_patches(x, at.input, weight.extents[2], layer.stride, layer.padding,
                                       std::max<place>(1, at.output[1] * at.output[2] / 64));
        },
        threads);
    return inputs;
}

/// (rounded - exact) moments (rounded - exact)^T: the squared error of the layer's outputs.
double output_error(tensor_view<float const> const& exact, quantize::affine_tensor<float> const& codes,
                    quantize::input_moments const& inputs) {
    place const n = inputs.columns();
    std::vector<double> away(static_cast<std::size_t>(n));
    double sum = 0;
    for (place r = 0; r < exact.extents[0]; ++r) {
        for (place i = 0; i < n; ++i)
            away[std::size_t(i)] = double(codes.value(r * n + i)) - double(exact.data[r * n + i]);
        for (place i = 0; i < n; ++i)
            for (place j = i; j < n; ++j)
                sum += (i == j ? 1 : 2) * away[std::size_t(i)] * away[std::size_t(j)] * inputs.at(i, j);
    }
    return sum;
}

enum class way { nearest, feedback, learned, refined };
constexpr char const* names_of_ways[] = {"nearest", "error feedback", "AdaRound", "AdaRound, refined"};

/// Each layer's weights in codes, the first ones first, so that the inputs of the others are those that they
/// will see; gives the geometric mean of the layers' errors over those of the nearest codes.
template <class Net>
double round_layers(Net& net, matrix<float> const& rows, std::vector<reading> const& layers, way by,
                    quantize::affine_options const& options) {
    double logs = 0;
    for (reading const& layer : layers) {
        auto const weight = net.params()[layer.name + ".weight"];
        auto codes = quantize::to_affine(weight, options);
        if (by != way::nearest) {
            auto const inputs = inputs_of(net, rows, layer);
            std::vector<float> const kept(weight.data, weight.data + weight.size());
            tensor_view<float const> const exact{kept.data(), weight.extents};
            double const nearest = output_error(exact, codes, inputs);
            codes = by == way::feedback ? quantize::to_affine(weight, inputs, options)
                                        : quantize::adaround(weight, inputs, options, {}, threads);
            if (by == way::refined)
                quantize::refine(codes, exact, inputs, threads);
            logs += std::log(output_error(exact, codes, inputs) / nearest);
        }
        codes.copy_to(weight.data);
    }
    return std::exp(logs / double(layers.size()));
}

template <class Net>
struct subject {
    char const* name;
    Net const& net;
    std::vector<reading> layers;
    matrix<float> const& rows;  ///< for calibration
    data::dataset<float> const& train;
    data::dataset<float> const& test;

    double right(Net const& of) const {
        return double((of.predict(test.x, threads).array() == test.y.array()).count());
    }
    void tell(std::string const& what, Net const& of, std::string const& more = "") const {
        std::printf("%s, %s: %.0f of %td%s\n", name, what.c_str(), right(of), test.samples(), more.c_str());
        std::fflush(stdout);
    }
};

/// Right ones of each way, and of the nearest codes with biases corrected; errors of the layers' outputs over
/// those of the nearest codes.
struct outcome {
    double right[4] = {}, corrected = 0, error[4] = {};
};

template <class Net>
outcome compare(subject<Net> const& of, int bits) {
    quantize::affine_options const options{.bits = bits, .range = quantize::fit_range::mse};
    outcome told;
    for (way const by : {way::nearest, way::feedback, way::learned, way::refined}) {
        auto net = of.net;
        auto const at = std::size_t(by);
        double const before = measure::wall_time();
        told.error[at] = round_layers(net, of.rows, of.layers, by, options);
        told.right[at] = of.right(net);
        of.tell(text(bits, " bits, ", names_of_ways[at]), net,
                text("; errors of outputs ", float(told.error[at]), " of the nearest codes', ",
                     float(measure::wall_time() - before), " s"));
        if (by != way::nearest)
            continue;
        quantize::correct_bias(net, of.net, of.rows, threads);
        told.corrected = of.right(net);
        of.tell(text(bits, " bits, nearest, biases corrected"), net);
    }
    auto net = of.net;
    for (reading const& layer : of.layers) {
        auto const weight = net.params()[layer.name + ".weight"];
        quantize::to_power_of_two(weight, {.bits = bits, .any_scale = true}).copy_to(weight.data);
    }
    of.tell(text(bits, " bits, additive powers of two"), net);
    return told;
}

template <class Net>
void equalize(subject<Net> const& of) {
    for (int const bits : {8, 6, 5})
        for (bool const even : {false, true}) {
            auto net = of.net;
            if (even)
                quantize::equalize(net);
            round_layers(net, of.rows, of.layers, way::nearest, {.bits = bits, .per = quantize::per::tensor});
            of.tell(text(bits, " bits, one scale a tensor", even ? ", equalized" : ""), net);
        }
}

template <class Net>
std::pair<double, double> mix(subject<Net> const& of, place samples) {
    quantize::affine_options const options{.range = quantize::fit_range::mse};
    auto net = of.net;
    data::dataset<float> const some{.x = of.train.x.topRows(samples), .y = of.train.y.head(samples)};
    double const before = measure::wall_time();
    auto const table = quantize::scan_precision(
        net, {2, 3, 4, 5, 6, 8}, [&](Net const& m) { return m.loss(data::all_of(some), threads); }, options);
    place budget = table.rest;
    for (auto const& each : table.bytes)
        budget += each[2];
    double const scanned = measure::wall_time() - before;
    auto const plan = quantize::plan_precision(table, budget);
    auto uniform = of.net;
    round_layers(uniform, of.rows, of.layers, way::nearest, {.bits = 4, .range = quantize::fit_range::mse});
    quantize::round_by(net, plan, options);
    std::string bits;
    for (int const each : plan.bits)
        bits += text(each, ' ');
    auto const loss = [&](Net const& m) { return m.loss(data::all_of(some), threads); };
    std::printf(
        "%s: bits %sin %td bytes of %td, expected loss %.4f (at least %.4f, exact %.4f), measured %.4f; 4 "
        "bits each %.4f; %.0f s of measuring\n",
        of.name, bits.c_str(), plan.bytes, budget, plan.loss, plan.bound, table.exact, loss(net), loss(uniform),
        scanned);
    of.tell("bits by layer in the bytes of 4", net);
    return {loss(net), loss(uniform)};
}

}  // namespace

int main(int, char** arguments) {
    measure::wait_passively(arguments);
    char const* const folder = std::getenv("DESCENT_DATA");
    if (folder == nullptr || !DESCENT_ZLIB_ENABLED) {
        std::printf("skipped: %s\n", folder ? "zlib is not there" : "DESCENT_DATA is not set");
        return 2;
    }
    measure::print_build("2 threads");
    std::string const path = folder;

    shape const image{3, 32, 32};
    data::image::normalize const scale{{123.675, 116.28, 103.53}, {58.395, 57.12, 57.375}};
    auto const train =
        data::transformed(data::read_cifar10({path + "/cifar10/data_batch_1.bin.gz"}), image, scale);
    auto const test =
        data::transformed(data::read_cifar10({path + "/cifar10/test_first2000.bin.gz"}), image, scale);
    nn::network published{nn::input<float>{image}, nn::resnet20(10)};
    nn::load(published, path + "/weights/resnet20-12fca82f.safetensors");
    nn::network resnet{nn::input<float>{image}, plain_resnet20()};
    std::vector<reading> layers{{"conv1", 1, 1}};
    quantize::fold_batch_norm(published, resnet, "conv1", "bn1");
    for (int s = 1; s <= 3; ++s)
        for (int b = 0; b < 3; ++b)
            for (int c = 1; c <= 2; ++c) {
                std::string const front = text("layer", s, ".", b, ".");
                layers.push_back({text(front, "conv", c), s > 1 && b == 0 && c == 1 ? 2 : 1, 1});
                quantize::fold_batch_norm(published, resnet, layers.back().name, text(front, "bn", c));
            }
    layers.push_back({"linear"});
    for (char const* name : {"linear.weight", "linear.bias"})
        resnet.params()[name].flat() = published.params()[name].flat();
    matrix<float> const rows = train.x.topRows(256);
    subject<decltype(resnet)> const of{"ResNet-20", resnet, layers, rows, train, test};
    of.tell("float32", resnet);
    equalize(of);
    auto const four = compare(of, 4), three = compare(of, 3);
    auto const [mixed, uniform] = mix(of, 1000);

    auto const digits = [&](char const* images, char const* labels) {
        auto table = data::read_idx(path + "/mnist/" + images, path + "/mnist/" + labels);
        if (table.samples() > 20000)
            table.x = matrix<float>(table.x.topRows(2000)), table.y = vector<float>(table.y.head(2000));
        return data::transformed(table, {1, 28, 28}, data::image::resize{32, 32},
                                 data::image::normalize{{255 * 0.1307}, {255 * 0.3081}});
    };
    auto const train_digits = digits("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz");
    auto const test_digits = digits("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz");
    nn::network lenet{nn::input<float>{1, 32, 32}, lenet5()};
    nn::load(lenet, path + "/weights/lenet5_mnist.safetensors");
    matrix<float> const digit_rows = train_digits.x.topRows(256);
    subject<decltype(lenet)> const small{
        "LeNet-5",  lenet,        {{"convnet.c1"}, {"convnet.c3"}, {"convnet.c5"}, {"fc.f6"}, {"fc.f7"}},
        digit_rows, train_digits, test_digits};
    small.tell("float32", lenet);
    equalize(small);
    auto const four_digits = compare(small, 4), three_digits = compare(small, 3);
    mix(small, 1000);

    bool holds = true;
    for (auto const& [bits, told] : {std::pair{4, four}, {3, three}}) {
        std::string const front = text("ResNet-20, ", bits, " bits, ");
        holds &= measure::claim(front + "AdaRound: errors of outputs over error feedback's",
                                told.error[2] / told.error[1], "<=", 1.05);
        holds &=
            measure::claim(front + "AdaRound, refined: the same", told.error[3] / told.error[1], "<=", 0.95);
        holds &=
            measure::claim(front + "AdaRound: right of 2000", told.right[2], ">=", bits == 4 ? 1820 : 1790);
    }
    holds &= measure::claim("ResNet-20, 4 bits, nearest, biases corrected: right more than before",
                            four.corrected - four.right[0], ">=", 0);
    holds &= measure::claim("ResNet-20, bits by layer in the bytes of 4: loss over 4 bits each",
                            mixed / uniform, "<=", 1);
    holds &= measure::claim("LeNet-5, 4 bits, AdaRound: right of 10,000", four_digits.right[2], ">=", 9890);
    holds &= measure::claim("LeNet-5, 3 bits, AdaRound: right of 10,000", three_digits.right[2], ">=", 9850);
    return holds ? 0 : 1;
}
