// SPDX-License-Identifier: MIT
#include <descent/nn/dense.hpp>
#include <descent/nn/dropout.hpp>
#include <descent/nn/initializer.hpp>

#include <cmath>
#include <numeric>

#include <catch2/catch_test_macros.hpp>

#include "layer_check.hpp"
#include "message.hpp"

using namespace descent;

namespace {

struct moments {
    double mean, deviation, largest;
};

moments of(nn::initializer const& how, double fan_in, double fan_out) {
    std::vector<double> w(40000);
    nn::detail::initialize(how, w.data(), 200, 200, fan_in, fan_out, generator{1});
    double mean = 0, square = 0, largest = 0;
    for (double const each : w) {
        mean += each / double(w.size());
        square += each * each / double(w.size());
        largest = std::max(largest, std::fabs(each));
    }
    return {mean, std::sqrt(square), largest};
}

}  // namespace

TEST_CASE("nn initializer: spreads of the papers") {
    // 40000 draws: the deviation is within 1 % of the law's, the mean within 0.025 deviations (five standard
    // errors).
    auto const near = [](moments const& m, double deviation) {
        return std::fabs(m.deviation / deviation - 1) < 0.01 * 2 && std::fabs(m.mean) < 0.025 * deviation;
    };
    CHECK(near(of(nn::he_normal, 50, 8), std::sqrt(2.0 / 50)));
    CHECK(near(of(nn::he_uniform, 50, 8), std::sqrt(2.0 / 50)));
    CHECK(near(of(nn::glorot_normal, 50, 30), std::sqrt(2.0 / 80)));
    CHECK(near(of(nn::glorot_uniform, 50, 30), std::sqrt(2.0 / 80)));
    CHECK(near(of(nn::lecun_normal, 50, 8), std::sqrt(1.0 / 50)));
    CHECK(near(of(nn::lecun_uniform, 50, 8), std::sqrt(1.0 / 50)));
    CHECK(near(of(nn::normal(0.3), 50, 8), 0.3));
    CHECK(of(nn::torch_uniform, 64, 8).largest <= 0.125);
    CHECK(of(nn::torch_uniform, 64, 8).largest > 0.1249);
    CHECK(of(nn::uniform(0.5), 1, 1).largest <= 0.5);
    CHECK(of(nn::ones, 1, 1).largest == 1);
    CHECK(std::fabs(of(nn::ones, 1, 1).mean - 1) < 1e-9);
}

TEST_CASE("nn initializer: orthogonal rows or columns, whichever are fewer") {
    for (auto const& [rows, cols] : {std::pair<descent::index, descent::index>{5, 9}, {9, 5}, {6, 6}, {1, 4}}) {
        matrix<double> w(rows, cols);
        nn::detail::initialize(nn::orthogonal, w.data(), rows, cols, 1, 1, generator{1});
        matrix<double> const product =
            rows <= cols ? matrix<double>(w * w.transpose()) : matrix<double>(w.transpose() * w);
        CHECK((product - matrix<double>::Identity(product.rows(), product.cols())).cwiseAbs().maxCoeff() <
              1e-14);
    }
}

TEST_CASE("nn dropout: the contract of layers, and the share that is dropped") {
    layer_check::check_layer(nn::dropout{0.4}, {{3}, {2, 9}});
    layer_check::check_layer(nn::dropout{0}, {{5}});
    layer_check::bench<nn::dropout, float> b(nn::dropout{0.25}, {1000}, 20, {});
    b.forward(exec::serial{}, true);
    int dropped = 0;
    for (std::size_t i = 0; i < 20000; ++i) {
        dropped += b.y[i] == 0;
        CHECK((b.y[i] == 0 || std::fabs(b.y[i] - b.x[i] / 0.75f) <= 1e-6f * std::fabs(b.y[i])));
    }
    CHECK(std::abs(dropped - 5000) < 5 * 62);  // five standard deviations
    b.forward(exec::serial{}, false);
    CHECK(std::equal(b.x.begin(), b.x.begin() + 20000, b.y.begin()));
    nn::builder<float> builder;
    CHECK(message_of([&] { nn::dropout{1}.bind<float>({3}, builder); }) ==
          "dropout: probability = 1: must be in [0, 1)");
}
