// SPDX-License-Identifier: MIT
#include <descent/nn/conv1d.hpp>
#include <descent/nn/conv2d.hpp>
#include <descent/nn/dense.hpp>
#include <descent/nn/max_pool.hpp>

#include <catch2/catch_test_macros.hpp>

#include "layer_check.hpp"
#include "message.hpp"

using namespace descent;

namespace {

using number = descent::index;

/// The largest distance from the sum of the definition, written as four loops.
template <class T>
double worst(nn::conv2d const& d, shape const& input, number samples) {
    layer_check::bench<nn::conv2d, T> b(d, input, samples, {});
    b.value();
    shape const out = b.output();
    number const in_group = input[0] / d.groups, out_group = d.channels / d.groups;
    double largest = 0;
    for (number s = 0; s < samples; ++s)
        for (number o = 0; o < out[0]; ++o)
            for (number h = 0; h < out[1]; ++h)
                for (number w = 0; w < out[2]; ++w) {
                    double z = d.bias ? double(b.weights["bias"].flat()[o]) : 0;
                    for (number c = 0; c < in_group; ++c)
                        for (number i = 0; i < d.kernel.height; ++i)
                            for (number j = 0; j < d.kernel.width; ++j) {
                                number const row =
                                    h * d.stride.height + i * d.dilation.height - d.padding.height;
                                number const column =
                                    w * d.stride.width + j * d.dilation.width - d.padding.width;
                                if (row < 0 || row >= input[1] || column < 0 || column >= input[2])
                                    continue;
                                number const channel = o / out_group * in_group + c;
                                number const tap =
                                    ((o * in_group + c) * d.kernel.height + i) * d.kernel.width + j;
                                number const at =
                                    ((s * input[0] + channel) * input[1] + row) * input[2] + column;
                                z += double(b.weights["weight"].flat()[tap]) * double(b.x[std::size_t(at)]);
                            }
                    number const at = ((s * out[0] + o) * out[1] + h) * out[2] + w;
                    largest = std::max(largest, std::fabs(z - double(b.y[std::size_t(at)])));
                }
    return largest;
}

std::vector<nn::conv2d> const kinds{
    {.channels = 5, .kernel = 3, .padding = 1},
    {.channels = 9, .kernel = {3, 5}, .stride = {1, 2}, .padding = {0, 3}},
    {.channels = 4, .kernel = 2, .stride = 3, .padding = 1, .dilation = {2, 1}, .bias = false},
    {.channels = 8, .kernel = 3, .stride = 2, .padding = 2, .dilation = 3, .groups = 2},
    {.channels = 4, .kernel = {1, 3}, .padding = 1, .groups = 4},
    {.channels = 18, .kernel = 1},
    {.channels = 4, .kernel = 1, .stride = 2},
};

}  // namespace

TEST_CASE("nn conv2d: the contract of layers") {
    layer_check::options const few{.samples = {1, 3}};
    for (auto const& kind : kinds)
        layer_check::check_layer(kind, {{4, 7, 6}}, few);
    layer_check::check_layer(kinds[0], {{1, 1, 1}, {2, 12, 13}}, {.samples = {17}});
}

TEST_CASE("nn conv2d: the sums of the definition") {
    for (auto const& kind : kinds)
        for (shape const& input : {shape{4, 9, 8}, shape{8, 20, 37}})
            CHECK(worst<double>(kind, input, 2) < 1e-12);
    CHECK(worst<float>({.channels = 16, .padding = 1}, {8, 28, 28}, 1) < 1e-4);
    CHECK(worst<float>({.channels = 70, .padding = 1}, {33, 8, 8}, 1) < 1e-4);
}

TEST_CASE("nn conv2d: shapes are checked when it is bound") {
    nn::builder<float> b;
    auto const said = [&](nn::conv2d const& d, shape const& input) {
        return message_of([&] { d.bind<float>(input, b); });
    };
    CHECK(said({.channels = 2}, {28, 28}) == "conv2d: input is [28, 28]: must be [channels, height, width]");
    CHECK(said({}, {1, 8, 8}) == "conv2d: channels = 0: must be >= 1");
    CHECK(said({.channels = 4, .groups = 2}, {3, 8, 8}) ==
          "conv2d: groups = 2: must divide the channels of the input, 3, and of the output, 4");
    CHECK(said({.channels = 4, .kernel = {3, 0}}, {3, 8, 8}) == "conv2d: kernel = 0: must be >= 1");
    CHECK(said({.channels = 4, .stride = 0}, {3, 8, 8}) == "conv2d: stride = 0: must be >= 1");
    CHECK(said({.channels = 4, .padding = -1}, {3, 8, 8}) == "conv2d: padding = -1: must be >= 0");
    CHECK(said({.channels = 4, .dilation = {0, 1}}, {3, 8, 8}) == "conv2d: dilation = 0: must be >= 1");
    CHECK(said({.channels = 4, .kernel = 5, .padding = 1, .dilation = 2}, {3, 6, 20}) ==
          "conv2d: input is [3, 6, 20]: a kernel that reaches 9 does not fit into 6 with padding 1");
    CHECK(message_of([&] {
              nn::conv1d{.channels = 4}.bind<float>({3, 4, 5}, b);
          }) == "conv1d: input is [3, 4, 5]: must be [channels, length]");
}

TEST_CASE("nn conv2d: settings as large as they get") {
    nn::builder<float> b;
    descent::index const huge = descent::index(1) << 62;
    auto const said = [&](nn::conv2d const& d) { return message_of([&] { d.bind<float>({1, 4, 5}, b); }); };
    CHECK(said({.channels = huge}) == "conv2d: channels = 4611686018427387904: must be <= 1048576");
    for (auto const& d :
         {nn::conv2d{.channels = 1, .kernel = huge, .padding = huge},
          nn::conv2d{.channels = 1, .stride = {1, huge}}, nn::conv2d{.channels = 1, .padding = huge},
          nn::conv2d{.channels = 1, .dilation = huge}})
        CHECK(said(d) ==
              "conv2d: kernel, stride, padding or dilation = 4611686018427387904: must be <= 1048576");
    CHECK(message_of([&] {
              nn::max_pool{.size = huge}.bind<float>({1, 4, 5}, b);
          }) == "max_pool: size or stride = 4611686018427387904: must be <= 1073741824");
    CHECK(message_of([&] { nn::dense{huge >> 12}.bind<float>({1}, b); }) ==
          "weight: 1125899906842624 numbers: must be <= 281474976710656");
    // A stride beyond the end: one output, as with the largest one that matters.
    layer_check::check_layer(nn::conv2d{.channels = 2, .kernel = {2, 1}, .stride = {1 << 20, 4}}, {{2, 3, 5}});
}

TEST_CASE("nn conv1d: a row of conv2d") {
    nn::conv1d const one{.channels = 6, .kernel = 3, .stride = 2, .padding = 2, .dilation = 2, .groups = 2};
    nn::conv2d const two{
        .channels = 6, .kernel = {1, 3}, .stride = {1, 2}, .padding = {0, 2}, .dilation = {1, 2}, .groups = 2};
    layer_check::bench<nn::conv1d, float> a(one, {4, 19}, 3, {});
    layer_check::bench<nn::conv2d, float> b(two, {4, 1, 19}, 3, {});
    CHECK(a.value() == b.value());
    a.backward(), b.backward();
    CHECK(layer_check::same_numbers(a.dx.data(), b.dx.data(), 3 * 4 * 19));
    CHECK(layer_check::same_numbers(a.slopes.data(), b.slopes.data(), a.slopes.arena_size()));
    CHECK(a.output() == shape{6, 10});
    CHECK(a.weights["weight"].extents == shape{6, 2, 3});
}
