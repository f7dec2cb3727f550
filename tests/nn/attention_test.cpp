// SPDX-License-Identifier: MIT
#include <descent/nn/attention.hpp>

#include <catch2/catch_test_macros.hpp>

#include "golden.hpp"
#include "message.hpp"

using namespace descent;

namespace {

std::string refused(nn::attention const& layer, shape const& input) {
    return message_of([&] {
        nn::builder<float> b;
        layer.bind<float>(input, b);
    });
}

}  // namespace

TEST_CASE("nn attention: the contract of layers, with and without lengths") {
    layer_check::options how{.samples = {1, 6}};
    layer_check::check_layer(nn::attention{}, {{1, 1}, {5, 3}}, how);
    layer_check::check_layer(nn::attention{.heads = 2, .dropout = 0.3}, {{9, 4}}, how);
    how.lengths = {4, 0, 2, 1};
    layer_check::check_layer(nn::attention{.heads = 3}, {{4, 6}}, how);
    layer_check::check_layer(nn::attention{.heads = 2, .dropout = 0.3}, {{4, 2}}, how);
}

// m = torch.nn.MultiheadAttention(6, 2, batch_first=True)
// for i, w in enumerate(m.parameters()): w.copy_(wave(*w.shape, a=.3 + .1 * i, b=.2))
// x = wave(2, 4, 6, a=.7, b=.2); mask = torch.tensor([[False] * 4, [False, False, True, True]])
// y = m(x, x, x, key_padding_mask=mask, need_weights=False)[0] * (~mask)[:, :, None]
// (y * wave(2, 4, 6, a=1.1, b=.3)).sum().backward()
TEST_CASE("nn attention: the numbers of torch.nn.MultiheadAttention") {
    layer_check::bench<nn::attention, double> b(nn::attention{.heads = 2}, {4, 6}, 2, {.lengths = {4, 2}});
    golden::wave(b, "in_proj_weight", 0.3, 0.2);
    golden::wave(b, "in_proj_bias", 0.4, 0.2);
    golden::wave(b, "out_proj.weight", 0.5, 0.2);
    golden::wave(b, "out_proj.bias", 0.6, 0.2);
    golden::wave(b.x.data(), 48, 0.7, 0.2);
    golden::wave(b.c.data(), 48, 1.1, 0.3);
    b.value();
    b.backward();
    CHECK(golden::agree(b.y.data(), 48,
                        {{-0.004642811814653813, 0.33936837047946955, 1.937171886644097}, 13.445915454302304}));
    CHECK(golden::agree(
        b.dx.data(), 48,
        {{0.03860660714341829, 0.005638761079657939, -0.027832778717701498}, -6.513703157092959}));
    CHECK(golden::agree(
        b.slopes["in_proj_weight"],
        {{0.006659944307020931, 0.011658519122648793, 0.011173910225508552}, -2.2902643346258014}));
    CHECK(golden::agree(
        b.slopes["in_proj_bias"],
        {{-0.0031239474707376556, -0.10200376514296063, 0.04947488568486236}, -0.1379597153950184}));
    CHECK(golden::agree(b.slopes["out_proj.weight"],
                        {{-1.6766899870581262, -1.7558973238470816, -5.650219641869103}, -0.7342069735131485}));
    CHECK(golden::agree(b.slopes["out_proj.bias"],
                        {{4.57819143289286, 4.194374938850925, -0.7730870247580133}, 1.0033903582421049}));
}

TEST_CASE("nn attention: shapes are checked when it is bound") {
    CHECK(refused({}, {3}) == "attention: input is [3]: must be [steps, features]");
    CHECK(refused({.heads = 2}, {3, 5}) == "attention: heads = 2: must divide the 5 features");
    CHECK(refused({.heads = 0}, {3, 5}) == "attention: heads = 0: must divide the 5 features");
    CHECK(refused({.dropout = 1}, {3, 5}) == "attention: dropout = 1: must be in [0, 1)");
}
