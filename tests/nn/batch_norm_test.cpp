// SPDX-License-Identifier: MIT
#include <descent/nn/batch_norm.hpp>

#include <catch2/catch_test_macros.hpp>

#include "layer_check.hpp"
#include "message.hpp"

using namespace descent;

TEST_CASE("nn batch_norm: the contract of layers") {
    layer_check::options const few{.samples = {3, 17}};
    layer_check::check_layer(nn::batch_norm{}, {{1}, {67}, {3, 5}, {5, 3, 7}}, few);
    layer_check::check_layer(nn::batch_norm{.momentum = 0.3, .epsilon = 0.01}, {{2, 4, 4}}, {.samples = {1}});
}

TEST_CASE("nn batch_norm: statistics of the batch in training, running ones in evaluation") {
    for (shape const& input : {shape{2, 1, 3}, shape{2}}) {
        bool const image = input.rank() == 3;
        layer_check::bench<nn::batch_norm, double> b(nn::batch_norm{}, input, 2, {});
        b.weights["weight"].flat().setConstant(2), b.weights["bias"].flat().setConstant(1);
        // Channel 0 of the image: 1 2 3 | 4 5 6, of the vector: 1 | 4; channel 1 is constant.
        double const numbers[] = {1, 2, 3, 7, 7, 7, 4, 5, 6, 7, 7, 7}, features[] = {1, 7, 4, 7};
        std::copy_n(image ? numbers : features, image ? 12 : 4, b.x.data());
        b.forward(exec::serial{}, true);
        // Variances: 35/12 over 6 numbers and 3.5 over 5; 2.25 over 2 and 4.5 over 1.
        double const mean = image ? 3.5 : 2.5, spread = image ? 35.0 / 12 : 2.25, wide = image ? 3.5 : 4.5;
        CHECK(std::fabs(b.y[0] - (1 + 2 * (1 - mean) / std::sqrt(spread + 1e-5))) < 1e-14);
        CHECK(b.y[image ? 3 : 1] == 1);
        CHECK(std::fabs(b.state["running_mean"].flat()[0] - 0.1 * mean) < 1e-15);
        CHECK(std::fabs(b.state["running_mean"].flat()[1] - 0.7) < 1e-15);
        CHECK(std::fabs(b.state["running_var"].flat()[0] - (0.9 + 0.1 * wide)) < 1e-15);
        CHECK(std::fabs(b.state["running_var"].flat()[1] - 0.9) < 1e-15);
        b.forward(exec::serial{}, false);  // state begins anew: mean 0, variance 1
        CHECK(std::fabs(b.y[0] - (1 + 2 / std::sqrt(1 + 1e-5))) < 1e-14);
        CHECK(b.state["running_mean"].flat()[0] == 0);
    }
}

TEST_CASE("nn batch_norm: one number a channel has no variance to train with") {
    layer_check::bench<nn::batch_norm, double> b(nn::batch_norm{}, {3}, 1, {});
    CHECK(message_of([&] { b.forward(exec::serial{}, true); }) ==
          "batch_norm: a training batch of 1 sample: must be of 2 or more, for a variance");
    b.forward(exec::serial{}, false);
    CHECK(std::isfinite(b.y[0]));
}

TEST_CASE("nn batch_norm: shapes are checked when it is bound") {
    nn::builder<float> b;
    auto const said = [&](nn::batch_norm const& d, shape const& input) {
        return message_of([&] { d.bind<float>(input, b); });
    };
    CHECK(said({}, {1, 2, 3, 4}) ==
          "batch_norm: input is [1, 2, 3, 4]: must be [channels, height, width], "
          "[channels, length] or [features]");
    CHECK(said({.epsilon = 0}, {4}) == "batch_norm: epsilon = 0: must be > 0");
    CHECK(said({.momentum = 1.5}, {4}) == "batch_norm: momentum = 1.5: must be in [0, 1]");
}
