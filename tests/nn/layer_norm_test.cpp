// SPDX-License-Identifier: MIT
#include <descent/nn/layer_norm.hpp>

#include <descent/nn/softmax.hpp>

#include <catch2/catch_test_macros.hpp>

#include "golden.hpp"
#include "message.hpp"

using namespace descent;

TEST_CASE("nn layer_norm: the contract of layers") {
    layer_check::check_layer(nn::layer_norm{}, {{2}, {17}, {3, 5}, {2, 3, 33}}, {.samples = {1, 7}});
}

TEST_CASE("nn layer_norm: a row of one number, or of equal ones, is the bias") {
    layer_check::bench<nn::layer_norm, double> b(nn::layer_norm{}, {3}, 1, {});
    std::fill_n(b.x.data(), 3, 1e9);
    b.value();
    CHECK(std::equal(b.y.data(), b.y.data() + 3, b.weights["bias"].data));
}

// x = wave(2, 3, 5, a=.7, b=.2); y = torch.nn.functional.layer_norm(x, (5,), 1 + wave(5, a=.37, b=.1), wave(5,
// a=.37, b=.5)); (y * wave(2, 3, 5, a=1.1, b=.3)).sum().backward()
TEST_CASE("nn layer_norm: the numbers of torch.nn.LayerNorm") {
    layer_check::bench<nn::layer_norm, double> b(nn::layer_norm{}, {3, 5}, 2, {});
    golden::wave(b, "weight", 0.37, 0.1, 1);
    golden::wave(b, "bias", 0.37, 0.5);
    golden::wave(b.x.data(), 30, 0.7, 0.2);
    golden::wave(b.c.data(), 30, 1.1, 0.3);
    b.value();
    b.backward();
    CHECK(golden::agree(b.y.data(), 30,
                        {{-0.7287333544328994, 1.6565588883572362, 3.1223076445257556, 1.9745995421961284,
                          -1.6166449522485773, 0.48335548810668444},
                         25.980842674641536}));
    CHECK(golden::agree(b.dx.data(), 30,
                        {{3.5118258781896365, 2.8135618670086555, 0.22078457788780304, -3.6358620585134376,
                          -2.9103102645726584, -1.8026639813126053},
                         0}));
    CHECK(golden::agree(b.slopes["weight"], {{-1.094683843549778, 0.23341981114790833, 0.04724657835847748,
                                              -0.6270238018855601, 0.574542860408015},
                                             -0.8664983955209373}));
    CHECK(golden::agree(b.slopes["bias"], {{-1.8578868929028687, -0.9874246908280835, 0.9621028729839334,
                                            1.8602369540239163, 0.7254896615716246},
                                           0.7025179048485222}));
}

TEST_CASE("nn softmax: the contract of layers, torch's numbers, and large inputs") {
    layer_check::check_layer(nn::softmax{}, {{1}, {4}, {3, 17}}, {.samples = {1, 7}});
    // x = wave(2, 5, a=.7, b=.2); y = x.softmax(-1); (y * wave(2, 5, a=1.1, b=.3)).sum().backward()
    layer_check::bench<nn::softmax, double> b(nn::softmax{}, {5}, 2, {});
    golden::wave(b.x.data(), 10, 0.7, 0.2);
    golden::wave(b.c.data(), 10, 1.1, 0.3);
    b.value();
    b.backward();
    CHECK(golden::agree(b.y.data(), 10,
                        {{0.12996922442617168, 0.23321371526893186, 0.28951350910299256, 0.2246028134298582,
                          0.12270073777204567, 0.18173007795454127},
                         2}));
    CHECK(golden::agree(b.dx.data(), 10,
                        {{0.009891719736520055, 0.1786504963337962, 0.10974302166424006, -0.14867189745580742,
                          -0.14961334027874892, -0.0661714303595455},
                         0}));
    layer_check::bench<nn::softmax, float> wide(nn::softmax{}, {3}, 1, {});
    wide.x[0] = 3e38f, wide.x[1] = -3e38f, wide.x[2] = 3e38f;
    wide.value();
    CHECK((wide.y[0] == 0.5f && wide.y[1] == 0 && wide.y[2] == 0.5f));
}

TEST_CASE("nn layer_norm and softmax: shapes are checked when they are bound") {
    nn::builder<float> b;
    CHECK(message_of([&] {
              nn::layer_norm{}.bind<float>({3, 0}, b);
          }) == "layer_norm: input is [3, 0]: must have numbers along a last axis");
    CHECK(message_of([&] { nn::layer_norm{.epsilon = -1}.bind<float>({3}, b); }) ==
          "layer_norm: epsilon = -1: must be > 0");
    CHECK(message_of([&] { nn::softmax{}.bind<float>({}, b); }) ==
          "softmax: input is []: must have numbers along a last axis");
}
