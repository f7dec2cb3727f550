// SPDX-License-Identifier: MIT
// The published ResNet-20 (1833 of the first 2000 test images of CIFAR-10) with its batch norms folded: 8-bit
// weights by channel and 8-bit activations with static ranges, and 4-bit weights with error feedback. Ranges
// and input moments come from data_batch_1 alone. Needs DESCENT_DATA and zlib, exit status 2 without.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include <descent/data/augmented.hpp>
#include <descent/data/cifar.hpp>
#include <descent/data/image_normalize.hpp>
#include <descent/exec/openmp.hpp>
#include <descent/nn.hpp>
#include <descent/nn/load.hpp>
#include <descent/nn/resnet.hpp>
#include <descent/quantize.hpp>

#include "measure.hpp"

using namespace descent;

namespace {

using place = std::ptrdiff_t;

// The ResNet-20 without batch norms, and with a rounding of what each convolution and the dense layer read;
// sums along the shortcuts stay wide.
auto body(place channels, place stride) {
    return nn::named{
        "", nn::sequential{nn::named{"before", quantize::activation{}},
                           nn::named{"conv1", nn::conv2d{.channels = channels, .stride = stride, .padding = 1}},
                           nn::relu{}, nn::named{"inside", quantize::activation{}},
                           nn::named{"conv2", nn::conv2d{.channels = channels, .padding = 1}}}};
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
auto rounding_resnet20() {
    return nn::sequential{nn::named{"input", quantize::activation{}},
                          nn::named{"conv1", nn::conv2d{.channels = 16, .padding = 1}},
                          nn::relu{},
                          nn::named{"layer1", stage(block(16), 16)},
                          nn::named{"layer2", stage(narrowing(32), 32)},
                          nn::named{"layer3", stage(narrowing(64), 64)},
                          nn::global_average_pool{},
                          nn::named{"pooled", quantize::activation{}},
                          nn::named{"linear", nn::dense{10}}};
}

/// A convolution: the layer, its batch norm, the activation layer in front, and the image it sees.
struct convolution {
    std::string name, norm, input;
    shape image;
    place stride;
};
std::vector<convolution> convolutions() {
    std::vector<convolution> all{{"conv1", "bn1", "input", {3, 32, 32}, 1}};
    place channels = 16, side = 32;
    for (int s = 1; s <= 3; ++s)
        for (int b = 0; b < 3; ++b) {
            std::string const front = text("layer", s, ".", b, ".");
            place const out = 16 << (s - 1), stride = out != channels ? 2 : 1;
            all.push_back({front + "conv1", front + "bn1", front + "before", {channels, side, side}, stride});
            channels = out, side /= stride;
            all.push_back({front + "conv2", front + "bn2", front + "inside", {channels, side, side}, 1});
        }
    return all;
}

template <class Net>
vector<float> classes(Net const& net, matrix<float> const& x) {
    return net.predict(x, exec::openmp{.threads = 2});
}
place same(vector<float> const& a, vector<float> const& b) { return (a.array() == b.array()).count(); }

/// Every weight tensor as the codes give it.
template <class Net>
double round_weights(Net& net, quantize::affine_options const& options) {
    double bits = 0;
    for (auto const& entry : net.params().entries())
        if (entry.extents.rank() > 1) {
            auto const codes = quantize::to_affine(net.params()[entry.name], options);
            codes.copy_to(net.params().data() + entry.offset);
            bits += codes.bits_each() * double(entry.size());
        }
    return bits / 8;
}

/// One layer's inputs, as they pass before its activation layer.
struct listening : exec::serial {
    place at;
    std::vector<float>* numbers;

    void observe(place where, quantize::affine_format const&, float const* x, place n) const {
        if (where == at)
            numbers->assign(x, x + n);
    }
};

/// Each weight tensor in codes that make up for one another's errors, the first layers first, so that the
/// inputs of the others are those that they will see.
template <class Net>
void feed_errors(Net& net, matrix<float> const& rows, quantize::affine_options const& options) {
    constexpr place batch = 64, batches = 4;
    std::vector<float> numbers;
    auto const feed = [&](std::string const& layer, std::string const& input, auto const& add) {
        auto const weight = net.params()[layer + ".weight"];
        quantize::input_moments inputs(weight.size() / weight.extents[0]);
        listening const executor{{}, net.state().at(input + ".scale").offset, &numbers};
        for (place b = 0; b < batches; ++b) {
            net.scores(matrix<float>(rows.middleRows(b * batch, batch)), executor);
            for (place i = 0; i < batch; ++i)
                add(inputs, numbers.data() + i * place(numbers.size()) / batch);
        }
        quantize::to_affine(weight, inputs, options).copy_to(weight.data);
    };
    for (auto const& each : convolutions())
        feed(each.name, each.input, [&](quantize::input_moments& inputs, float const* image) {
            inputs.add_patches(image, each.image, 3, each.stride, 1, each.image[1] * each.image[1] / 64);
        });
    feed("linear", "pooled", [](quantize::input_moments& inputs, float const* x) { inputs.add(x); });
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
    auto const exact = classes(published, test.x);
    std::printf("float32: %td of 2000\n", same(exact, test.y));

    nn::network folded{nn::input<float>{image}, rounding_resnet20()};
    for (auto const& each : convolutions())
        quantize::fold_batch_norm(published, folded, each.name, each.norm);
    for (char const* name : {"linear.weight", "linear.bias"})
        folded.params()[name].flat() = published.params()[name].flat();
    auto const folded_classes = classes(folded, test.x);
    std::printf("folded: %td of 2000, %td as before\n", same(folded_classes, test.y),
                same(folded_classes, exact));

    bool holds = true;
    // Weights alone, the nearest codes and those that make up for one another's errors; then activations too.
    auto rounded = folded;
    round_weights(rounded, {.bits = 8});
    auto const tell = [&](char const* what, vector<float> const& y) {
        std::printf("%s: %td of 2000, %td as float32\n", what, same(y, test.y), same(y, exact));
        std::fflush(stdout);
    };
    tell("int8 weights, nearest", classes(rounded, test.x));
    auto eight = folded;
    feed_errors(eight, train.x, {.bits = 8});
    tell("int8 weights, error feedback", classes(eight, test.x));
    auto const by = [&](quantize::calibration method) {
        quantize::calibrate(eight, train.x.topRows(512), {.by = method});
        return classes(eight, test.x);
    };
    tell("int8, ranges by percentile", by(quantize::calibration::percentile));
    tell("int8, ranges by min-max", by(quantize::calibration::min_max));
    tell("int8, ranges by entropy", by(quantize::calibration::entropy));
    auto const y8 = by(quantize::calibration::mse);
    tell("int8, ranges by mse", y8);
    holds &=
        measure::claim("int8 by channel, static ranges: of 2000 right", double(same(y8, test.y)), ">=", 1829);
    holds &= measure::claim("int8: % of 2000 as float32 says", double(same(y8, exact)) / 20, ">=", 99.5);

    for (auto const range : {quantize::fit_range::min_max, quantize::fit_range::mse}) {
        auto nearest = folded;
        round_weights(nearest, {.bits = 4, .range = range});
        auto const y = classes(nearest, test.x);
        std::printf("int4 by channel, nearest, %s: %td of 2000\n",
                    range == quantize::fit_range::mse ? "mse" : "min-max", same(y, test.y));
    }
    auto four = folded;
    feed_errors(four, train.x, {.bits = 4, .range = quantize::fit_range::mse});
    auto const y4 = classes(four, test.x);
    holds &=
        measure::claim("int4 by channel, error feedback: of 2000 right", double(same(y4, test.y)), ">=", 1805);
    return holds ? 0 : 1;
}
