// SPDX-License-Identifier: MIT
#include <descent/nn/activation.hpp>

#include <cmath>

#include <catch2/catch_test_macros.hpp>

#include "layer_check.hpp"
#include "message.hpp"

using namespace descent;

TEST_CASE("nn activations: the contract of layers") {
    std::vector<shape> const shapes{{1}, {7}, {2, 3, 5}, {40}};
    layer_check::check_layer(nn::relu{}, shapes);
    layer_check::check_layer(nn::leaky_relu{}, shapes);
    layer_check::check_layer(nn::tanh_layer{}, shapes);
    layer_check::check_layer(nn::sigmoid_layer{}, shapes);
    layer_check::check_layer(nn::silu{}, shapes);
    layer_check::check_layer(nn::gelu{}, shapes);
}

TEST_CASE("nn activations: values of torch") {
    // torch.nn.functional in float64 at 1.5 and -0.75
    CHECK(nn::relu::value(1.5) == 1.5);
    CHECK(nn::relu::value(-0.75) == 0);
    CHECK(std::isnan(nn::relu::value(std::nan(""))));
    CHECK(std::fabs(nn::leaky_relu{0.2}.value(-0.75) - -0.15) < 1e-15);
    CHECK(std::fabs(nn::silu::value(1.5) - 1.5 / (1 + std::exp(-1.5))) < 1e-15);
    CHECK(std::fabs(nn::gelu::value(1.5) -
                    0.5 * 1.5 * (1 + std::tanh(std::sqrt(2 / M_PI) * (1.5 + 0.044715 * 3.375)))) < 1e-15);
}

TEST_CASE("nn leaky_relu: a slope that is not positive is refused") {
    nn::builder<float> b;
    CHECK(message_of([&] { nn::leaky_relu{0}.bind<float>({3}, b); }) ==
          "leaky_relu: slope = 0: must be finite and > 0");
}
