// SPDX-License-Identifier: MIT
#include <descent/data/augmented.hpp>
#include <descent/data/image_crop.hpp>
#include <descent/data/image_flip.hpp>
#include <descent/data/mixup.hpp>
#include <descent/data/prefetch.hpp>
#include <descent/exec/openmp.hpp>
#include <descent/nn/activation.hpp>
#include <descent/nn/dense.hpp>
#include <descent/nn/embedding.hpp>
#include <descent/nn/network.hpp>
#include <descent/nn/sequence_pool.hpp>
#include <descent/nn/sequential.hpp>
#include <descent/optim/adam.hpp>
#include <descent/optim/chain.hpp>
#include <descent/optim/rate.hpp>
#include <descent/train/checkpoint.hpp>
#include <descent/train/fit.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "message.hpp"
#include "train/problems.hpp"

using namespace descent;
namespace image = descent::data::image;

namespace {

constexpr descent::index rows = 37;

/// Images of 1 x 2 x 4 pixels.
data::dataset<float> pictures() { return clouds<float>(rows, 8); }

auto doubled(data::dataset<float> const& table) {
    return data::augmented{
        table, {1, 2, 4}, image::random_crop{2, 4, 1}, image::horizontal_flip{}, image::center_crop{2, 2}};
}

auto make_net(descent::index features) {
    return nn::network(nn::input<float>{features}, nn::sequential{nn::dense{5}, nn::relu{}, nn::dense{3}});
}

template <class Table, class Executor = exec::serial>
std::vector<float> made(Table const& table, data::batch_request const& request, Executor const& executor = {}) {
    data::made_batch<float> batch;
    data::detail::make_batch(table, request, batch, executor);
    return {batch.x.data(), batch.x.data() + batch.count * batch.features};
}

}  // namespace

TEST_CASE("train augmented: validation data of another size is refused") {
    auto const table = pictures();
    auto const more = doubled(table);
    auto net = make_net(4);
    // What is held out is not transformed, so its rows are those of the table.
    CHECK(message_of([&] { fit(net, more, chain(adam{}, rate{0.1}), {}, validate_on{more}); }) ==
          "validation: network: the data has 8 features, the network reads [4] = 4");
    // Ids of rows that become wider are not looked for behind the table's own.
    data::dataset<float> ids = table;
    ids.x.setZero();
    data::augmented const wider{ids, {1, 1, 8}, image::random_crop{1, 100, 50}};
    nn::network const words{nn::input<float>{100},
                            nn::sequential{nn::embedding{2, 3}, nn::sequence_mean{}, nn::dense{3}}};
    CHECK(message_of([&] { words.check(wider); }) == "(no error)");
}

TEST_CASE("train augmented: a sample depends on seed, row and epoch alone") {
    auto const table = pictures();
    auto const more = doubled(table);
    CHECK(more.features() == 4);
    std::vector<descent::index> const order{5, 36, 0, 9, 1, 30};
    auto const batch = made(more, {order.data(), 0, 6, 7, 2});
    // One by one, from another place of another order, by more threads: the same.
    bool same = true;
    for (descent::index i = 0; i < 6; ++i) {
        auto const one = made(more, {nullptr, order[std::size_t(i)], 1, 7, 2});
        same = same && std::equal(one.begin(), one.end(), batch.begin() + 4 * i);
    }
    CHECK(same);
    CHECK(made(more, {order.data(), 0, 6, 7, 2}, exec::openmp{.threads = 3}) == batch);
    CHECK(made(more, {order.data(), 0, 6, 7, 3}) != batch);
    CHECK(made(more, {order.data(), 0, 6, 8, 2}) != batch);
    // Every number comes from its own image, or from the padding.
    auto const epoch = made(more, {nullptr, 0, rows, 1, 1});
    bool own = true;
    for (descent::index i = 0; i < rows; ++i)
        for (descent::index j = 0; j < 4; ++j) {
            float const pixel = epoch[std::size_t(4 * i + j)];
            own = own && (pixel == 0 || (table.x.row(i).array() == pixel).any());
        }
    CHECK(own);
    CHECK(made(data::augmented{table, {1, 2, 4}}, {order.data(), 1, 2, 0, 0}) ==
          made(table, {order.data(), 1, 2}));
    auto const middle = data::transformed(table, {1, 2, 4}, image::center_crop{1, 2});
    CHECK(middle.x == table.x.middleCols(1, 2));
    CHECK(middle.y == table.y);
}

TEST_CASE("train augmented: mixup mixes inputs and losses by one lambda ~ Beta(alpha, alpha)") {
    auto const table = pictures();
    data::mixup const mixed{table, 0.4};
    data::made_batch<float> batch;
    data::batch_request const request{nullptr, 8, 16, 3, 1};
    mixed.make(request, batch, exec::serial{});
    auto const plain = made(table, request);
    bool mixes = batch.mixed && batch.share == mixed.lambda(request);
    for (descent::index i = 0; i < 16; ++i) {
        bool found = false;
        for (descent::index k = 0; k < 16; ++k) {
            double worst = 0;
            for (descent::index j = 0; j < 8; ++j)
                worst = std::max(worst, std::fabs(batch.share * plain[std::size_t(8 * i + j)] +
                                                  (1 - batch.share) * plain[std::size_t(8 * k + j)] -
                                                  double(batch.x.data()[8 * i + j])));
            found = found || (worst < 1e-6 && batch.others[std::size_t(i)] == table.y[8 + k]);
        }
        mixes = mixes && found && batch.y[std::size_t(i)] == table.y[8 + i];
    }
    CHECK(mixes);
    // Mean 1/2 and variance 1 / (4 (2 alpha + 1)).
    for (double const alpha : {0.1, 1.0, 3.0}) {
        double sum = 0, squares = 0;
        int const n = 4000;
        for (int i = 0; i < n; ++i) {
            double const l = data::mixup{table, alpha}.lambda({nullptr, 64 * (i % 50), 64, 1, i / 50});
            sum += l, squares += (l - 0.5) * (l - 0.5);
        }
        double const variance = 1 / (4 * (2 * alpha + 1));
        CHECK(std::fabs(sum / n - 0.5) < 5 * std::sqrt(variance / n));
        CHECK(std::fabs(squares / n / variance - 1) < 0.1);
    }
    // The loss and the gradient of the network: lambda that of y and 1 - lambda that of the others.
    auto net = make_net(8);
    auto g = net.params().like(), one = g, other = g;
    data::mixed_batch<float> rows_of = batch.rows();
    double const value = net.gradient(rows_of, g);
    double const of_y = net.gradient(rows_of.rows, one);
    rows_of.rows.y = rows_of.others;
    double const of_others = net.gradient(rows_of.rows, other);
    CHECK(std::fabs(value - (batch.share * of_y + (1 - batch.share) * of_others)) < 1e-6);
    double worst = 0;
    for (descent::index i = 0; i < g.arena_size(); ++i)
        worst = std::max(worst, std::fabs(g.data()[i] - (batch.share * one.data()[i] +
                                                         (1 - batch.share) * double(other.data()[i]))));
    CHECK(worst < 1e-6);
}

TEST_CASE("train augmented: fit with and without a prefetch thread, resumed, by any threads: the same bits") {
    auto const table = pictures();
    auto const more = doubled(table);
    data::mixup const mixed{more, 0.3};
    data::prefetched const ahead{mixed};
    auto const recipe = chain(adam{}, rate{0.02});
    fit_options const options{.epochs = 3, .batch = 8, .seed = 4};
    std::vector<snapshot<float>> places;
    auto net = make_net(4), fetched = make_net(4), again = make_net(4), parallel = make_net(4);
    auto const report = fit(net, mixed, recipe, options);
    auto const other =
        fit(fetched, ahead, recipe, options,
            checkpoint{[&](auto const& now) { places.push_back(now); }, {.epochs = 1, .steps = 2}});
    CHECK(report.loss == other.loss);
    CHECK(same_bits(net.params(), fetched.params()));
    REQUIRE(places.size() == 9);
    int same = 0;
    for (auto const& place : places) {
        fit(again, ahead, recipe, options, resume{place});
        same += same_bits(net.params(), again.params());
    }
    CHECK(same == 9);
    fit(parallel, mixed, recipe, options, exec::openmp{.threads = 2});
    CHECK(same_bits(net.params(), parallel.params()));
    // Left in the middle of an epoch, with a batch under way.
    auto const stopped = fit(parallel, ahead, recipe, options, resume{places[1]}, exec::openmp{.threads = 2},
                             [](auto const&) { return true; });
    CHECK(stopped.status == status::stopped);
    // All samples at once, and samples that weigh nothing.
    auto weighted = table;
    weighted.weights = descent::vector<float>::Ones(rows);
    weighted.weights.head(20).setZero();
    data::augmented const whole{weighted, {1, 2, 4}}, none{table, {1, 2, 4}};
    auto a = make_net(8), b = make_net(8);
    fit(a, whole, recipe, {.epochs = 2});
    fit(b, weighted, recipe, {.epochs = 2});
    CHECK(same_bits(a.params(), b.params()));
}

TEST_CASE("train augmented: what does not fit is refused") {
    auto const table = pictures();
    CHECK(message_of([&] {
              data::augmented{table, {1, 3, 4}};
          }) == "augmented: the data has 8 features, an image of [1, 3, 4] 12");
    CHECK(message_of([&] {
              data::augmented{table, {8}};
          }) == "augmented: the image is [8]: must be [channels, height, width]");
    CHECK(message_of([&] { data::mixup{table, 0.0}; }) == "mixup: alpha = 0: must be finite and > 0");
    auto net = make_net(8);
    auto const more = doubled(table);
    CHECK(message_of([&] { net.check(more); }) ==
          "network: the data has 4 features, the network reads [8] = 8");
    auto bad = table;
    bad.y[3] = 9;
    CHECK(message_of([&] { net.check(data::mixup{bad}); }) ==
          "network: row 3: label 9: must be an integer in [0, 3)");
}
