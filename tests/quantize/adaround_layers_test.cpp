// SPDX-License-Identifier: MIT
#include <descent/quantize/adaround_layers.hpp>

#include <cmath>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include <descent/core/random.hpp>
#include <descent/exec/openmp.hpp>
#include <descent/loss/squared.hpp>
#include <descent/nn/activation.hpp>
#include <descent/nn/batch_norm.hpp>
#include <descent/nn/conv1d.hpp>
#include <descent/nn/conv2d.hpp>
#include <descent/nn/dense.hpp>
#include <descent/nn/flatten.hpp>
#include <descent/nn/max_pool.hpp>
#include <descent/nn/named.hpp>
#include <descent/nn/network.hpp>
#include <descent/nn/parallel.hpp>
#include <descent/nn/residual.hpp>
#include <descent/nn/sequential.hpp>
#include <descent/optim/adam.hpp>
#include <descent/optim/chain.hpp>
#include <descent/optim/rate.hpp>
#include <descent/train/fit.hpp>

#include "message.hpp"

using namespace descent;
using quantize::adaround_layers;
using quantize::affine_options;

namespace {

template <class T = float>
matrix<T> normal(descent::index rows, descent::index columns, std::uint64_t first) {
    matrix<T> x(rows, columns);
    generator const draws{.seed = 31, .stream = 0};
    for (descent::index i = 0; i < x.size(); ++i)
        x.data()[i] = draws.normal<T>(first + std::uint64_t(i));
    return x;
}

/// Images of 8 x 8 with a stripe; its row is the class.
data::dataset<float> stripes(descent::index samples, std::uint64_t first) {
    data::dataset<float> table{.x = normal(samples, 64, first), .y = vector<float>(samples)};
    for (descent::index i = 0; i < samples; ++i) {
        table.y[i] = float(i % 4);
        for (descent::index c = 0; c < 8; ++c)
            table.x(i, (2 * (i % 4) + c % 2) * 8 + c) += 1.2f;
    }
    return table;
}

template <class Network>
double away(Network const& a, Network const& b, matrix<typename Network::scalar> const& rows) {
    return (a.scores(rows) - b.scores(rows)).template cast<double>().squaredNorm();
}

template <class Network>
Network nearest(Network net, affine_options const& options) {
    for (auto const& entry : net.params().entries())
        if (entry.extents.rank() > 1) {
            auto const weight = net.params()[entry.name];
            quantize::to_affine(weight, options).copy_to(weight.data);
        }
    return net;
}

}  // namespace

TEST_CASE(
    "quantize adaround_layers: a trained network gives nearly what it gave, where the nearest codes do not") {
    auto const train = stripes(600, 0), test = stripes(300, 1'000'000);
    nn::network net{
        nn::input<float>{1, 8, 8},
        nn::sequential{nn::conv2d{.channels = 8, .padding = 1}, nn::relu{},
                       nn::residual{nn::sequential{nn::conv2d{.channels = 8, .padding = 1}, nn::relu{},
                                                   nn::conv2d{.channels = 8, .padding = 1, .groups = 4}}},
                       nn::relu{}, nn::max_pool{}, nn::flatten{}, nn::dense{16}, nn::relu{}, nn::dense{4}}};
    fit(net, train, chain(adam{}, rate{3e-3}), {.epochs = 6, .batch = 32});
    for (int const bits : {4, 3})
        for (auto const& options :
             {affine_options{.bits = bits},
              {.bits = bits, .symmetric = false, .per = quantize::per::group, .group = 9}}) {
            auto rounded = net;
            std::vector<std::pair<descent::index, descent::index>> told;
            auto const codes =
                adaround_layers(rounded, train.x.topRows(256), options, {.steps = 800}, exec::serial{},
                                [&](descent::index done, descent::index all) { told.emplace_back(done, all); });
            auto const near = nearest(net, options);
            double const learned = away(rounded, net, test.x), by_nearest = away(near, net, test.x);
            CAPTURE(bits, options.symmetric, learned, by_nearest);
            CHECK(learned < 0.5 * by_nearest);
            CHECK(told == std::vector<std::pair<descent::index, descent::index>>{
                              {1, 5}, {2, 5}, {3, 5}, {4, 5}, {5, 5}});
            REQUIRE(codes.size() == 5);
            CHECK(codes[2].name == "2.body.2.weight");
            // Biases stay; what the codes stand for is what the network has, as a packed file demands.
            CHECK(rounded.params()["0.bias"].flat() == net.params()["0.bias"].flat());
            auto read = net;
            quantize::unpack(read, quantize::pack(rounded, codes).bytes);
            CHECK(away(read, rounded, test.x) == 0);
            if (!options.symmetric) {
                auto threaded = net;
                adaround_layers(threaded, train.x.topRows(256), options, {.steps = 800},
                                exec::openmp{.threads = 2});
                CHECK(away(threaded, rounded, test.x) == 0);
            }
        }
}

TEST_CASE("quantize adaround_layers: a dense layer alone is adaround of its samples") {
    matrix<float> const x = normal(60, 9, 5);
    nn::network net{nn::input<float>{9}, nn::sequential{nn::dense{5}, nn::relu{}}, loss::squared{}};
    net.params()["0.bias"].flat() << 0.1f, -0.2f, 0.3f, -0.4f, 0.5f;
    matrix<float> const w = net.params()["0.weight"].matrix(), y = net.scores(x);
    vector<float> const bias = net.params()["0.bias"].flat();
    auto const alone = quantize::adaround(tensor_view<float const>{w.data(), {5, 9}}, {x, y, bias, true},
                                          affine_options{.bits = 3});
    CHECK(adaround_layers(net, x, {.bits = 3}).at(0).codes.codes == alone.codes);
}

TEST_CASE("quantize adaround_layers: a layer sees what those in front give once they are rounded") {
    // A first layer of two bits is far off; a second that knows its outputs makes up for that.
    matrix<float> const x = normal(500, 12, 5);
    nn::network net{nn::input<float>{12}, nn::sequential{nn::dense{24}, nn::relu{}, nn::dense{6}},
                    loss::squared{}};
    affine_options const three{.bits = 3};
    auto seen = net, blind = net;
    adaround_layers(seen, x, three);
    matrix<float> const hidden = (x * net.params()["0.weight"].matrix().transpose()).cwiseMax(0.0f);
    blind.params()["0.weight"].flat() = seen.params()["0.weight"].flat();
    auto const last = blind.params()["2.weight"];
    quantize::adaround(last, {hidden, net.scores(x), {}, false}, three).copy_to(last.data);
    CAPTURE(away(seen, net, x), away(blind, net, x));
    CHECK(away(seen, net, x) < away(blind, net, x));
}

TEST_CASE("quantize adaround_layers: what convolutions read, times their weights, is what they give") {
    auto const check = [](auto const& net) {
        using T = typename std::remove_cvref_t<decltype(net)>::scalar;
        matrix<T> const rows = normal<T>(70, net.features(), 900);  // more than a network is shown at once
        for (auto layer : quantize::detail::layers_to_round("adaround", net, 70))
            for (descent::index const every : {1, 7}) {
                layer.every = every;
                auto const told = quantize::detail::samples_of(net, net, rows, layer, exec::serial{});
                auto const weight = net.params()[quantize::detail::tensor_of(layer.place.name, "weight")];
                CAPTURE(layer.place.name, layer.relu);
                for (std::size_t g = 0; g < told.size(); ++g) {
                    matrix_view<T const> const w(weight.data + descent::index(g) * layer.rows * layer.columns,
                                                 layer.rows, layer.columns);
                    matrix<T> sums = told[g].inputs * w.transpose();
                    if (told[g].bias.size())
                        sums.rowwise() += told[g].bias.transpose();
                    if (layer.relu)
                        sums = sums.cwiseMax(T(0)).eval();
                    CHECK((sums - told[g].outputs).cwiseAbs().maxCoeff() < 2e-5);
                    CHECK(sums.rows() == (70 * layer.places + every - 1) / every);
                }
            }
    };
    check(nn::network{
        nn::input<float>{4, 9, 8},
        nn::sequential{
            nn::conv2d{
                .channels = 6, .kernel = {3, 2}, .stride = {2, 1}, .padding = {1, 0}, .dilation = {2, 1}},
            nn::relu{},
            nn::named{"twice",
                      nn::parallel{nn::conv2d{.channels = 6, .kernel = 1, .groups = 3},
                                   nn::named{"wide", nn::conv2d{.channels = 2, .kernel = 3, .padding = 1}}}},
            nn::flatten{}, nn::dense{3, false}}});
    check(nn::network{
        nn::input<double>{3, 20},
        nn::sequential{nn::conv1d{.channels = 4, .kernel = 5, .stride = 3, .padding = 4, .dilation = 2},
                       nn::relu{}, nn::conv1d{.channels = 4, .kernel = 3, .padding = 1, .groups = 4},
                       nn::flatten{}, nn::dense{2}}});
    check(nn::network{nn::input<float>{6, 5},
                      nn::sequential{nn::dense{7}, nn::relu{}, nn::flatten{}, nn::dense{2}}});
}

TEST_CASE("quantize adaround_layers: bad input leaves the network as it was") {
    nn::network net{
        nn::input<float>{2, 4, 4},
        nn::sequential{nn::conv2d{.channels = 4, .kernel = 3, .groups = 2}, nn::flatten{}, nn::dense{2}}};
    auto const before = net;
    matrix<float> const x = normal(10, 32, 0);
    CHECK(message_of([&] { adaround_layers(net, matrix<float>(0, 32)); }) == "adaround: there are no rows");
    CHECK(message_of([&] { adaround_layers(net, x, {.bits = 9}); }) == "adaround: bits = 9: must be in [2, 8]");
    CHECK(message_of([&] { adaround_layers(net, x, {}, {.steps = 0}); }) == "adaround: steps = 0: must be > 0");
    CHECK(message_of([&] { adaround_layers(net, x, {.per = quantize::per::tensor}); }) ==
          "adaround: '0' has 2 groups: needs a scale per channel or group of weights");
    CHECK_THROWS_AS(adaround_layers(net, normal(10, 31, 0)), descent::error);
    matrix<float> odd = x;
    odd(7, 1) = NAN;
    CHECK(message_of([&] { adaround_layers(net, odd, {}, {.steps = 5}); }) ==
          "adaround: row 7, column 1 is nan: must be finite");
    CHECK(away(net, before, x) == 0);
    net.params()["2.weight"].data[3] = NAN;
    auto const kept = net.params();
    CHECK(message_of([&] { adaround_layers(net, x, {}, {.steps = 5}); }) ==
          "affine: number 3 is nan: must be finite");
    CHECK(net.params()["0.weight"].flat() == kept["0.weight"].flat());
    nn::network none{nn::input<float>{3}, nn::sequential{nn::relu{}}, loss::squared{}};
    CHECK(message_of([&] { adaround_layers(none, normal(4, 3, 0)); }) ==
          "adaround: the network has no dense, conv1d or conv2d");
}
