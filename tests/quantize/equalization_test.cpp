// SPDX-License-Identifier: MIT
#include <descent/quantize/equalization.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include <descent/core/random.hpp>
#include <descent/exec/openmp.hpp>
#include <descent/nn/activation.hpp>
#include <descent/nn/batch_norm.hpp>
#include <descent/nn/conv2d.hpp>
#include <descent/nn/dense.hpp>
#include <descent/nn/dropout.hpp>
#include <descent/nn/flatten.hpp>
#include <descent/nn/max_pool.hpp>
#include <descent/nn/named.hpp>
#include <descent/nn/network.hpp>
#include <descent/nn/residual.hpp>
#include <descent/nn/sequential.hpp>
#include <descent/quantize/activation.hpp>
#include <descent/quantize/affine.hpp>
#include <descent/quantize/bias_correction.hpp>

#include "message.hpp"

using namespace descent;
using quantize::layer_pair;

namespace {

generator const draws{.seed = 11, .stream = 0};

matrix<float> normal(descent::index rows, descent::index columns, std::uint64_t first = 0) {
    matrix<float> x(rows, columns);
    for (descent::index i = 0; i < x.size(); ++i)
        x.data()[i] = draws.normal<float>(first + std::uint64_t(i));
    return x;
}

/// Two convolutions, the second of which is by channel, and two dense layers; channels of very different sizes.
auto uneven_net() {
    nn::network net{nn::input<float>{2, 8, 8},
                    nn::sequential{nn::named{"c1", nn::conv2d{.channels = 6, .padding = 1}}, nn::relu{},
                                   nn::max_pool{.size = 2},
                                   nn::named{"c2", nn::conv2d{.channels = 6, .padding = 1, .groups = 6}},
                                   nn::leaky_relu{0.1}, quantize::activation{}, nn::flatten{},
                                   nn::named{"f1", nn::dense{7}}, nn::relu{}, nn::dropout{0.5},
                                   nn::named{"f2", nn::dense{3}}}};
    for (auto const& entry : net.params().entries()) {
        descent::index const rows = entry.extents[0], each = entry.size() / rows;
        for (descent::index i = 0; i < entry.size(); ++i)
            net.params().data()[entry.offset + i] =
                0.3f * draws.normal<float>(std::uint64_t(900 + entry.offset + i)) *
                (entry.name == "f2.weight" ? 1.0f : std::exp2(float(i / each % 5) * 2 - 4));
    }
    return net;
}

template <class Net>
void round_by_tensor(Net& net, int bits) {
    for (auto const& entry : net.params().entries())
        if (entry.extents.rank() > 1)
            quantize::to_affine(net.params()[entry.name], {.bits = bits, .per = quantize::per::tensor})
                .copy_to(net.params().data() + entry.offset);
}

/// A network without numbers.
template <class Layers>
struct described {
    using scalar = float;
    shape input;
    Layers all;
    shape const& input_shape() const { return input; }
    Layers const& layers() const { return all; }
};
template <class Layers>
described(shape, Layers) -> described<Layers>;

std::string names(std::vector<layer_pair> const& pairs) {
    std::string all;
    for (auto const& each : pairs)
        all += text(each.first, "-", each.second, each.relu ? " " : "~ ");
    return all;
}

}  // namespace

TEST_CASE("quantize layer_pairs: layers that read nothing but one other's channels") {
    CHECK(names(quantize::layer_pairs(uneven_net())) == "c1-c2 c2-f1~ f1-f2 ");
    described const blocks{
        {4, 6, 6},
        nn::sequential{nn::conv2d{.channels = 4}, nn::relu{},
                       nn::residual{nn::sequential{nn::conv2d{.channels = 4, .padding = 1}, nn::relu{},
                                                   nn::conv2d{.channels = 4, .padding = 1}, nn::batch_norm{}}},
                       nn::relu{}, nn::conv2d{.channels = 5, .kernel = 1}, nn::batch_norm{}, nn::relu{},
                       nn::conv2d{.channels = 2}, nn::tanh_layer{}, nn::flatten{}, nn::dense{4}, nn::dense{3}}};
    CHECK(names(quantize::layer_pairs(blocks)) == "2.body.0-2.body.2 10-11 ");
    // Dense layers of sequences have their channels last: flatten mixes them with the steps.
    described const steps{
        {3, 2},
        nn::sequential{nn::dense{4}, nn::relu{}, nn::dense{4}, nn::relu{}, nn::flatten{}, nn::dense{5}}};
    CHECK(names(quantize::layer_pairs(steps)) == "0-2 ");
}

TEST_CASE("quantize equalization: both ranges become sqrt(r1 r2)") {
    params<double> w{{"a.weight", {2, 2}}, {"a.bias", {2}}, {"b.weight", {2, 2}}};
    auto const set = [&](char const* name, std::vector<double> const& x) {
        std::copy(x.begin(), x.end(), w[name].data);
    };
    auto const is = [&](char const* name, std::vector<double> const& x) {
        return std::equal(x.begin(), x.end(), w[name].data);
    };
    set("a.weight", {4, -2, 1, 0.5}), set("a.bias", {8, 1}), set("b.weight", {1, 4, 0.25, -16});
    CHECK(quantize::equalize(w, {"a", "b"}) == std::vector<double>{2, 0.25});
    CHECK(is("a.weight", {2, -1, 4, 2}));
    CHECK(is("a.bias", {4, 4}));
    CHECK(is("b.weight", {2, 1, 0.5, -4}));
    set("a.weight", {0, 0, 1, 0.5});  // a channel that is its bias alone
    CHECK(quantize::equalize(w, {"a", "b"})[0] == 1);
    auto const before = w;
    w["b.weight"].data[3] = std::numeric_limits<double>::quiet_NaN();
    CHECK(message_of([&] {
              quantize::equalize(w, {"a", "b"});
          }) == "equalize: 'b.weight' has nan: must be finite");
    CHECK(is("a.weight",
             {before["a.weight"].data[0], 0, before["a.weight"].data[2], before["a.weight"].data[3]}));
    w["b.weight"].data[3] = 1;
    auto const square = w;
    CHECK(message_of([&] {
              quantize::equalize(w, {"a", "a"});
          }) == "equalize: layer 'a' is named twice: must be two layers");
    CHECK(std::equal(square.data(), square.data() + square.arena_size(), w.data()));
    params<float> odd{{"a.weight", {3, 2}}, {"b.weight", {2, 4}}, {"c.weight", {2, 3}}};
    CHECK(message_of([&] {
              quantize::equalize(odd, {"a", "b"});
          }) == "equalize: 'b.weight' [2, 4] does not read the channels of 'a.weight' [3, 2]");
    CHECK(message_of([&] {
              quantize::equalize(odd, {"a", "d"});
          }) == "params: there is no tensor 'd.weight', only 'a.weight', 'b.weight', 'c.weight'");
}

TEST_CASE("quantize equalization: the network computes the same, and one scale a tensor serves it") {
    auto net = uneven_net();
    auto const exact = net;
    matrix<float> const x = normal(40, 2 * 64), y = net.scores(x);
    auto const told = quantize::equalize(net);
    auto const away = [&](auto const& other) { return double((other.scores(x) - y).norm() / y.norm()); };
    CHECK(away(net) < 1e-6);
    REQUIRE(told.size() == 3);
    CHECK(told[2].scales.size() == 7);
    double worst = 0;
    for (auto const& each : told)
        for (double const s : quantize::equalize(net.params(), each.pair))
            worst = std::max(worst, std::fabs(s - 1));
    CHECK(worst < 2e-3);
    auto before = exact, after = net;
    round_by_tensor(before, 8), round_by_tensor(after, 8);
    CHECK(away(after) < 0.3 * away(before));

    auto once = exact;
    auto const scales = quantize::equalize(once, {.tolerance = std::numeric_limits<double>::infinity()});
    CHECK(scales[2].scales.size() == 7);
    CHECK(once.params()["c1.weight"].flat() != exact.params()["c1.weight"].flat());
    CHECK(message_of([&] { quantize::equalize(net, {.sweeps = 0}); }) == "equalize: sweeps = 0: must be >= 1");
    CHECK(message_of([&] { quantize::equalize(net, {.tolerance = -1}); }) ==
          "equalize: tolerance = -1: must be >= 0");
    quantize::calibrate(net, x);
    CHECK(message_of([&] { quantize::equalize(net); }) ==
          "equalize: '5.scale' is calibrated: must come before");
    nn::network one{nn::input<float>{2, 8, 8}, nn::sequential{nn::flatten{}, nn::named{"x", nn::dense{3}}}};
    CHECK(message_of([&] { quantize::equalize(one); }) ==
          "equalize: the network has no two layers, one behind the other, with relu between");
}

TEST_CASE("quantize equalization: high biases go into the next layer") {
    nn::network net{nn::input<float>{3},
                    nn::sequential{nn::named{"a", nn::dense{5}}, nn::relu{}, nn::named{"b", nn::dense{4}},
                                   nn::leaky_relu{0.1}, nn::named{"c", nn::dense{2}}}};
    auto const bias = net.params()["a.bias"], next = net.params()["b.bias"];
    for (descent::index i = 0; i < 5; ++i)
        bias.data[i] = i < 3 ? 40.0f : -1.0f;
    matrix<float> const x = normal(300, 3), y = net.scores(x);
    auto const moments = quantize::channel_moments(net, x, exec::openmp{.threads = 2});
    REQUIRE(moments.size() == 3);
    matrix<float> const sums =
        (x * net.params()["a.weight"].matrix().transpose()).rowwise() + bias.flat().transpose();
    double worst = 0;
    for (descent::index c = 0; c < 5; ++c) {
        double const mean = sums.col(c).mean(),
                     deviation = std::sqrt((sums.col(c).array() - float(mean)).square().mean());
        worst = std::max(worst, std::fabs(moments[0].means[std::size_t(c)] - mean));
        worst = std::max(worst, std::fabs(moments[0].deviations[std::size_t(c)] - deviation));
    }
    CHECK(worst < 1e-4);
    CHECK(quantize::absorb_high_bias(net, x, 6) == 3);
    CHECK((net.scores(x) - y).norm() < 1e-4f * y.norm());
    CHECK(bias.data[0] < 35);
    CHECK(bias.data[4] == -1);
    double sum = 0;
    for (descent::index c = 0; c < 5; ++c)
        sum += (c < 3 ? 40.0 - double(bias.data[c]) : 0) * double(net.params()["b.weight"].data[c]);
    CHECK(std::fabs(sum - double(next.data[0])) < 1e-3);

    layer_pair const pair{"a", "b"};
    std::vector<double> const five(5, 1.0);
    auto const refused = [&](layer_pair const& of, std::vector<double> const& means, double sigmas) {
        return message_of([&] { quantize::absorb_high_bias(net.params(), of, means, five, sigmas); });
    };
    CHECK(refused(pair, {1}, 3) == "absorb_high_bias: 1 means and 5 deviations for 5 channels of 'a'");
    CHECK(refused({"a", "b", false}, five, 3) == "absorb_high_bias: between 'a' and 'b' is more than relu");
    CHECK(refused(pair, five, -1) == "absorb_high_bias: sigmas = -1: must be >= 0");
    CHECK(message_of([&] { quantize::absorb_high_bias(net, matrix<float>(0, 3)); }) ==
          "absorb_high_bias: there are no rows");
    auto const before = net.params();
    std::vector<double> nan = five;
    nan[2] = std::numeric_limits<double>::quiet_NaN();
    CHECK(refused(pair, nan, 3) == "absorb_high_bias: 'a': mean 2 = nan, deviation 1: must be finite");
    matrix<float> bad = x;
    bad(7, 1) = std::numeric_limits<float>::quiet_NaN();
    CHECK(message_of([&] { quantize::absorb_high_bias(net, bad); }) ==
          "absorb_high_bias: 'a': mean 0 = nan, deviation 0: must be finite");
    CHECK(std::equal(before.data(), before.data() + before.arena_size(), net.params().data()));
}

TEST_CASE("quantize bias_correction: mean errors of all channels are gone, and most of the outputs'") {
    auto const exact = uneven_net();
    auto net = exact;
    matrix<float> x = normal(300, 2 * 64);
    x.array() += 0.5f;
    for (auto const& entry : net.params().entries())
        if (entry.extents.rank() > 1)
            quantize::to_affine(net.params()[entry.name], {.bits = 3})
                .copy_to(net.params().data() + entry.offset);
    quantize::calibrate(net, x);
    auto const rounded = net;
    matrix<float> const y = exact.scores(x), fresh = normal(300, 2 * 64, 500000).array() + 0.5f;
    auto const told = quantize::correct_bias(net, exact, x);
    REQUIRE(told.size() == 4);
    CHECK(told[0].layer == "c1");
    CHECK(told[3].error.size() == 3);
    auto const want = quantize::channel_moments(exact, x), now = quantize::channel_moments(net, x);
    double worst = 0;
    for (std::size_t k = 0; k < want.size(); ++k)
        for (std::size_t c = 0; c < want[k].means.size(); ++c)
            worst =
                std::max(worst, std::fabs(want[k].means[c] - now[k].means[c]) / (1e-3 + want[k].deviations[c]));
    CHECK(worst < 1e-3);
    auto const error = [&](auto const& other) {
        return double((other.scores(fresh) - exact.scores(fresh)).squaredNorm());
    };
    CHECK(error(net) < 0.8 * error(rounded));
    CHECK((net.params()["c1.weight"].flat() - rounded.params()["c1.weight"].flat()).norm() == 0);

    CHECK(message_of([&] { quantize::correct_bias(net, exact, matrix<float>(0, 128)); }) ==
          "correct_bias: there are no rows");
    nn::network other{nn::input<float>{2, 8, 8}, nn::sequential{nn::flatten{}, nn::named{"x", nn::dense{3}}}},
        wide{nn::input<float>{2, 8, 8}, nn::sequential{nn::flatten{}, nn::named{"x", nn::dense{4}}}},
        bare{nn::input<float>{2, 8, 8},
             nn::sequential{nn::flatten{}, nn::named{"x", nn::dense{.outputs = 3, .bias = false}}}};
    CHECK(message_of([&] { quantize::correct_bias(other, exact, x); }) ==
          "correct_bias: the exact network has no layer 'x'");
    CHECK(message_of([&] { quantize::correct_bias(other, wide, x); }) ==
          "correct_bias: 'x' gives 3 channels, the exact network's 4");
    CHECK(message_of([&] { quantize::correct_bias(bare, other, x); }) == "correct_bias: no layer has a bias");
    auto const before = net.params();
    x(7, 1) = std::numeric_limits<float>::quiet_NaN();
    CHECK(message_of([&] {
              quantize::correct_bias(net, exact, x);
          }).starts_with("correct_bias: 'c1': channel 0 gives "));
    CHECK(std::equal(before.data(), before.data() + before.arena_size(), net.params().data()));
}

TEST_CASE("quantize bias_correction: from means alone") {
    using quantize::clipped_normal_mean;
    double const infinity = std::numeric_limits<double>::infinity();
    // By numeric integration.
    CHECK(std::fabs(clipped_normal_mean(0, 1) - 0.398942280401433) < 1e-14);
    CHECK(std::fabs(clipped_normal_mean(1, 2) - 1.395593114802612) < 1e-12);
    CHECK(std::fabs(clipped_normal_mean(1, 2, 0, 3) - 1.22896217) < 1e-7);
    CHECK(clipped_normal_mean(-3, 0) == 0);
    CHECK(clipped_normal_mean(-3, 1, -infinity, infinity) == -3);
    // In the tails, where it is density(z) / z^2 (1 - 3 / z^2 + 15 / z^4 - ...).
    CHECK(std::fabs(clipped_normal_mean(-8, 1) / 7.550260e-17 - 1) < 1e-3);
    CHECK(message_of([] { clipped_normal_mean(0, -1); }) ==
          "clipped_normal_mean: deviation = -1: must be >= 0");
    CHECK(message_of([] { clipped_normal_mean(0, 1, 2, 1); }) ==
          "clipped_normal_mean: low = 2: must be <= high = 1");

    params<double> w{{"exact", {2, 2, 2}}, {"rounded", {2, 2, 2}}, {"bias", {2}}};
    auto const exact = w["exact"], rounded = w["rounded"], bias = w["bias"];
    for (int i = 0; i < 8; ++i)
        exact.data[i] = i, rounded.data[i] = i + (i % 3 == 0 ? 0.5 : -0.25);
    // Row 0: +.5 -.25 | -.25 +.5; row 1: -.25 -.25 | +.5 -.25
    auto const errors = quantize::correct_bias(bias, exact, rounded, {10, 100});
    CHECK(errors == std::vector<double>{0.25 * 10 + 0.25 * 100, -0.5 * 10 + 0.25 * 100});
    CHECK(bias.data[0] == -errors[0]);
    CHECK(bias.data[1] == -errors[1]);
    CHECK(message_of([&] {
              quantize::correct_bias(bias, exact, rounded, {1, 2, 3});
          }) == "correct_bias: exact weight [2, 2, 2], rounded [2, 2, 2], bias [2], 3 means");
    CHECK(message_of([&] {
              quantize::correct_bias(bias, exact, rounded, {1, infinity});
          }).starts_with("correct_bias: the error of output 0 is "));
    CHECK(bias.data[1] == -errors[1]);
}
