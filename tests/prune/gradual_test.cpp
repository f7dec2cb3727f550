// SPDX-License-Identifier: MIT
#include <descent/prune/gradual.hpp>
#include <descent/prune/magnitude.hpp>
#include <descent/prune/movement.hpp>
#include <descent/prune/sparsity.hpp>

#include <descent/core/random.hpp>
#include <descent/linear/linear_regression.hpp>
#include <descent/loss/squared.hpp>
#include <descent/nn.hpp>
#include <descent/nn/device_network.hpp>
#include <descent/optim.hpp>
#include <descent/solve/lbfgs.hpp>
#include <descent/train/early_stopping.hpp>
#include <descent/train/fit.hpp>
#include <descent/train/minimize.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include <exec/emulated.hpp>

#include "message.hpp"

using namespace descent;

namespace {

/// 100 weights of a bowl around 1, 2, ..., 100, begun near there: pruning alone makes the loss larger.
params<double> filled() {
    params<double> w{{"w", {10, 10}}};
    for (int i = 0; i < 100; ++i)
        w.data()[i] = i + 1.5;
    return w;
}

double bowl(params<double> const& w, params<double>& g) {
    double sum = 0;
    for (int i = 0; i < 100; ++i) {
        g.data()[i] = w.data()[i] - (i + 1);
        sum += 0.5 * g.data()[i] * g.data()[i];
    }
    return sum;
}

auto const slow = chain(sgd{}, rate{1e-3}, keep_zeros{});
using plan = prune::gradual<params<double>, prune::magnitude>;

struct at_step {
    std::int64_t last;
    bool step_done(training<double> const& now) const { return now.steps >= last; }
};

}  // namespace

TEST_CASE("prune gradual: a last step that fit does not reach is refused before anything changes") {
    auto w = filled();
    CHECK(message_of([&] {
              minimize(bowl, w, slow, {.epochs = 300}, plan{w, {.sparsity = 0.9}, {.last = 5000}});
          }) == "prune::gradual: last = 5000, but fit makes 300 steps: they would end at sparsity " +
                    text(0.9 * (1 - std::pow(1 - 300.0 / 5000, 3.0))) + " of 0.9");
    CHECK(!w.masked());
    CHECK(message_of([&] {
              minimize(bowl, w, slow, {.epochs = 300},
                       plan{w, {.sparsity = 0.9, .on = {.limit = 0.5}}, {.last = 300}});
          }) ==
          "prune: sparsity = 0.9 is out of reach where a tensor may lose limit = 0.5 of it at most: must be <= "
          "limit");
    auto const report = minimize(bowl, w, slow, {.epochs = 300}, plan{w, {.sparsity = 0.9}, {.last = 300}});
    CHECK(prune::sparsity(w) == 0.9);
    CHECK(report.reason == "300 epochs done");
}

TEST_CASE("prune gradual: a run that ends before the last step says how far it came") {
    auto w = filled();
    auto const stop = [](training<double> const& now) { return now.epoch == 30; };
    auto const report =
        minimize(bowl, w, slow, {.epochs = 100},
                 plan{w, {.sparsity = 0.5}, {.first = 4, .last = 44, .every = 10, .power = 1}}, stop);
    CHECK(report.status == status::stopped);
    CHECK(report.reason == "a callback stopped it; prune::gradual: step 30 of 44, sparsity 0.25 of 0.5");
    CHECK(prune::sparsity(w) == 0.25);
    // Gradients that gather are fewer steps than fit could know.
    w = filled();
    auto const few = minimize(bowl, w, chain(accumulate{10}, sgd{}, rate{1e-3}, keep_zeros{}), {.epochs = 100},
                              plan{w, {.sparsity = 0.5}, {.last = 20, .every = 5, .power = 1}});
    CHECK(few.reason == "100 epochs done; prune::gradual: step 10 of 20, sparsity 0.25 of 0.5");
    CHECK(few.steps == 10);
    // Before the first pruning.
    w = filled();
    auto const none =
        minimize(bowl, w, slow, {.epochs = 100}, plan{w, {.sparsity = 0.5}, {.first = 40, .last = 50}}, stop);
    CHECK(none.reason == "a callback stopped it; prune::gradual: step 30 of 50, sparsity 0 of 0.5");
}

TEST_CASE("prune gradual: methods of solve/, which train masked weights, are refused before anything changes") {
    auto w = filled();
    auto const before = w;
    for (std::int64_t const first : {0, 5})
        CHECK(message_of([&] {
                  minimize(bowl, w, solve::lbfgs{}, plan{w, {.sparsity = 0.5}, {.first = first, .last = 5}});
              }) ==
              "prune::gradual: a method of solve/ would train what is masked: train by a recipe with "
              "keep_zeros{}");
    CHECK(!w.masked());
    CHECK(std::equal(w.data(), w.data() + w.arena_size(), before.data()));
    CHECK(message_of([&] {
              minimize(bowl, w, slow, {.epochs = 0}, plan{w, {.sparsity = 0.5}, {.last = 10}});
          }) == "prune::gradual: last = 10, but fit makes 0 steps: they would end at sparsity 0 of 0.5");
    CHECK(!w.masked());
}

TEST_CASE("prune gradual: pruned before the first step, the best weights are pruned from the beginning") {
    auto w = filled();
    auto const stop = [](training<double> const&) { return true; };
    auto const report = minimize(bowl, w, slow, {.epochs = 0}, plan{w, {.sparsity = 0.5}, {.last = 0}}, stop);
    CHECK(prune::sparsity(w) == 0.5);
    CHECK(prune::sparsity(report.best) == 0.5);
}

TEST_CASE("prune gradual: early stopping and the best weights wait for the last pruning") {
    // Each pruning makes the loss larger, so that the best weights would be those of the beginning.
    auto w = filled();
    early_stopping patient{.patience = 3, .min_delta = 1};
    auto const report = minimize(bowl, w, slow, {.epochs = 60},
                                 plan{w, {.sparsity = 0.5}, {.last = 40, .every = 4, .power = 1}}, patient);
    CHECK(report.status == status::stopped);
    CHECK(report.reason == "3 epochs without improvement");
    CHECK(report.steps > 40);
    CHECK(report.steps < 46);
    CHECK(prune::sparsity(w) == 0.5);
    CHECK(prune::sparsity(report.best) == 0.5);
    CHECK(report.best_epoch >= 40);
    double lost = 0;  // what the masked half costs, which nothing wins back
    for (int i = 1; i <= 50; ++i)
        lost += 0.5 * i * i;
    CHECK(report.best_loss > lost);
    CHECK(report.best_loss < lost + 7);
}

TEST_CASE("prune gradual: the best weights of small batches are of a pruned model, too") {
    data::dataset<double> table;
    generator const draws{.seed = 5};
    table.x.resize(64, 8);
    for (descent::index i = 0; i < table.x.size(); ++i)
        table.x.data()[i] = draws.normal<double>(std::uint64_t(i));
    table.y = table.x.rowwise().sum();
    linear::linear_regression<double> model{8};
    model.params()["weight"].flat().setOnes();  // the solution
    std::vector<std::int64_t> improved;
    auto const see = [&](training<double> const& now) {
        if (now.improved)
            improved.push_back(now.epoch);
    };
    auto const report =
        fit(model, table, slow, {.epochs = 8, .batch = 16},
            prune::gradual{model, prune::magnitude{.sparsity = 0.5}, {.last = 20, .every = 4}}, see);
    CHECK(prune::sparsity(report.best) == 0.5);
    CHECK(report.best_epoch >= 5);
    CHECK(report.best_loss > 0.1);
    for (std::int64_t epoch = 1; epoch <= 6; ++epoch)  // up to the first one behind the last pruning
        CHECK(std::count(improved.begin(), improved.end(), epoch) == 1);
}

TEST_CASE(
    "prune gradual: the best weights that are put back may be of before the last pruning, which is told") {
    data::dataset<double> table;
    table.x = matrix<double>::Random(64, 8);
    table.y = table.x.rowwise().sum();
    linear::linear_regression<double> model{8};
    model.params()["weight"].flat().setOnes();
    // The third epoch of four steps is the last whole one.
    auto const stop = at_step{15};
    auto const report = fit(model, table, slow, {.epochs = 8, .batch = 16},
                            prune::gradual{model, prune::magnitude{.sparsity = 0.5}, {.last = 14, .every = 14}},
                            early_stopping{}, stop);
    CHECK(report.steps == 15);
    CHECK(report.best_epoch == 3);
    CHECK(prune::sparsity(model.params()) == 0);
    CHECK(report.reason == "a callback stopped it; prune::gradual: step 12 of 14, sparsity 0 of 0.5");
}

TEST_CASE("prune gradual: one for two runs prunes in both") {
    auto w = filled();
    plan twice{w, {.sparsity = 0.5}, {.first = 3, .last = 3}};
    for (int run = 0; run < 2; ++run) {
        w = filled();
        w.clear_masks();
        minimize(bowl, w, slow, {.epochs = 5}, twice);
        CHECK(prune::sparsity(w) == 0.5);
    }
}

TEST_CASE("prune gradual: as many epochs as there are numbers, for a run that something else ends") {
    data::dataset<double> table;
    table.x = matrix<double>::Random(64, 8);
    table.y = table.x.rowwise().sum();
    linear::linear_regression<double> model{8};
    auto const report =
        fit(model, table, slow, {.epochs = std::numeric_limits<std::int64_t>::max(), .batch = 16},
            prune::gradual{model, prune::magnitude{.sparsity = 0.5}, {.last = 20, .every = 4}}, at_step{30});
    CHECK(report.reason == "a callback stopped it");
    CHECK(prune::sparsity(model.params()) == 0.5);
}

TEST_CASE("prune gradual: without keep_zeros{} the first pruning is refused, be it the last") {
    for (std::int64_t const last : {5, 9}) {
        auto w = filled();
        CHECK(message_of([&] {
                  minimize(bowl, w, chain(sgd{}, rate{1e-3}), {.epochs = 20},
                           plan{w, {.sparsity = 0.5}, {.first = 5, .last = last, .start = 0.5}});
              }) ==
              "optimizer: 50 of 100 weights of 'w' are masked, and the recipe would train them: give it "
              "keep_zeros{}, or take the masks away (clear_masks())");
    }
}

TEST_CASE("prune gradual: weights that a device trains are pruned within its epochs, as on the host") {
    data::dataset<double> table;
    generator const draws{.seed = 6};
    table.x.resize(64, 8);
    for (descent::index i = 0; i < table.x.size(); ++i)
        table.x.data()[i] = draws.normal<double>(std::uint64_t(i));
    table.y = table.x.rowwise().sum();
    auto const train = [&](auto const& by, auto const& executor) {
        nn::network net{nn::input<double>{8}, nn::sequential{nn::dense{6}, nn::relu{}, nn::dense{1}},
                        loss::squared{}};
        fit(net, table, chain(adam{}, rate{1e-2}, keep_zeros{}), {.epochs = 5, .batch = 16}, executor,
            prune::gradual{net, by, {.last = 10, .every = 3}});
        return net.params();
    };
    auto const compare = [&](auto const& by) {
        auto const here = train(by, exec::serial{}), there = train(by, test::emulated{});
        CHECK(prune::sparsity(there) == 0.5);
        for (auto const& entry : here.entries()) {
            CHECK(there.mask(entry.name) == here.mask(entry.name));
            for (descent::index i = 0; i < entry.size(); ++i) {
                double const number = here.data()[entry.offset + i];
                CHECK(std::abs(there.data()[entry.offset + i] - number) <= 1e-9 * std::abs(number));
            }
        }
    };
    compare(prune::magnitude{.sparsity = 0.5});
    compare(prune::movement<double>{.sparsity = 0.5});  // sees each step
    // And a movement that watches alone.
    auto const watched = [&](auto const& executor) {
        nn::network net{nn::input<double>{8}, nn::sequential{nn::dense{6}, nn::relu{}, nn::dense{1}},
                        loss::squared{}};
        prune::movement<double> moved{.sparsity = 0.5};
        fit(net, table, chain(adam{}, rate{1e-2}), {.epochs = 1, .batch = 16}, executor, moved);
        return moved.sum;
    };
    auto const here = watched(exec::serial{}), there = watched(test::emulated{});
    CHECK(here.sum_of_squares() > 0);
    for (descent::index i = 0; i < here.arena_size(); ++i)
        CHECK(std::abs(there.data()[i] - here.data()[i]) <= 1e-9 * std::abs(here.data()[i]));
}
