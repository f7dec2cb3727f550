// SPDX-License-Identifier: MIT
#include <descent/quantize/error_feedback_layers.hpp>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include <descent/core/random.hpp>
#include <descent/data/csv.hpp>
#include <descent/exec/openmp.hpp>
#include <descent/loss/squared.hpp>
#include <descent/nn/activation.hpp>
#include <descent/nn/conv1d.hpp>
#include <descent/nn/conv2d.hpp>
#include <descent/nn/dense.hpp>
#include <descent/nn/flatten.hpp>
#include <descent/nn/max_pool.hpp>
#include <descent/nn/network.hpp>
#include <descent/nn/residual.hpp>
#include <descent/nn/sequential.hpp>
#include <descent/optim/adam.hpp>
#include <descent/optim/chain.hpp>
#include <descent/optim/rate.hpp>
#include <descent/prune/magnitude.hpp>
#include <descent/prune/surgeon.hpp>
#include <descent/quantize/int4_linear.hpp>
#include <descent/quantize/layer_inputs.hpp>
#include <descent/train/fit.hpp>

#include "message.hpp"

using namespace descent;
using quantize::affine_options;
using quantize::error_feedback_layers;
using quantize::input_moments;
using quantize::layer_inputs;

namespace {

template <class T>
matrix<T> normal(descent::index rows, descent::index columns, std::uint64_t first) {
    matrix<T> x(rows, columns);
    generator const draws{.seed = 31, .stream = 0};
    for (descent::index i = 0; i < x.size(); ++i)
        x.data()[i] = draws.normal<T>(first + std::uint64_t(i));
    return x;
}

data::dataset<float> digits(std::string const& part) {
    std::string const here = __FILE__;
    auto table =
        data::read_csv<float>(here.substr(0, here.rfind("tests")) + "examples/data/optdigits_" + part + ".csv",
                              {.target = -1, .header = false, .classes = true});
    table.x /= 16;
    return table;
}

template <class Network>
double away(Network const& a, Network const& b, matrix<typename Network::scalar> const& rows) {
    return (a.scores(rows) - b.scores(rows)).template cast<double>().squaredNorm();
}

template <class Network>
descent::index right(Network const& net, data::dataset<float> const& table) {
    return (net.predict(table.x).array() == table.y.array()).count();
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

template <class T>
input_moments moments_of(matrix<T> const& x) {
    input_moments all(x.cols());
    for (descent::index r = 0; r < x.rows(); ++r)
        all.add(x.data() + r * x.cols());
    return all;
}

/// The patches of a convolution whose windows are square, by torch's unfold; of group g of `groups`.
template <class T>
matrix<T> patches_of(matrix<T> const& images, shape const& extents, descent::index kernel,
                     descent::index padding, descent::index g, descent::index groups) {
    descent::index const high = extents[1], wide = extents[2], down = high + 2 * padding - kernel + 1,
                         across = wide + 2 * padding - kernel + 1, channels = extents[0] / groups;
    matrix<T> all(images.rows() * down * across, channels * kernel * kernel);
    descent::index row = 0;
    for (descent::index s = 0; s < images.rows(); ++s)
        for (descent::index top = 0; top < down; ++top)
            for (descent::index left = 0; left < across; ++left, ++row)
                for (descent::index i = 0; i < all.cols(); ++i) {
                    descent::index const c = g * channels + i / kernel / kernel,
                                         y = top - padding + i / kernel % kernel,
                                         x = left - padding + i % kernel;
                    bool const inside = y >= 0 && y < high && x >= 0 && x < wide;
                    all(row, i) = inside ? images(s, (c * high + y) * wide + x) : T(0);
                }
    return all;
}

}  // namespace

TEST_CASE("quantize error_feedback_layers: digits in 3 bits, better than by the nearest codes") {
    auto const train = digits("train"), test = digits("test");
    nn::network net{
        nn::input<float>{1, 8, 8},
        nn::sequential{nn::conv2d{.channels = 8, .padding = 1}, nn::relu{},
                       nn::residual{nn::sequential{nn::conv2d{.channels = 8, .padding = 1}, nn::relu{},
                                                   nn::conv2d{.channels = 8, .padding = 1, .groups = 4}}},
                       nn::relu{}, nn::max_pool{}, nn::flatten{}, nn::dense{16}, nn::relu{}, nn::dense{10}}};
    fit(net, train, chain(adam{}, rate{3e-3}), {.epochs = 4, .batch = 32});
    matrix<float> const rows = train.x.topRows(512);
    for (auto const& options : {affine_options{.bits = 3},
                                {.bits = 3, .symmetric = false, .per = quantize::per::group, .group = 8}}) {
        auto rounded = net;
        std::vector<std::pair<descent::index, descent::index>> told;
        auto const codes = error_feedback_layers(
            rounded, rows, options, {}, exec::serial{},
            [&](descent::index done, descent::index all) { told.emplace_back(done, all); });
        auto const near = nearest(net, options);
        double const fed = away(rounded, net, test.x), by_nearest = away(near, net, test.x);
        auto const right_fed = right(rounded, test), right_near = right(near, test);
        CAPTURE(options.symmetric, fed, by_nearest, right_fed, right_near);
        CHECK(fed < 0.7 * by_nearest);
        CHECK(right_fed > right_near);
        CHECK(told ==
              std::vector<std::pair<descent::index, descent::index>>{{1, 5}, {2, 5}, {3, 5}, {4, 5}, {5, 5}});
        REQUIRE(codes.size() == 5);
        CHECK(codes[2].name == "2.body.2.weight");
        CHECK(rounded.params()["0.bias"].flat() == net.params()["0.bias"].flat());
        // What the codes stand for is what the network has, as packed files and 4-bit layers demand.
        auto read = net;
        quantize::unpack(read, quantize::pack(rounded, codes).bytes);
        CHECK(away(read, rounded, test.x) == 0);
        quantize::int4_linear const last{codes[4].codes};
        int wrong = 0;
        for (descent::index i = 0; i < 160; ++i)
            wrong += last.weight(i / 16, i % 16) != rounded.params()["8.weight"].data[i];
        CHECK(wrong == 0);
        auto threaded = net;
        auto const again = error_feedback_layers(threaded, rows, options, {}, exec::openmp{.threads = 2});
        CHECK(away(threaded, rounded, test.x) == 0);
        for (std::size_t i = 0; i < codes.size(); ++i)
            CHECK(again[i].codes.codes == codes[i].codes.codes);
    }
}

TEMPLATE_TEST_CASE("quantize error_feedback_layers: one layer is to_affine with its inputs, to the last code",
                   "", float, double) {
    using T = TestType;
    for (int const bits : {2, 3, 4, 8})
        for (descent::index const inputs : {1, 7, 9}) {
            matrix<T> const x = normal<T>(60, inputs, 5);
            affine_options const options{.bits = bits, .per = quantize::per::group, .group = 4};
            nn::network net{nn::input<T>{inputs}, nn::dense{5}, loss::squared{}};
            auto const by_hand =
                quantize::to_affine(net.params()["weight"], moments_of(x), options, {.damping = 0.1});
            auto const codes = error_feedback_layers(net, x, options, {.damping = 0.1});
            REQUIRE(codes.size() == 1);
            CHECK(codes[0].name == "weight");
            CHECK(codes[0].codes.codes == by_hand.codes);
            for (descent::index i = 0; i < by_hand.extents.size(); ++i)
                REQUIRE(net.params()["weight"].data[i] == by_hand.value(i));
        }
    // A convolution of two groups, all of whose places are taken.
    matrix<T> const x = normal<T>(20, 4 * 5 * 6, 700);
    nn::network net{nn::input<T>{4, 5, 6},
                    nn::sequential{nn::conv2d{.channels = 6, .padding = 1, .groups = 2}, nn::flatten{}},
                    loss::squared{}};
    auto const weight = net.params()["0.weight"];
    std::vector<std::int16_t> by_hand;
    for (descent::index const g : {0, 1}) {
        tensor_view<T const> const part{weight.data + g * 3 * 18, {3, 18}};
        auto const some = quantize::to_affine(part, moments_of(patches_of(x, {4, 5, 6}, 3, 1, g, 2)),
                                              affine_options{.bits = 4});
        by_hand.insert(by_hand.end(), some.codes.begin(), some.codes.end());
    }
    CHECK(error_feedback_layers(net, x, {.bits = 4})[0].codes.codes == by_hand);
}

TEST_CASE("quantize error_feedback_layers: a layer reads what those in front give once they are rounded") {
    matrix<float> const x = normal<float>(500, 12, 5);
    nn::network net{nn::input<float>{12}, nn::sequential{nn::dense{24}, nn::relu{}, nn::dense{6}},
                    loss::squared{}};
    affine_options const two{.bits = 2};
    auto step = net;
    auto const first = step.params()["0.weight"], last = step.params()["2.weight"];
    quantize::to_affine(first, layer_inputs(step, x, "0"), two).copy_to(first.data);
    auto const behind = layer_inputs(step, x, "2", exec::openmp{.threads = 2});
    CHECK(behind.at(0, 0) != layer_inputs(net, x, "2").at(0, 0));
    quantize::to_affine(last, behind, two).copy_to(last.data);
    error_feedback_layers(net, x, two);
    CHECK(away(step, net, x) == 0);
}

TEST_CASE("quantize error_feedback_layers: pruned weights stay 0, and the others make up for them") {
    matrix<float> x = normal<float>(300, 2 * 4 * 4, 9);
    x.colwise() += 2 * normal<float>(300, 1, 99'999).col(0);  // inputs that are alike
    for (bool const symmetric : {true, false}) {
        affine_options const options{.bits = 3, .symmetric = symmetric};
        nn::network net{nn::input<float>{2, 4, 4},
                        nn::sequential{nn::conv2d{.channels = 4, .padding = 1, .groups = 2}, nn::relu{},
                                       nn::flatten{}, nn::dense{5}},
                        loss::squared{}};
        prune::magnitude{.sparsity = 0.6}(net);
        auto const exact = net;
        for (auto const& tensor : error_feedback_layers(net, x, options)) {
            auto const keep = exact.params().mask(tensor.name);
            CHECK(net.params().mask(tensor.name) == keep);
            for (std::size_t i = 0; i < keep.size(); ++i)
                if (!keep[i])
                    CHECK(net.params()[tensor.name].data[i] == 0);
        }
        nn::network one{nn::input<float>{32}, nn::dense{8}, loss::squared{}};
        prune::magnitude{.sparsity = 0.6}(one);
        auto fed = one, nearest = one;
        error_feedback_layers(fed, x, options);
        auto const weight = nearest.params()["weight"];
        quantize::to_affine(weight, options).copy_to(weight.data);
        CHECK(away(fed, one, x) < 0.5 * away(nearest, one, x));
    }
}

TEST_CASE("quantize layer_inputs: the moments of a layer, as prune::surgeon takes them") {
    matrix<float> const x = normal<float>(200, 2 * 4 * 4, 1);
    nn::network net{nn::input<float>{2, 4, 4},
                    nn::sequential{nn::conv2d{.channels = 3, .padding = 1}, nn::flatten{}, nn::dense{4}},
                    loss::squared{}};
    auto const moments = layer_inputs(net, x, "0"), by_hand = moments_of(patches_of(x, {2, 4, 4}, 3, 1, 0, 1));
    CHECK(moments.count() == 200 * 16);
    for (descent::index i = 0; i < 18; ++i)
        for (descent::index j = i; j < 18; ++j)
            REQUIRE(moments.at(i, j) == by_hand.at(i, j));
    auto pruned = net;
    prune::surgeon{.sparsity = 0.5}(pruned.params(), "2.weight", layer_inputs(net, x, "2"));
    CHECK((pruned.params()["2.weight"].flat().array() == 0).count() == 4 * 48 / 2);

    CHECK(message_of([&] { layer_inputs(net, x, "1"); }) ==
          "layer_inputs: the network has no dense, conv1d or conv2d '1'");
    CHECK(message_of([&] { layer_inputs(net, matrix<float>(0, 32), "0"); }) ==
          "layer_inputs: there are no rows");
    CHECK(message_of([&] {
              nn::network two{nn::input<float>{2, 4}, nn::conv1d{.channels = 2, .groups = 2}};
              layer_inputs(two, normal<float>(3, 8, 0), "");
          }) == "layer_inputs: '' has 2 groups, each with inputs of its own: must be 1");
}

TEST_CASE("quantize error_feedback_layers: bad input leaves the network as it was") {
    nn::network net{
        nn::input<float>{2, 4, 4},
        nn::sequential{nn::conv2d{.channels = 4, .kernel = 3, .groups = 2}, nn::flatten{}, nn::dense{2}}};
    auto const before = net;
    matrix<float> const x = normal<float>(10, 32, 0);
    CHECK(message_of([&] { error_feedback_layers(net, matrix<float>(0, 32)); }) ==
          "error_feedback: there are no rows");
    CHECK(message_of([&] { error_feedback_layers(net, x, {.bits = 9}); }) ==
          "error_feedback: bits = 9: must be in [2, 8]");
    CHECK(message_of([&] { error_feedback_layers(net, x, {}, {.damping = NAN}); }) ==
          "error_feedback: damping = nan: must be > 0");
    CHECK(message_of([&] { error_feedback_layers(net, x, {.per = quantize::per::tensor}); }) ==
          "error_feedback: '0' has 2 groups: needs a scale per channel or group of weights");
    CHECK_THROWS_AS(error_feedback_layers(net, normal<float>(10, 31, 0)), descent::error);
    matrix<float> odd = x;
    odd(7, 1) = NAN;
    CHECK(message_of([&] { error_feedback_layers(net, odd); }) ==
          "error_feedback: row 7, column 1 is nan: must be finite");
    CHECK(away(net, before, x) == 0);
    // A bias in front that makes what the last layer reads no number.
    net.params()["0.bias"].data[1] = NAN;
    auto const kept = net.params();
    CHECK(message_of([&] { error_feedback_layers(net, x); }) ==
          "affine: the inputs of column 4 have the squares' sum nan: must be finite");
    CHECK(net.params()["0.weight"].flat() == kept["0.weight"].flat());
    CHECK(net.params()["2.weight"].flat() == kept["2.weight"].flat());
}
