// SPDX-License-Identifier: MIT
#include <descent/nn.hpp>
#include <descent/nn/candidates.hpp>
#include <descent/nn/choice.hpp>
#include <descent/nn/graph.hpp>
#include <descent/nn/onnx.hpp>
#include <descent/nn/profile.hpp>

#include <catch2/catch_test_macros.hpp>

#include "layer_check.hpp"
#include "message.hpp"

using namespace descent;

namespace {

using node = nn::choice<nn::dense, nn::tanh_layer, nn::identity>;
using web = nn::graph<node>;

node affine(descent::index outputs) { return {nn::dense{outputs}}; }
node bent() { return {nn::tanh_layer{}}; }
node sum() { return {nn::identity{}}; }

template <class Layer>
std::string names(Layer const& layer, shape const& input) {
    nn::builder<float> b;
    layer.template bind<float>(input, b);
    std::string all;
    for (auto const& tensor : b.trained())
        all += tensor.name + tensor.extents.text() + " ";
    return all;
}

template <class Layer>
std::string refusal(Layer const& layer, shape const& input) {
    return message_of([&] {
        nn::builder<float> b;
        b.inside("", layer, input);
    });
}

data::dataset<float> table(descent::index samples, descent::index features, descent::index classes) {
    data::dataset<float> made;
    made.x.resize(samples, features);
    made.y.resize(samples);
    generator const draws{3, 4};
    for (descent::index i = 0; i < made.x.size(); ++i)
        made.x.data()[i] = draws.normal<float>(std::uint64_t(i));
    for (descent::index i = 0; i < samples; ++i)
        made.y[i] = float(i % classes);
    return made;
}

exec::openmp const one_thread{.threads = 1};  // what the contract has compiled already

/// Do both networks give the same scores and the same gradient, tensor after tensor?
template <class A, class B>
void same_network(A one, B other) {
    auto const data = table(37, one.features(), one.outputs());
    auto g = one.params().like();
    auto h = other.params().like();
    CHECK(one.gradient(data::all_of(data), g, one_thread) == other.gradient(data::all_of(data), h, one_thread));
    REQUIRE(g.entries().size() == h.entries().size());
    for (std::size_t i = 0; i < g.entries().size(); ++i)
        CHECK(layer_check::same_numbers(g.data() + g.entries()[i].offset, h.data() + h.entries()[i].offset,
                                        g.entries()[i].size()));
    CHECK(one.scores(data.x, one_thread) == other.scores(data.x, one_thread));
}

}  // namespace

TEST_CASE("nn choice: the contract of layers, whichever it is") {
    using namespace nn;
    layer_check::options const few{.samples = {1, 17}};
    for (node const& each : {affine(4), bent(), sum()})
        layer_check::check_layer(each, {{3}}, few);
    CHECK(names(choice<relu, dense>{dense{5}}, {3}) == "1.weight[5, 3] 1.bias[5] ");
    CHECK(refusal(sequential{affine(0)}, {3}) == "0.0 (dense): outputs = 0: must be >= 1");
    // Activations that can write over their input do so here too.
    using activation = choice<tanh_layer, relu>;
    static_assert(bound_layer<activation, float>::alias == aliasing::in_place);
    static_assert(bound_layer<choice<tanh_layer, silu>, float>::alias == aliasing::none);
}

TEST_CASE("nn graph: the contract of layers, whatever its edges") {
    web one, chain, sums, ends;
    one.add(bent());
    for (int k = 0; k < 3; ++k)
        chain.add(affine(5 + k)), chain.add(bent());
    // Two readers of the input and of a node, a sum of three, a node that nobody reads, a sum at the end.
    sums.add(affine(4));
    sums.add(bent(), {web::entry});
    sums.add(affine(9), {0});
    sums.add(affine(4), {web::entry});
    sums.add(bent(), {0, 1, 3});
    sums.add(affine(4), {4, 0});
    sums.add(sum(), {5, 4, web::entry, 1});
    // A sum of the input and its tanh, three times.
    for (descent::index k = 0; k < 3; ++k)
        ends.add(bent(), k ? std::vector<descent::index>{2 * k - 1} : std::vector<descent::index>{-1}),
            ends.add(sum(), {2 * k, 2 * k - 1});
    for (web const& each : {one, chain, sums, ends})
        layer_check::check_layer(each, {{4}}, {.samples = {1, 17}});
    CHECK(names(sums, {4}) ==
          "0.0.weight[4, 4] 0.0.bias[4] 3.0.weight[4, 4] 3.0.bias[4] 5.0.weight[4, 4] "
          "5.0.bias[4] ");
    // Views by themselves: 2 x + x.
    nn::graph<nn::identity> views;
    views.add({}), views.add({}, {0, -1}), views.add({}, {1, 0});
    layer_check::check_layer(views, {{3}}, {.samples = {3}});
}

TEST_CASE("nn graph: a chain and a shortcut are what sequential and residual make of the same layers") {
    using namespace nn;
    input<float> const from{6};
    web g;
    g.add(affine(6)), g.add(bent()), g.add(sum(), {1, web::entry}), g.add(affine(3));
    network made{from, g};
    same_network(made, network{from, sequential{residual{sequential{dense{6}, tanh_layer{}}}, dense{3}}});
    // It is told apart in profiles, and its sums and dead nodes cost what they should.
    auto const data = table(8, 6, 3);
    auto const told = profile(made, data::all_of(data).part(0, 8), one_thread, {.repeats = 1});
    CHECK(told.total().parameters == 42 + 21);
    CHECK(told.total().multiply_adds == 8 * (36 + 18));
}

TEST_CASE("nn graph: as ONNX it has its live nodes and their sums") {
    web g;
    g.add(affine(6)), g.add(bent()), g.add(affine(9), {0}), g.add(sum(), {1, web::entry, 0}), g.add(affine(3));
    nn::network const net{nn::input<float>{6}, g};
    std::string const bytes = nn::format_onnx(net);
    auto const count = [&](std::string const& part) {
        std::size_t times = 0;
        for (std::size_t at = bytes.find(part); at != bytes.npos; at = bytes.find(part, at + 1))
            ++times;
        return times;
    };
    CHECK(count("\x22\4Gemm") == 2);
    CHECK(count("\x22\4Tanh") == 1);
    CHECK(count("\x22\3Sum") == 1);
    for (auto const& entry : net.params().entries())
        CHECK(count("\x42" + std::string(1, char(entry.name.size())) + entry.name) == 1);
}

TEST_CASE("nn graph: what cannot be built is told") {
    web empty, later, twice, unequal, nowhere;
    CHECK(refusal(nn::sequential{empty}, {4}) == "0 (graph): must have a node");
    later.add(bent(), {0});
    CHECK(refusal(later, {4}) == "graph: node 0 reads node 0: must be in [-1, 0)");
    twice.add(bent()), twice.add(bent(), {0, -1, 0});
    CHECK(refusal(twice, {4}) == "graph: node 1 reads node 0 twice");
    unequal.add(affine(5)), unequal.add(bent(), {0, web::entry});
    CHECK(refusal(unequal, {4}) == "graph: node 1 adds [5] of node 0 and [4] of node -1: must be one shape");
    nowhere.add(bent(), std::vector<descent::index>{});
    CHECK(refusal(nowhere, {4}) == "graph: node 0 reads nothing: must have a source");
    web inner;
    inner.add(affine(5)), inner.add(affine(0));
    CHECK(refusal(nn::sequential{inner}, {4}) == "0.1.0 (dense): outputs = 0: must be >= 1");
}

TEST_CASE("nn candidates: the first runs until another is chosen; the others have no gradient") {
    using namespace nn;
    layer_check::options const here{.samples = {1, 17}, .device = false};
    layer_check::check_layer(candidates{dense{4}, identity{}, dense{4}}, {{4}}, here);

    candidates const ops{sequential{dense{5}, batch_norm{}, tanh_layer{}}, identity{},
                         sequential{dense{7}, relu{}, dense{5}}};
    auto const around = [](auto const& middle) { return sequential{dense{5}, middle, dense{3}, dropout{0.2}}; };
    input<float> const from{6};
    auto const data = table(40, 6, 3);
    for (descent::index chosen = 0; chosen < 3; ++chosen) {
        INFO(chosen);
        network super{from, around(ops)};
        network alone{from, around(ops.only(chosen))};
        auto const flags = super.state()["1.chosen"];
        CHECK(flags.extents == shape{3});
        flags.data[chosen] = 1;
        for (auto const& entry : alone.params().entries())
            alone.params()[entry.name].flat() = super.params()[entry.name].flat();
        auto g = super.params().like();
        auto h = alone.params().like();
        g["1.0.0.weight"].flat().setConstant(7), g["1.2.2.bias"].flat().setConstant(7);
        CHECK(super.gradient(data::all_of(data), g, one_thread) ==
              alone.gradient(data::all_of(data), h, one_thread));
        for (auto const& entry : super.params().entries()) {
            INFO(entry.name);
            if (h.find(entry.name))
                CHECK(g[entry.name].flat() == h[entry.name].flat());
            else
                CHECK(g[entry.name].flat().isZero(0));
        }
        CHECK(super.scores(data.x, one_thread) == alone.scores(data.x, one_thread));
        // Who does not run keeps the running statistics that it had.
        CHECK((super.state()["1.0.1.running_mean"].flat().isZero(0)) == (chosen != 0));
    }
    CHECK(message_of([&] { ops.only(3); }) == "candidates: only(3): must be in [0, 3)");
    CHECK(refusal(sequential{candidates{dense{4}, dense{5}}}, {4}) ==
          "0 (candidates): layer 0 gives [4], layer 1 [5]: must be one shape");
}
