// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

#include <descent/nn/candidates.hpp>
#include <descent/nn/network.hpp>
#include <descent/optim/adam.hpp>
#include <descent/optim/rate.hpp>
#include <descent/search/architecture.hpp>
#include <descent/search/network_cost.hpp>
#include <descent/search/one_shot.hpp>
#include <descent/search/random.hpp>
#include <descent/search/study.hpp>
#include <descent/search/touched.hpp>
#include <descent/train/fit.hpp>
#include <descent/train/metrics.hpp>
#include <descent/train/refresh_statistics.hpp>

#include <catch2/catch_test_macros.hpp>

#include "message.hpp"

using namespace descent;

namespace {

/// Points around three corners of a cube.
data::dataset<float> blobs(descent::index samples, std::uint64_t seed) {
    data::dataset<float> made;
    made.x.resize(samples, 6);
    made.y.resize(samples);
    generator const draws{seed, 1};
    for (descent::index i = 0; i < samples; ++i) {
        made.y[i] = float(i % 3);
        for (descent::index k = 0; k < 6; ++k)
            made.x(i, k) = (k % 3 == i % 3 ? 2.f : 0.f) + draws.normal<float>(std::uint64_t(6 * i + k));
    }
    return made;
}

search::architecture const three{{{.width = 8, .kernel = 3, .activation = "relu"},
                                  {.width = 8, .kernel = 5, .activation = "silu", .skip = true},
                                  {.width = 12, .kernel = 3, .activation = "tanh", .skip = true, .stride = 2}}};

auto supernet(std::uint64_t seed = 0) {
    auto const ops = [](descent::index units) {
        return nn::candidates{nn::identity{}, nn::sequential{nn::dense{units}, nn::tanh_layer{}},
                              nn::sequential{nn::dense{units}, nn::batch_norm{}, nn::relu{}, nn::dense{units}}};
    };
    return nn::network{nn::input<float>{6},
                       nn::sequential{nn::dense{8}, ops(8), nn::tanh_layer{}, ops(8), nn::dense{3}},
                       loss::softmax_cross_entropy{},
                       {.seed = seed}};
}

}  // namespace

TEST_CASE("search architecture: a space of layers, read by name") {
    search::architecture_space const all{.most = 2, .widths = {4, 8}, .kernels = {3}, .strides = {2}};
    auto const space = all.space();
    std::string names;
    for (descent::index k = 0; k < space.size(); ++k)
        names += space.name(k) + ' ';
    CHECK(names == "depth width0 activation0 skip0 width1 activation1 skip1 ");
    search::study study{space, search::random{.seed = 2}};
    std::set<std::string> texts;
    study.minimize({.trials = 40}, [&](search::trial& t) {
        auto const made = all.of(t);
        texts.insert(made.text());
        return double(made.layers.size());
    });
    CHECK(texts.size() > 25);
    auto const record = study.best();
    auto const small = all.of(record);
    CHECK(small.layers.size() == 1);
    CHECK(double(small.layers[0].width) == record["width0"]);
    CHECK(small.layers[0].activation == record.label("activation0"));
    CHECK(small.layers[0].stride == 2);
    CHECK(three.text() == "8x3 relu, 8x5 silu + skip, 12x3/2 tanh + skip");

    auto const told = [](search::architecture_space const& bad) { return message_of([&] { bad.space(); }); };
    CHECK(told({.least = 3, .most = 2}) ==
          "architecture_space: least = 3, most = 2: must be 1 <= least <= most");
    CHECK(told({.widths = {}}) == "architecture_space: widths: must not be empty");
    CHECK(told({.activations = {}}) == "architecture_space: activations: must not be empty");
    CHECK(told({.kernels = {3, 3}}) == "search: kernel0: 3 stands twice in the list");
}

TEST_CASE("search architecture: networks are the ones that nn makes by hand, and cost what they should") {
    nn::input<float> const image{1, 8, 8};
    auto const layers = conv_layers(three, 1, 10);
    auto const cost = search::cost_of(layers, image.extents);
    // Convolutions, batch_norms, the 1 x 1 shortcut, the dense layer.
    CHECK(cost.parameters == (72 + 16) + (1600 + 16) + (864 + 24) + 96 + 130);
    CHECK(cost.multiply_adds == 64 * 72 + 64 * 1600 + 16 * 864 + 16 * 96 + 120);
    nn::network const net{image, layers};
    CHECK(net.params().size() == cost.parameters);
    CHECK((search::budget{}.allows(cost)));
    CHECK((search::budget{.parameters = cost.parameters, .multiply_adds = cost.multiply_adds}.allows(cost)));
    CHECK_FALSE((search::budget{.parameters = cost.parameters - 1}.allows(cost)));
    CHECK_FALSE((search::budget{.multiply_adds = cost.multiply_adds - 1}.allows(cost)));
    CHECK(search::latency_ms(net, 3) > 0);
    search::budget{.milliseconds = 1e6}.expect_fast(net);
    CHECK(message_of([&] {
              search::budget{.milliseconds = 1e-9}.expect_fast(net);
          }).starts_with("budget: a prediction takes "));

    search::architecture two{{three.layers[0], three.layers[1]}};
    nn::network const made{image, conv_layers(two, 1, 10)};
    auto const conv = [](descent::index kernel) {
        return nn::conv2d{.channels = 8, .kernel = kernel, .padding = kernel / 2, .bias = false};
    };
    nn::network const hand{image,
                           nn::sequential{conv(3), nn::batch_norm{}, nn::relu{},
                                          nn::residual{nn::sequential{conv(5), nn::batch_norm{}, nn::silu{}}},
                                          nn::global_average_pool{}, nn::dense{10}}};
    matrix<float> x(5, 64);
    for (descent::index i = 0; i < x.size(); ++i)
        x.data()[i] = generator{1, 2}.normal<float>(std::uint64_t(i));
    CHECK(made.scores(x) == hand.scores(x));

    CHECK(message_of([] { search::conv_layers({{{.kernel = 2}}}, 1, 10); }) ==
          "architecture: kernel = 2: must be odd");
    CHECK(message_of([] { search::dense_layers({}, 1, 10); }) == "architecture: must have a layer");
    CHECK(message_of([] { search::activation_of("sine"); }) ==
          "architecture: activation 'sine': must be relu, leaky_relu, tanh, sigmoid, silu or gelu");
    CHECK(message_of([&] { search::latency_ms(net, 0); }) == "latency_ms: repeats = 0: must be >= 1");
}

TEST_CASE("search architecture: dense layers with shortcuts learn") {
    auto const train = blobs(300, 1), test = blobs(300, 2);
    search::architecture const deep{{{.width = 12, .activation = "gelu"},
                                     {.width = 12, .activation = "leaky_relu", .skip = true},
                                     {.width = 8, .activation = "sigmoid", .skip = true},
                                     {.width = 8, .activation = "tanh", .skip = true}}};
    auto const layers = dense_layers(deep, 6, 3);
    CHECK(search::cost_of(layers, {6}).parameters == 84 + 156 + 104 + 96 + 72 + 27);
    nn::network net{nn::input<float>{6}, layers};
    optimizer steps{search::touched{chain(adam{}, rate{1e-2})}, net.params()};
    auto g = net.params().like();
    for (int step = 0; step < 100; ++step) {
        net.gradient(data::all_of(train), g);
        steps.step(g);
    }
    CHECK(accuracy(net, test) > 0.9);
}

TEST_CASE("search one_shot: paths are drawn, chosen and counted") {
    auto net = supernet();
    search::one_shot all{net};
    REQUIRE(all.places() == 2);
    CHECK(all.name(0) == "1");
    CHECK(all.name(1) == "3");
    CHECK(all.candidates(1) == 3);
    CHECK(all.space().size() == 2);
    CHECK(all.chosen() == std::vector<descent::index>{0, 0});
    all.choose({2, 1});
    CHECK(all.chosen() == std::vector<descent::index>{2, 1});

    search::one_shot const uniform{net, {.seed = 5, .fair = false}};
    std::vector<int> counts(9), pairs(9);
    bool unfair = false;
    for (std::uint64_t round = 0; round < 600; ++round) {
        std::set<descent::index> seen[2], other;
        for (std::uint64_t k = 0; k < 3; ++k) {
            auto const way = all.drawn(3 * round + k), alone = uniform.drawn(3 * round + k);
            seen[0].insert(way[0]), seen[1].insert(way[1]), other.insert(alone[0]);
            ++pairs[std::size_t(3 * way[0] + way[1])];
            ++counts[std::size_t(3 * alone[0] + alone[1])];
        }
        // Fair: in each round each candidate once.
        if (!(seen[0].size() == 3 && seen[1].size() == 3))
            FAIL("round " << round);
        unfair = unfair || other.size() < 3;
    }
    CHECK(unfair);
    for (auto const& each : {counts, pairs})  // 1800 draws of 9: 200 +- 13.3
        for (int const n : each)
            CHECK(std::abs(n - 200) < 55);

    CHECK(message_of([&] { all.choose({1}); }) == "one_shot: a path of 1 places, the network has 2");
    CHECK(message_of([&] { all.choose({1, 3}); }) == "one_shot: path[1] = 3: must be in [0, 3)");
    nn::network plain{nn::input<float>{6}, nn::sequential{nn::dense{3}}};
    CHECK(message_of([&] { search::one_shot none{plain}; }) == "one_shot: the network has no nn::candidates");
}

TEST_CASE("search one_shot: a step trains its path alone; what is left of a path inherits its weights") {
    auto const train = blobs(240, 1), test = blobs(240, 2);
    auto net = supernet();
    search::one_shot all{net, {.seed = 1}};
    // One step of one batch: only the drawn path moves.
    auto const before = net.params();
    auto const way = all.drawn(0);
    search::touched const recipe{chain(adam{}, rate{1e-2})};
    fit(all, train, recipe, {.epochs = 1});
    for (auto const& entry : before.entries()) {
        bool on_path = true;
        for (descent::index k = 0; k < 2; ++k)
            if (entry.name.starts_with(all.name(k) + '.'))
                on_path = entry.name.starts_with(text(all.name(k), '.', way[std::size_t(k)], '.'));
        INFO(entry.name);
        CHECK((net.params()[entry.name].flat() != before[entry.name].flat()) == on_path);
    }

    fit(all, train, recipe, {.epochs = 30, .batch = 32});
    auto const supposed = all.path_of(search::study{all.space(), search::random{.seed = 3}}.ask());
    CHECK(supposed.size() == 2);
    for (auto const& path : {std::vector<descent::index>{1, 2}, std::vector<descent::index>{2, 0}}) {
        all.choose(path);
        refresh_statistics(net, train, 60);
        CHECK(accuracy(net, test) > 0.85);
        auto const& parts = net.layers().layers;
        nn::network alone{nn::input<float>{6},
                          nn::sequential{std::get<0>(parts), std::get<1>(parts).only(path[0]), nn::tanh_layer{},
                                         std::get<3>(parts).only(path[1]), std::get<4>(parts)}};
        CHECK(search::inherit(net.params(), alone.params()) == descent::index(alone.params().entries().size()));
        search::inherit(net.state(), alone.state());
        CHECK(alone.scores(test.x) == net.scores(test.x));
    }
    params<float> other{{"1.1.0.weight", {2, 2}}}, unknown{{"w", {2}}};
    CHECK(message_of([&] { search::inherit(net.params(), other); }) ==
          "inherit: tensor '1.1.0.weight' is [8, 8], expected [2, 2]");
    CHECK(message_of([&] { search::inherit(other, unknown); }) ==
          "inherit: there is no tensor 'w', only '1.1.0.weight'");
}
