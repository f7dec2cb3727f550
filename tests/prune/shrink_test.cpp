// SPDX-License-Identifier: MIT
#include <descent/prune/channels.hpp>
#include <descent/prune/magnitude.hpp>
#include <descent/prune/shrink.hpp>
#include <descent/prune/sparsity.hpp>

#include <descent/core/random.hpp>
#include <descent/nn.hpp>
#include <descent/nn/lstm.hpp>

#include <cmath>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "message.hpp"

using namespace descent;

namespace {

/// Numbers everywhere, in biases, scales and running statistics too.
template <class Network>
void stir(Network& net) {
    generator const draws{17};
    auto& w = net.params();
    for (auto const& entry : w.entries())
        for (descent::index i = entry.offset; i < entry.offset + entry.size(); ++i)
            w.data()[i] = 0.5 * draws.normal<double>(std::uint64_t(i));
    for (auto const& entry : net.state().entries())
        for (descent::index i = entry.offset; i < entry.offset + entry.size(); ++i)
            net.state().data()[i] = 0.5 + draws.uniform<double>(std::uint64_t(1000 + i));
}

template <class Network>
matrix<double> some_scores(Network const& net) {
    matrix<double> x(7, net.features());
    generator const draws{3};
    for (descent::index i = 0; i < x.size(); ++i)
        x.data()[i] = draws.normal<double>(std::uint64_t(i));
    return net.scores(x);
}

template <class Network>
std::string shapes(Network const& net) {
    std::string all;
    for (auto const& entry : net.params().entries())
        all += text(all.empty() ? "" : " ", entry.name, entry.extents.text());
    return all;
}

/// How far apart the outputs are of the network and the shrunk one.
template <class Network>
double apart(Network const& net, Network const& small) {
    return (some_scores(net) - some_scores(small)).array().abs().maxCoeff();
}

}  // namespace

TEST_CASE("prune shrink: an image network loses channels through norms, pools, branches and flatten") {
    nn::network net{
        nn::input<double>{2, 8, 8},
        nn::sequential{nn::named{"stem", nn::conv2d{.channels = 6, .kernel = 3, .padding = 1}},
                       nn::batch_norm{}, nn::relu{},
                       nn::residual{nn::sequential{
                           nn::conv2d{.channels = 8, .kernel = 3, .padding = 1, .bias = false},
                           nn::batch_norm{}, nn::relu{}, nn::conv2d{.channels = 6, .kernel = 3, .padding = 1}}},
                       nn::relu{}, nn::conv2d{.channels = 6, .kernel = 3, .groups = 6}, nn::max_pool{2},
                       nn::parallel{nn::identity{}, nn::conv2d{.channels = 4, .kernel = 1}}, nn::flatten{},
                       nn::dense{10}, nn::gelu{}, nn::dense{3}}};
    stir(net);
    auto const dense = shapes(net);
    CHECK(shapes(prune::shrink(net)) == dense);
    prune::channels(net, prune::magnitude{.sparsity = 0.5, .on = {.scope = prune::scope::tensor}});
    auto const small = prune::shrink(net);
    // The residual stream is one with the stem, the depthwise filters and one branch: 3 of 6 channels.
    CHECK(shapes(small) ==
          "stem.weight[3, 2, 3, 3] stem.bias[3] 1.weight[3] 1.bias[3] 3.body.0.weight[4, 3, 3, 3] "
          "3.body.1.weight[4] 3.body.1.bias[4] 3.body.3.weight[3, 4, 3, 3] 3.body.3.bias[3] "
          "5.weight[3, 1, 3, 3] 5.bias[3] 7.1.weight[2, 3, 1, 1] 7.1.bias[2] 9.weight[5, 45] 9.bias[5] "
          "11.weight[3, 5] 11.bias[3]");
    CHECK(small.state()["1.running_var"].size() == 3);
    CHECK(apart(net, small) < 1e-12);
    CHECK(small.params().size() < net.params().size() / 3);
    CHECK(shapes(prune::shrink(small)) == shapes(small));
}

TEST_CASE("prune shrink: a text network loses columns of the embedding and units of lstm in both directions") {
    nn::network net{nn::input<double>{5},
                    nn::sequential{nn::embedding{.vocabulary = 11, .width = 8},
                                   nn::lstm{.units = 6, .bidirectional = true}, nn::dropout{0.5},
                                   nn::lstm{.units = 4, .returns = nn::recurrent::last_state}, nn::dense{2}}};
    stir(net);
    prune::channels(net, prune::magnitude{.sparsity = 0.5});
    auto const small = prune::shrink(net);
    matrix<double> ids{{1, 2, 3, 4, 5}, {10, 0, 7, -1, -1}, {3, -1, -1, -1, -1}};
    CHECK((net.scores(ids) - small.scores(ids)).array().abs().maxCoeff() < 1e-13);
    CHECK(net.params()["0.weight"].extents[1] + net.params()["1.weight_hh_l0"].extents[1] +
              net.params()["3.weight_hh_l0"].extents[1] ==
          18);
    CHECK(small.params()["0.weight"].extents[1] + small.params()["1.weight_hh_l0"].extents[1] +
              small.params()["3.weight_hh_l0"].extents[1] ==
          9);
}

TEST_CASE("prune shrink: what is not read goes too, with what only that reads; masks come along") {
    nn::network net{nn::input<double>{4}, nn::sequential{nn::dense{5}, nn::relu{}, nn::dense{6}, nn::relu{},
                                                         nn::dense{7}, nn::sigmoid_layer{}, nn::dense{2}}};
    stir(net);
    auto w = net.params()["2.weight"].matrix();
    w.bottomRows(4).col(1).setZero();  // channel 1 of layer 0 is read by channels 0 and 1 of layer 2 alone,
    net.params()["4.weight"].matrix().leftCols(2).setZero();  // which are read by none
    net.params()["6.weight"].matrix().col(3).setZero();       // behind a sigmoid all stay
    std::vector<bool> last(14, true);
    last[2] = last[9] = false;
    net.params().set_mask("6.weight", last);
    auto const small = prune::shrink(net);
    CHECK(
        shapes(small) ==
        "0.weight[4, 4] 0.bias[4] 2.weight[4, 4] 2.bias[4] 4.weight[7, 4] 4.bias[7] 6.weight[2, 7] 6.bias[2]");
    CHECK(apart(net, small) < 1e-13);
    CHECK(small.params().mask("6.weight") == last);
    // All dead: one stays.
    net.params()["2.weight"].flat().setZero();
    net.params()["2.bias"].flat().setZero();
    auto const least = prune::shrink(net);
    CHECK(least.params()["2.weight"].extents == shape{1, 1});
    CHECK(apart(net, least) < 1e-13);
}

TEST_CASE("prune channels: refused are shares out of range, layers without a channel left, nothing free") {
    nn::network net{nn::input<double>{4},
                    nn::sequential{nn::dense{4}, nn::relu{}, nn::dense{4}, nn::relu{}, nn::dense{2}}};
    stir(net);
    net.params()["0.weight"].flat() *= 1e-3;
    auto const told = [&](double sparsity, prune::selection const& on) {
        auto const text =
            message_of([&] { prune::channels(net, prune::magnitude{.sparsity = sparsity, .on = on}); });
        CHECK(!net.params().masked());
        return text;
    };
    CHECK(told(1, {}) == "prune: sparsity = 1: must be in [0, 1)");
    CHECK(told(0.5, {.scope = prune::scope::global}) ==
          "prune: sparsity = 0.5: no channel would be left of '0.weight' [4, 4]: scope::tensor or a limit < 1 "
          "leaves something of each");
    CHECK(told(0.5, {.tensors = "4.weight"}) ==
          "prune::channels: '4.weight' takes no tensor that makes a channel which could go, only '0.weight', "
          "'2.weight' do");
    CHECK(told(0.5, {.tensors = "*.wei*"}) ==
          "prune: tensors '*.wei*': one '*' may stand for a stretch of a name, not more");
    CHECK(told(0.9, {.limit = 0.5}) ==
          "prune: sparsity = 0.9 is out of reach where a tensor may lose limit = 0.5 of it at most: must be <= "
          "limit");
    nn::network fixed{nn::input<double>{4}, nn::sequential{nn::dense{3}}};
    CHECK(message_of([&] { prune::channels(fixed, prune::magnitude{.sparsity = 0.5}); }) ==
          "prune::channels: there is no channel that could go");
    CHECK(told(0.5, {.limit = 2}) == "prune: limit = 2: must be in (0, 1]");
    prune::channels(net,
                    prune::magnitude{.sparsity = 0.5, .on = {.scope = prune::scope::global, .limit = 0.75}});
    CHECK(prune::shrink(net).params()["2.weight"].extents == shape{3, 1});
    // What went counts: no more than half of the second layer's channels.
    prune::channels(net, prune::magnitude{.sparsity = 0.5, .on = {.scope = prune::scope::tensor}});
    CHECK(prune::shrink(net).params()["2.weight"].extents == shape{2, 1});
}

TEST_CASE(
    "prune channels: layers of other widths lose the same share by magnitude, by what data tells they do not") {
    // Weights uniform in +-1 / sqrt(inputs), as layers begin: those of 64 inputs are smaller than those of 4.
    nn::network net{nn::input<double>{4},
                    nn::sequential{nn::dense{64}, nn::relu{}, nn::dense{32}, nn::relu{}, nn::dense{3}}};
    generator const draws{23};
    for (auto const& entry : net.params().entries())
        if (entry.extents.rank() == 2)
            for (descent::index i = entry.offset; i < entry.offset + entry.size(); ++i)
                net.params().data()[i] =
                    (2 * draws.uniform<double>(std::uint64_t(i)) - 1) / std::sqrt(double(entry.extents[1]));
    auto all = net, global = net;
    prune::channels(net, prune::magnitude{.sparsity = 0.25});
    CHECK(shapes(prune::shrink(net)) ==
          "0.weight[48, 4] 0.bias[48] 2.weight[24, 48] 2.bias[24] 4.weight[3, 24] 4.bias[3]");
    prune::channels(global, prune::magnitude{.sparsity = 0.25, .on = {.scope = prune::scope::global}});
    CHECK(prune::sparsity(global, {.tensors = "2.weight"}) > 0.5);
    // Rows in the same way; a criterion that does not go by size takes them from all.
    auto rows = all;
    prune::magnitude{.sparsity = 0.25, .on = {.unit = prune::each_row, .tensors = "*.weight"}}(rows);
    CHECK(prune::sparsity(rows, {.tensors = "0.weight"}) == 0.25);
    CHECK(prune::sparsity(rows, {.tensors = "2.weight"}) == 0.25);
    struct as_magnitude {
        double sparsity = 0;
        prune::selection on = {};
        auto scores(decltype(all)& model) const { return prune::magnitude{}.scores(model); }
    };
    auto others = all;
    prune::channels(others, as_magnitude{.sparsity = 0.25});
    CHECK(prune::sparsity(others, {.tensors = "2.weight"}) == prune::sparsity(global, {.tensors = "2.weight"}));
}
