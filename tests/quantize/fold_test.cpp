// SPDX-License-Identifier: MIT
#include <descent/quantize/fold.hpp>

#include <cmath>
#include <string>
#include <vector>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include <descent/core/random.hpp>
#include <descent/exec/openmp.hpp>
#include <descent/nn/activation.hpp>
#include <descent/nn/batch_norm.hpp>
#include <descent/nn/conv1d.hpp>
#include <descent/nn/conv2d.hpp>
#include <descent/nn/dense.hpp>
#include <descent/nn/flatten.hpp>
#include <descent/nn/named.hpp>
#include <descent/nn/network.hpp>
#include <descent/nn/parallel.hpp>
#include <descent/nn/residual.hpp>
#include <descent/nn/resnet.hpp>
#include <descent/nn/sequential.hpp>
#include <descent/quantize/adaround_layers.hpp>
#include <descent/quantize/fold_batch_norms.hpp>

#include "message.hpp"

using namespace descent;
using quantize::fold_batch_norm;
using quantize::fold_batch_norms;

namespace {

/// Numbers of a trained network: variances > 0, gains and means of both signs.
template <class Network>
void fill(Network& net) {
    using T = typename Network::scalar;
    generator const draws{.seed = 5, .stream = 0};
    auto const all = [&](auto& arena, std::uint64_t first) {
        for (auto const& entry : arena.entries())
            for (descent::index i = 0; i < entry.size(); ++i) {
                T& x = arena.data()[entry.offset + i];
                std::uint64_t const draw = first + std::uint64_t(entry.offset + i);
                if (entry.name.ends_with("running_var"))
                    x = T(0.01) + draws.uniform<T>(draw);
                else if (entry.extents.rank() == 1)
                    x = draws.normal<T>(draw);
            }
    };
    all(net.params(), 0);
    all(net.state(), 1'000'000);
}

template <class T>
matrix<T> some_rows(descent::index rows, descent::index columns) {
    matrix<T> x(rows, columns);
    generator const draws{.seed = 6, .stream = 0};
    for (descent::index i = 0; i < x.size(); ++i)
        x.data()[i] = draws.normal<T>(std::uint64_t(i));
    return x;
}

/// The largest difference of the scores, as a share of the largest score.
template <class A, class B>
double apart(A const& a, B const& b) {
    using T = typename A::scalar;
    matrix<T> const x = some_rows<T>(17, a.features()), ya = a.scores(x), yb = b.scores(x);
    return double((ya - yb).cwiseAbs().maxCoeff()) / double(ya.cwiseAbs().maxCoeff());
}

template <class T>
bool same(params<T> const& a, params<T> const& b) {
    return std::equal(a.data(), a.data() + a.arena_size(), b.data(), b.data() + b.arena_size());
}

}  // namespace

TEST_CASE("quantize fold: the norm's own epsilon is in the result") {
    for (double const epsilon : {1e-5, 0.1, 3.0}) {
        nn::network net{nn::input<double>{6}, nn::sequential{nn::dense{4}, nn::batch_norm{.epsilon = epsilon}}};
        fill(net);
        nn::network plain{nn::input<double>{6}, nn::dense{4}};
        fold_batch_norm(net, plain, "0", "1", "");
        CHECK(apart(net, plain) < 1e-13);
    }
}

TEST_CASE("quantize fold: layers without names that get other numbers are told, never written to by chance") {
    nn::dense const same_size{5};
    nn::network net{nn::input<float>{5},
                    nn::sequential{same_size, nn::batch_norm{}, nn::relu{}, same_size, nn::batch_norm{},
                                   nn::relu{}, same_size, nn::relu{}, same_size}};
    fill(net);
    // Here "3" is the network's first layer of two without a norm.
    nn::network plain{nn::input<float>{5}, nn::sequential{same_size, nn::relu{}, same_size, nn::dense{5},
                                                          nn::relu{}, same_size, nn::relu{}, same_size}};
    auto const before = plain.params();
    CHECK(message_of([&] { fold_batch_norm(net, plain, "3", "4"); }) ==
          "fold_batch_norm: '3' has 1 weights before it in the network, in the target 2: name the target's "
          "layer");
    CHECK(same(before, plain.params()));
    fold_batch_norm(net, plain, "0", "1");
    fold_batch_norm(net, plain, "3", "4", "2");
    nn::network two{nn::input<float>{5},
                    nn::sequential{same_size, nn::batch_norm{}, nn::relu{}, same_size, nn::batch_norm{}}};
    nn::network two_plain{nn::input<float>{5}, nn::sequential{same_size, nn::relu{}, same_size}};
    for (auto const& entry : two.params().entries())
        two.params()[entry.name].flat() = net.params()[entry.name].flat();
    for (auto const& entry : two.state().entries())
        two.state()[entry.name].flat() = net.state()[entry.name].flat();
    for (auto const& entry : two_plain.params().entries())
        two_plain.params()[entry.name].flat() = plain.params()[entry.name].flat();
    CHECK(apart(two, two_plain) < 1e-5);
}

TEST_CASE("quantize fold: what cannot be right is refused before any change") {
    nn::network net{nn::input<float>{5},
                    nn::sequential{nn::named{"a", nn::dense{5}}, nn::named{"n", nn::batch_norm{}}, nn::relu{},
                                   nn::named{"b", nn::dense{5}}, nn::named{"m", nn::batch_norm{}}}};
    fill(net);
    // The norm is still there: it would be applied twice.
    auto twice = net;
    CHECK(message_of([&] { fold_batch_norm(net, twice, "a", "n"); }) ==
          "fold_batch_norm: a batch_norm stands behind the target's 'a' too: must be built without it");
    nn::network other{nn::input<float>{5},
                      nn::sequential{nn::named{"a", nn::dense{5}}, nn::named{"x", nn::batch_norm{}}}};
    CHECK(message_of([&] { fold_batch_norm(net, other, "a", "n"); }) ==
          "fold_batch_norm: a batch_norm stands behind the target's 'a' too: must be built without it");
    CHECK(same(twice.params(), net.params()));

    nn::network plain{nn::input<float>{5},
                      nn::sequential{nn::named{"a", nn::dense{5}}, nn::relu{}, nn::named{"b", nn::dense{5}}}};
    auto const before = plain.params();
    CHECK(message_of([&] { fold_batch_norm(net, plain, "a", "m"); }) ==
          "fold_batch_norm: 'm' is no batch_norm right behind 'a', dense, conv1d or conv2d, in nn::sequential");
    CHECK(message_of([&] { fold_batch_norm(net, plain, "n", "a", "a"); }) ==
          "fold_batch_norm: 'a' is no batch_norm right behind 'n', dense, conv1d or conv2d, in nn::sequential");
    CHECK(message_of([&] { fold_batch_norm(net, plain, "a", "n", "c"); }) ==
          "params: there is no tensor 'c.weight', only 'a.weight', 'a.bias', 'b.weight', 'b.bias'");
    nn::network bare{nn::input<float>{5}, nn::named{"", nn::dense{5, false}}};
    CHECK(message_of([&] { fold_batch_norm(net, bare, "a", "n", ""); }) ==
          "params: there is no tensor 'bias', only 'weight'");
    auto odd = net;
    odd.state()["n.running_var"].data[3] = -1;
    CHECK(message_of([&] {
              fold_batch_norm(odd, plain, "a", "n");
          }).starts_with("fold_batch_norm: 'n': channel 3 has the weight "));
    odd = net;
    odd.state()["n.running_mean"].data[1] = NAN;
    CHECK(message_of([&] { fold_batch_norm(odd, plain, "a", "n"); }) ==
          "fold_batch_norm: 'a' with 'n': bias 1 would be nan: must be finite");
    odd = net;
    odd.params()["a.weight"].data[24] = NAN;
    CHECK(message_of([&] { fold_batch_norm(odd, plain, "a", "n"); }) ==
          "fold_batch_norm: 'a' with 'n': weight 24 would be nan: must be finite");
    CHECK(same(plain.params(), before));

    // Over sequences a norm's channels are the places.
    nn::network sequence{
        nn::input<float>{5, 5},
        nn::sequential{nn::named{"a", nn::dense{5}}, nn::named{"n", nn::batch_norm{}}, nn::flatten{}}};
    std::string const places = "'n' has a mean for each place, not for each output of 'a': cannot be folded";
    CHECK(message_of([&] { fold_batch_norm(sequence, plain, "a", "n"); }) == "fold_batch_norm: " + places);
    CHECK(message_of([&] { fold_batch_norms(sequence); }) == "fold_batch_norms: " + places);
}

TEMPLATE_TEST_CASE("quantize fold_batch_norms: the network as one would write it without norms", "", float,
                   double) {
    using T = TestType;
    nn::network net{
        nn::input<T>{3, 8, 8},
        nn::sequential{nn::conv2d{.channels = 6, .kernel = {3, 2}, .padding = 1, .bias = false},
                       nn::batch_norm{.epsilon = 0.1}, nn::relu{},
                       nn::sequential{nn::conv2d{.channels = 4, .groups = 2}, nn::batch_norm{}, nn::relu{}},
                       nn::residual{nn::sequential{nn::conv2d{.channels = 4, .padding = 1, .bias = false},
                                                   nn::batch_norm{}, nn::relu{}, nn::batch_norm{},
                                                   nn::conv2d{.channels = 4, .padding = 1}, nn::batch_norm{}},
                                    nn::sequential{nn::conv2d{.channels = 4, .kernel = 1, .bias = false},
                                                   nn::batch_norm{}}},
                       nn::parallel{nn::sequential{nn::conv2d{.channels = 2, .kernel = 1},
                                                   nn::named{"norm", nn::batch_norm{}}},
                                    nn::named{"wide", nn::conv2d{.channels = 3, .kernel = 1}}},
                       nn::flatten{}, nn::named{"last", nn::dense{7, false}}, nn::batch_norm{.epsilon = 1e-3},
                       nn::relu{}, nn::dense{3}}};
    fill(net);
    auto const plain = fold_batch_norms(net);
    std::vector<std::string> names, states;
    for (auto const& entry : plain.params().entries())
        names.push_back(entry.name);
    for (auto const& entry : plain.state().entries())
        states.push_back(entry.name);
    CHECK(names == std::vector<std::string>{"0.weight",
                                            "0.bias",
                                            "2.0.weight",
                                            "2.0.bias",
                                            "3.body.0.weight",
                                            "3.body.0.bias",
                                            "3.body.2.weight",
                                            "3.body.2.bias",
                                            "3.body.3.weight",
                                            "3.body.3.bias",
                                            "3.shortcut.0.weight",
                                            "3.shortcut.0.bias",
                                            "4.0.0.weight",
                                            "4.0.0.bias",
                                            "4.wide.weight",
                                            "4.wide.bias",
                                            "last.weight",
                                            "last.bias",
                                            "8.weight",
                                            "8.bias"});
    CHECK(states == std::vector<std::string>{"3.body.2.running_mean", "3.body.2.running_var"});
    CHECK(apart(net, plain) < (std::is_same_v<T, float> ? 2e-5 : 1e-13));
    matrix<T> const x = some_rows<T>(9, net.features());
    CHECK(plain.scores(x) == plain.scores(x, exec::openmp{.threads = 2}));
    // Without other norms there is nothing left to fold.
    CHECK(message_of([&] { fold_batch_norms(plain); }) ==
          "fold_batch_norms: no batch_norm stands right behind dense, conv1d or conv2d in nn::sequential");
}

TEST_CASE("quantize fold_batch_norm: a norm beside the target's layer is not behind it") {
    nn::network net{nn::input<double>{4}, nn::sequential{nn::dense{4}, nn::batch_norm{}}};
    fill(net);
    nn::network beside{nn::input<double>{4}, nn::residual{nn::named{"a", nn::dense{4}}, nn::batch_norm{}}};
    fill(beside);
    fold_batch_norm(net, beside, "0", "1", "a");
    auto const plain = fold_batch_norms(net);
    CHECK(beside.params()["a.weight"].flat() == plain.params()["0.weight"].flat());
}

TEST_CASE("quantize fold_batch_norms: sequences, one sequential in another, masks") {
    nn::sequential const inner{nn::named{"c", nn::conv1d{.channels = 3}}, nn::named{"n", nn::batch_norm{}},
                               nn::flatten{}, nn::dense{2}};
    // Written out: deduction would make of both one.
    nn::network net{nn::input<double>{2, 9}, nn::sequential<std::remove_const_t<decltype(inner)>>{inner}};
    fill(net);
    std::vector<bool> keep(18, true);
    keep[4] = keep[17] = false;
    net.params().set_mask("0.c.weight", keep);
    auto plain = fold_batch_norms(net);
    CHECK(apart(net, plain) < 1e-13);
    CHECK(plain.params().mask("0.c.weight") == keep);
    CHECK(plain.params().mask("0.2.weight") == std::vector<bool>(42, true));
    static_assert(
        std::is_same_v<std::remove_cvref_t<decltype(plain.layers())>,
                       nn::sequential<nn::sequential<nn::named<nn::conv1d>, nn::flatten, nn::dense>>>);
    nn::network by_hand{nn::input<double>{2, 9}, plain.layers()};
    fold_batch_norm(net, by_hand, "0.c", "0.n");
    CHECK(by_hand.params()["0.c.weight"].flat() == plain.params()["0.c.weight"].flat());
    CHECK(by_hand.params()["0.c.bias"].flat() == plain.params()["0.c.bias"].flat());
    CHECK(by_hand.params().mask("0.c.weight") == keep);
}

TEST_CASE(
    "quantize fold_batch_norms: the bias of a pruned channel stays 0, that of one whose shift is kept does "
    "not") {
    nn::network net{nn::input<double>{4}, nn::sequential{nn::dense{3}, nn::batch_norm{}, nn::dense{2}}};
    fill(net);
    net.params().set_mask("1.weight", std::vector<bool>{true, false, false});
    net.params().set_mask("1.bias", std::vector<bool>{false, false, true});
    auto const plain = fold_batch_norms(net);
    // Rows of 0, of 1 and 2, that training would fill.
    CHECK(plain.params().mask("0.weight") ==
          std::vector<bool>{true, true, true, true, false, false, false, false, false, false, false, false});
    CHECK(plain.params().mask("0.bias") == std::vector<bool>{true, false, true});
    CHECK(plain.params()["0.bias"].flat()[1] == 0);
    CHECK(plain.params()["0.bias"].flat()[2] == net.params()["1.bias"].flat()[2]);
    CHECK(apart(net, plain) < 1e-13);
}

TEST_CASE("quantize fold: zeros stay zeros of the same bits, so that files of pruned networks stay small") {
    nn::network net{nn::input<float>{5}, nn::sequential{nn::dense{4}, nn::batch_norm{}}};
    fill(net);
    net.params()["1.weight"].flat() << 1, -1, 0, -2;
    auto const weight = net.params()["0.weight"];
    for (descent::index i = 0; i < weight.size(); i += 3)
        weight.data[i] = 0;
    auto const plain = fold_batch_norms(net);
    auto const folded = plain.params()["0.weight"];
    for (descent::index i = 0; i < folded.size(); ++i)
        if (folded.data[i] == 0)
            CHECK(!std::signbit(folded.data[i]));
}

TEST_CASE("quantize fold_batch_norms: the ResNet-20 keeps its names, and its relus stand behind convolutions") {
    nn::network net{nn::input<float>{3, 8, 8}, nn::resnet20(10)};
    for (auto const& entry : net.state().entries())
        for (descent::index i = 0; i < entry.size(); ++i)
            net.state().data()[entry.offset + i] += 0.01f * float(i % 7);
    auto const plain = fold_batch_norms(net);
    CHECK(plain.state().entries().empty());
    CHECK(plain.params().entries().size() == 2 * 20);
    CHECK(plain.params().find("layer3.2.conv2.bias") != nullptr);
    CHECK(apart(net, plain) < 1e-5);
    int relus = 0;
    for (auto const& layer : quantize::detail::layers_to_round("here", plain, 10))
        relus += layer.relu;
    CHECK(relus == 10);
}
