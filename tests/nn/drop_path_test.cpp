// SPDX-License-Identifier: MIT
#include <descent/nn/dense.hpp>
#include <descent/nn/drop_path.hpp>
#include <descent/nn/residual.hpp>
#include <descent/nn/sequential.hpp>

#include <algorithm>
#include <cmath>

#include <catch2/catch_test_macros.hpp>

#include "layer_check.hpp"
#include "message.hpp"

using namespace descent;

TEST_CASE("nn drop_path: the contract of layers, alone and in a residual block") {
    layer_check::check_layer(nn::drop_path{0.5}, {{3}, {2, 9}});
    layer_check::check_layer(nn::residual{nn::sequential{nn::dense{4}, nn::drop_path{0.4}}}, {{4}});
}

TEST_CASE("nn drop_path: whole samples are dropped, as many as were asked for") {
    layer_check::bench<nn::drop_path, double> b(nn::drop_path{0.25}, {10}, 4000, {});
    b.forward(exec::serial{}, true);
    int dropped = 0;
    for (std::size_t sample = 0; sample < 4000; ++sample) {
        double const* const y = b.y.data() + sample * 10;
        auto const zeros = std::count(y, y + 10, 0.0);
        CHECK((zeros == 10 || (zeros == 0 && std::fabs(y[3] * 0.75 - b.x[sample * 10 + 3]) < 1e-15)));
        dropped += zeros == 10;
    }
    CHECK(std::abs(dropped - 1000) < 5 * 28);  // five standard deviations
    b.forward(exec::serial{}, false);
    CHECK(std::equal(b.x.begin(), b.x.begin() + 40000, b.y.begin()));
    nn::builder<float> builder;
    CHECK(message_of([&] { nn::drop_path{-0.1}.bind<float>({3}, builder); }) ==
          "drop_path: probability = -0.1: must be in [0, 1)");
}
