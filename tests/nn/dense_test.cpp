// SPDX-License-Identifier: MIT
#include <descent/nn/dense.hpp>

#include <catch2/catch_test_macros.hpp>

#include "layer_check.hpp"
#include "message.hpp"

using namespace descent;

TEST_CASE("nn dense: the contract of layers") {
    layer_check::check_layer(nn::dense{5}, {{1}, {4}, {33}, {3, 4}});
    layer_check::check_layer(nn::dense{.outputs = 70, .bias = false}, {{9}, {2, 31}});
}

TEST_CASE("nn dense: y = W x + b") {
    layer_check::bench<nn::dense, double> b(nn::dense{2}, {3}, 2, {});
    b.value();
    auto const w = b.weights["weight"].matrix();
    auto const bias = b.weights["bias"].flat();
    for (descent::index s = 0; s < 2; ++s)
        for (descent::index o = 0; o < 2; ++o) {
            double z = bias[o];
            for (descent::index i = 0; i < 3; ++i)
                z += w(o, i) * b.x[std::size_t(s * 3 + i)];
            CHECK(std::fabs(b.y[std::size_t(s * 2 + o)] - z) < 1e-14);
        }
}

TEST_CASE("nn dense: shapes are checked when it is bound") {
    nn::builder<float> b;
    CHECK(message_of([&] { nn::dense{0}.bind<float>({3}, b); }) == "dense: outputs = 0: must be >= 1");
    CHECK(message_of([&] {
              nn::dense{3}.bind<float>({3, 4, 5}, b);
          }) ==
          "dense: input is [3, 4, 5]: must be [features] or [steps, features]; nn::flatten{} makes a vector");
}
