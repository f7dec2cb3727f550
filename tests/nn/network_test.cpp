// SPDX-License-Identifier: MIT
#include <descent/data/csv.hpp>
#include <descent/data/multi_target.hpp>
#include <descent/exec/openmp.hpp>
#include <descent/loss/squared.hpp>
#include <descent/nn.hpp>
#include <descent/optim/adam.hpp>
#include <descent/optim/chain.hpp>
#include <descent/optim/rate.hpp>
#include <descent/train/fit.hpp>
#include <descent/train/metrics.hpp>

#include <array>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "allocations.hpp"
#include "message.hpp"

using namespace descent;

namespace {

/// Points in a ring (1) around others (0), which no linear model can tell apart.
data::dataset<float> ring(descent::index samples) {
    data::dataset<float> table;
    table.x.resize(samples, 2);
    table.y.resize(samples);
    generator const draws{3};
    for (descent::index i = 0; i < samples; ++i) {
        double const radius = i % 2 ? 2 : 0.5,
                     angle = 6.283185307179586 * draws.uniform<double>(std::uint64_t(i));
        table.x(i, 0) = float(radius * std::cos(angle));
        table.x(i, 1) = float(radius * std::sin(angle));
        table.y[i] = float(i % 2);
    }
    return table;
}

auto small_net(std::uint64_t seed = 0) {
    return nn::network(nn::input<float>{2},
                       nn::sequential{nn::dense{16}, nn::relu{}, nn::dropout{0.1}, nn::dense{2}},
                       loss::softmax_cross_entropy{}, {.seed = seed});
}

/// Counts the allocations of fit's steps, but for each epoch's first, which shuffles.
struct in_fit {
    long steps = 0, taken = 0;
    void step_done(training<float> const& now) {
        allocations::counting = false;
        if (now.batch > 1) {
            ++steps;
            taken += allocations::taken;
        }
        allocations::taken = 0;
        allocations::counting = true;
    }
    void end(training<float> const&) { allocations::counting = false; }
};

}  // namespace

TEST_CASE("nn network: fit learns what a linear model cannot, with the same bits on every thread count") {
    auto const train = ring(300);
    auto net = small_net();
    auto const report = fit(net, train, chain(adam{}, rate{1e-2}), {.epochs = 40, .batch = 32});
    CHECK(report.status == status::finished);
    CHECK(accuracy(net.predict(train.x), train.y) == 1);
    CHECK(std::fabs(net.predict_probability(train.x).row(0).sum() - 1) < 1e-6f);
    for (int const threads : {2, 3}) {
        auto other = small_net();
        fit(other, train, chain(adam{}, rate{1e-2}), {.epochs = 40, .batch = 32},
            exec::openmp{.threads = threads});
        CHECK(std::equal(net.params().data(), net.params().data() + net.params().arena_size(),
                         other.params().data()));
    }
    auto copy = net;  // networks are values
    CHECK(copy.scores(train.x) == net.scores(train.x));
    CHECK(small_net(1).params()["0.weight"].flat() != small_net(2).params()["0.weight"].flat());
}

TEST_CASE("nn network: a step after the first and a prediction of one row take no memory") {
    auto const train = ring(70);
    for (int const threads : {1, 2}) {
        exec::openmp const executor{.threads = threads};
        auto net = small_net();
        in_fit watch;
        fit(net, train, chain(adam{}, rate{1e-2}), {.epochs = 2, .batch = 16}, executor, watch);
        CHECK(watch.steps == 8);
        CHECK(watch.taken == 0);
        std::vector<float> const row{1, 0};
        std::array<float, 2> z, p;
        float y;
        auto const fresh = small_net();  // its first call makes the workspace
        auto const ask = [&] {
            fresh.predict(row, {&y, 1}, executor);
            fresh.scores(row, z, executor);
            fresh.predict_probability(row, p, executor);
        };
        ask();
        CHECK(allocations::during(ask) == 0);
        matrix<float> const x{{1, 0}};
        CHECK(fresh.predict(x)[0] == y);
        CHECK(fresh.scores(x)(0, 1) == z[1]);
        CHECK(fresh.predict_probability(x)(0, 1) == p[1]);
    }
    auto const net = small_net();
    std::array<float, 6> numbers{};
    std::span<float> const all = numbers;
    CHECK(message_of([&] { net.scores(all.first(3), all); }) ==
          "network: x has 3 numbers, the network reads 2 a sample");
    CHECK(message_of([&] { net.scores(all.first(4), all.first(3)); }) ==
          "network: room for 3 numbers, 2 samples give 4");
    CHECK(message_of([&] { net.predict(all.first(2), all.first(2)); }) ==
          "network: room for 2 numbers, 1 sample gives 1");
    // A loss of one score says nothing about two.
    nn::network const two{nn::input<float>{2}, nn::sequential{nn::dense{2}}, loss::squared{}};
    CHECK(message_of([&] { two.predict(all.first(2), all.first(1)); }) ==
          "network: the last layer gives [2] for 1 target a sample: must be as many numbers");
}

TEST_CASE("nn network: ids outside the vocabulary are refused before training and with their row") {
    nn::network net{nn::input<float>{2},
                    nn::sequential{nn::named{"words", nn::embedding{5, 3}}, nn::sequence_mean{}, nn::dense{2}}};
    auto table = ring(100);
    table.x.setConstant(4);
    net.check(table);
    table.x(70, 1) = 5;
    std::string const refusal =
        "words (embedding): sample 70, step 1: id 5: must be a whole number below 5, or "
        "negative for no more steps";
    auto const before = net.params();
    CHECK(message_of([&] { fit(net, table, chain(adam{}, rate{1e-2}), {.epochs = 1, .batch = 16}); }) ==
          refusal);
    CHECK(std::equal(before.data(), before.data() + before.arena_size(), net.params().data()));
    CHECK(message_of([&] { net.predict(table.x); }) == refusal);
    CHECK(message_of([&] { net.scores(table.x); }) == refusal);
    // Wherever the embedding stands in front of the others.
    auto const refused = [&](auto const& layers) {
        return message_of([&] {
            nn::network(nn::input<float>{2}, nn::sequential{nn::named{"all", layers}, nn::flatten{}})
                .check(table);
        });
    };
    nn::embedding const words{5, 2};
    CHECK(refused(nn::sequential{nn::flatten{}, nn::parallel{nn::embedding{6, 2}, words}}).substr(0, 46) ==
          "all.1.1 (embedding): sample 70, step 1: id 5: ");
    CHECK(refused(nn::residual{words, nn::embedding{6, 2}}).substr(0, 47) ==
          "all.body (embedding): sample 70, step 1: id 5: ");
    CHECK(refused(nn::residual{nn::embedding{6, 2}, words}).substr(0, 51) ==
          "all.shortcut (embedding): sample 70, step 1: id 5: ");
}

TEST_CASE("nn network: the gradient is that of the mean loss, sample weights included") {
    auto table = ring(7);
    table.weights.resize(7);
    for (descent::index i = 0; i < 7; ++i)
        table.weights[i] = float(i % 3);
    nn::network net{nn::input<double>{2}, nn::sequential{nn::dense{5}, nn::tanh_layer{}, nn::dense{1}},
                    loss::squared{}};
    data::dataset<double> wide;
    wide.x = table.x.cast<double>();
    wide.y = table.y.cast<double>();
    wide.weights = table.weights.cast<double>();
    auto g = net.params().like(), unused = g;
    double const value = net.gradient(data::all_of(wide), g);
    CHECK(std::fabs(value - net.loss(data::all_of(wide))) < 1e-14);
    for (auto const& entry : net.params().entries())
        for (descent::index i = 0; i < entry.size(); ++i) {
            double& w = net.params().data()[entry.offset + i];
            double const before = w, step = 1e-6;
            w = before + step;
            double const above = net.gradient(data::all_of(wide), unused);
            w = before - step;
            double const below = net.gradient(data::all_of(wide), unused);
            w = before;
            CHECK(std::fabs((above - below) / (2 * step) - g.data()[entry.offset + i]) < 1e-8);
        }
    // Weighted by nothing at all, or without samples, there is nothing to learn.
    wide.weights.setZero();
    CHECK(net.gradient(data::all_of(wide), g) == 0);
    CHECK(g.sum_of_squares() == 0);
    CHECK(net.gradient(data::all_of(wide).part(0, 0), g) == 0);
    CHECK(net.scores(matrix<double>(0, 2)).rows() == 0);
}

TEST_CASE("nn network: what does not fit is refused") {
    auto net = small_net();
    auto table = ring(4);
    table.x.conservativeResize(4, 1);
    CHECK(message_of([&] { net.check(table); }) ==
          "network: the data has 1 features, the network reads [2] = 2");
    CHECK(message_of([&] { net.scores(table.x); }) == "network: x has 1 features, the network 2");
    auto three = ring(4);
    three.y[2] = 2;
    CHECK(message_of([&] { net.check(three); }).find("network: ") == 0);
    nn::network two{nn::input<float>{2}, nn::sequential{nn::dense{2}}, loss::squared{}};
    CHECK(message_of([&] { two.check(ring(4)); }) ==
          "network: the last layer gives [2] for 1 target a sample: must be as many numbers");
    CHECK(message_of([&] {
              nn::network(nn::input<float>{2}, nn::sequential{nn::dense{2}, nn::dense{-1}});
          }) == "1 (dense): outputs = -1: must be >= 1");
    // A forgotten nn::flatten or pooling would be many classes.
    nn::network const steps{nn::input<float>{2, 3}, nn::sequential{nn::dense{2}}};
    auto six = ring(4);
    six.x = matrix<float>::Zero(4, 6);
    CHECK(message_of([&] { steps.check(six); }) ==
          "network: the last layer gives [2, 2] for 1 target a sample: nn::flatten or a pooling layer makes it "
          "[n]");
    nn::network const logistic{nn::input<float>{2}, nn::sequential{nn::dense{1}}, loss::logistic{}};
    CHECK(message_of([&] { logistic.check(three); }) ==
          "network: row 2: label 2: must be an integer in [0, 2)");
    three.class_names = {"a", "b", "c"};
    CHECK(message_of([&] { logistic.check(three); }) == "network: the data has 3 classes, the loss is of two");
    data::multi_target_dataset<float> nothing{.x = matrix<float>::Zero(1, 2)};
    nothing.y = matrix<float>::Constant(1, 2, std::nanf(""));
    CHECK(message_of([&] { two.check(nothing); }) == "network: all targets are nan: none is known");
}

TEST_CASE("nn network: losses of two classes answer with classes") {
    nn::network net{nn::input<float>{1}, nn::sequential{nn::dense{1}}, loss::logistic{}};
    net.params()["0.weight"].flat()[0] = 2;
    net.params()["0.bias"].flat()[0] = -1;
    matrix<float> const x{{0.0f}, {0.5f}, {1.0f}};
    CHECK(net.predict(x) == vector<float>{{0, 0, 1}});
    CHECK(net.scores(x)(2, 0) == 1);
    CHECK(net.predict_each(x, 1)(2, 0) == 1);
}

TEST_CASE("nn network: several targets a sample, some of them unknown") {
    // Each step of a sequence has the class of the number before it; the first step's is unknown.
    data::multi_target_dataset<float> train;
    train.x.resize(200, 6);
    train.y.resize(200, 3);
    generator const draws{9};
    float const unknown = std::nanf("");
    for (descent::index i = 0; i < 200; ++i)
        for (descent::index step = 0; step < 3; ++step) {
            bool const bit = draws.bits<std::uint32_t>(std::uint64_t(3 * i + step)) & 1;
            train.x(i, 2 * step) = float(bit);
            train.x(i, 2 * step + 1) = 1;
            train.y(i, step) = step == 0 ? unknown : train.x(i, 2 * (step - 1));
        }
    nn::network net{nn::input<float>{3, 2},
                    nn::sequential{nn::flatten{}, nn::dense{16}, nn::relu{}, nn::dense{6}},
                    loss::softmax_cross_entropy{}};
    auto const report = fit(net, train, chain(adam{}, rate{1e-2}), {.epochs = 60, .batch = 20});
    CHECK(report.loss < 0.05);
    auto const found = net.predict_each(train.x, 3);
    CHECK((found.rightCols(2) - train.y.rightCols(2)).cwiseAbs().maxCoeff() == 0);

    // The mean is over the known targets, and unknown ones have no slope.
    auto few = train;
    few.y.setConstant(unknown);
    few.y(5, 1) = 1;
    matrix<float> const z = net.scores(train.x.row(5));
    CHECK(std::fabs(net.loss(data::all_of(few)) - std::log1p(std::exp(double(z(0, 2) - z(0, 3))))) < 1e-5);
    few.y(5, 1) = unknown;
    auto g = net.params().like();
    CHECK(net.gradient(data::all_of(few), g) == 0);
    CHECK(g.sum_of_squares() == 0);

    few.y(5, 1) = 2;
    CHECK(message_of([&] { net.check(few); }) ==
          "network: row 5, target 1: label 2: must be an integer in [0, 2)");
    few.y.resize(200, 4);
    few.y.setZero();
    CHECK(message_of([&] { net.check(few); }) ==
          "network: the last layer gives [6] for 4 targets a sample: must be a multiple");
    few.x(3, 1) = std::numeric_limits<float>::infinity();
    CHECK(message_of([&] { net.check(few); }) == "network: row 3, column 1 is inf");

    // Several numbers: an autoencoder.
    data::multi_target_dataset<float> const same{train.x, train.x, {}};
    nn::network coder{nn::input<float>{6}, nn::sequential{nn::dense{4}, nn::dense{6}}, loss::squared{}};
    CHECK(fit(coder, same, chain(adam{}, rate{1e-2}), {.epochs = 100, .batch = 20}).loss < 0.02);
}
