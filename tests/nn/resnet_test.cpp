// SPDX-License-Identifier: MIT
#include <descent/nn/resnet.hpp>

#include <catch2/catch_test_macros.hpp>

#include "layer_check.hpp"
#include "message.hpp"

using namespace descent;

TEST_CASE("nn pad_channels: the contract of layers; zeros around every second row and column") {
    layer_check::check_layer(nn::pad_channels{.channels = 5, .stride = 2}, {{2, 3, 4}}, {.samples = {1, 3}});
    layer_check::bench<nn::pad_channels, float> b(nn::pad_channels{.channels = 4, .stride = 2}, {2, 3, 3}, 1,
                                                  {});
    for (int i = 0; i < 18; ++i)
        b.x[std::size_t(i)] = float(i);
    b.forward(exec::serial{}, true);
    std::vector<float> const expected{0, 0, 0, 0, 0, 2, 6, 8, 9, 11, 15, 17, 0, 0, 0, 0};
    CHECK(layer_check::same_numbers(b.y.data(), expected.data(), 16));
    nn::builder<float> made;
    CHECK(message_of([&] {
              nn::pad_channels{.channels = 2}.bind<float>({3, 4, 4}, made);
          }) == "pad_channels: channels = 2: must be >= the channels of the input, 3");
    CHECK(message_of([&] {
              nn::pad_channels{.channels = 4, .stride = 0}.bind<float>({3, 4, 4}, made);
          }) == "pad_channels: stride = 0: must be >= 1");
    CHECK(message_of([&] {
              nn::pad_channels{.channels = 4}.bind<float>({3, 4}, made);
          }) == "pad_channels: input is [3, 4]: must be [channels, height, width]");
}

TEST_CASE("nn resnet: names and sizes of the ResNet-20") {
    nn::builder<float> b;
    auto const net = nn::resnet20().bind<float>({3, 32, 32}, b);
    CHECK(net.output() == shape{10});
    params<float> const weights(b.trained()), state(b.state());
    descent::index count = 0;
    for (auto const& entry : weights.entries())
        count += entry.size();
    CHECK(count == 269722);  // 0.27 million: He et al., table 6
    CHECK(weights.entries().size() == 59);
    CHECK(weights.entries().front().name == "conv1.weight");
    CHECK(weights["layer2.0.conv1.weight"].extents == shape{32, 16, 3, 3});
    CHECK(weights["layer3.2.bn2.bias"].extents == shape{64});
    CHECK(weights.entries().back().name == "linear.bias");
    CHECK(state["layer1.0.bn1.running_var"].extents == shape{16});
}
