// SPDX-License-Identifier: MIT
#include <descent/linear/logistic_regression.hpp>
#include <descent/optim/chain.hpp>
#include <descent/optim/rate.hpp>
#include <descent/optim/sgd.hpp>
#include <descent/train/checkpoint.hpp>
#include <descent/train/early_stopping.hpp>
#include <descent/train/fit.hpp>
#include <descent/train/minimize.hpp>

#include <limits>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "message.hpp"

using namespace descent;

namespace {

/// The losses of the epochs, one after another; the weight counts the steps.
report<double> run(std::vector<double> const& losses, early_stopping& callback, double* left = nullptr) {
    vector<double> x{{0}};
    auto const report = minimize(
        [&](auto const& at, auto& g) {
            g[0] = -1;
            return losses.at(std::size_t(at[0]));
        },
        x, chain(sgd{}, rate{1.0}), {.epochs = std::int64_t(losses.size()) - 1}, callback);
    if (left)
        *left = x[0];
    return report;
}

}  // namespace

TEST_CASE(
    "train early_stopping: stops after `patience` epochs without improvement, and goes back to the best") {
    early_stopping callback{.patience = 3};
    double left = -1;
    auto const report = run({5, 4, 4.5, 3, 3.5, 3, 3.25, 1, 0}, callback, &left);
    CHECK(report.status == status::stopped);
    CHECK(report.reason == "3 epochs without improvement");
    CHECK(report.epochs == 7);
    CHECK(report.best_loss == 1);  // of the weights behind the last step, which were evaluated too
    CHECK(left == 7);

    auto const longer = run({5, 4, 4.5, 3, 3.5, 3, 3.25, 4, 0}, callback, &left);
    CHECK(longer.epochs == 7);
    CHECK(longer.best_loss == 3);
    CHECK(longer.best_epoch == 3);
    CHECK(longer.loss == 3);
    CHECK(left == 3);
}

TEST_CASE("train early_stopping: without restore_best the last weights stay") {
    early_stopping callback{.patience = 1, .restore_best = false};
    double left = -1;
    auto const report = run({5, 4, 4.5, 3, 2}, callback, &left);
    CHECK(report.reason == "1 epoch without improvement");
    CHECK(report.epochs == 3);
    CHECK(left == 3);
    CHECK(report.loss == 3);
}

TEST_CASE("train early_stopping: restores the best also where training simply ended") {
    early_stopping callback{.patience = 100};
    double left = -1;
    auto const report = run({5, 2, 4, 3, 6}, callback, &left);
    CHECK(report.status == status::finished);
    CHECK(left == 1);
}

TEST_CASE("train early_stopping: less than min_delta is no improvement") {
    early_stopping callback{.patience = 2, .min_delta = 0.5};
    CHECK(run({5, 4.75, 4.5, 4.25, 4, 3.75}, callback).epochs == 3);
    CHECK(run({5, 4.75, 4.25, 4, 3.5, 3, 2}, callback).status == status::finished);
}

TEST_CASE("train early_stopping: watches the validation loss where there is one") {
    early_stopping callback{.patience = 1};
    report<double> const none{};
    params<double> const w{{"x", {1}}};
    training<double> now{.report = none, .weights = w};
    callback.begin(now);
    now.loss = 3, now.validation = 2;
    CHECK_FALSE(callback.epoch_done(now).stop);
    now.loss = 1, now.validation = 2;
    CHECK(callback.epoch_done(now).stop);
}

TEST_CASE("train early_stopping: each run begins anew") {
    early_stopping callback{.patience = 2};
    run({1, 0.5, 0.25, 0.125}, callback);
    auto const report = run({9, 8, 7, 6, 5}, callback);
    CHECK(report.status == status::finished);
    CHECK(callback.memory() == std::vector<double>{6, 0});
}

TEST_CASE("train early_stopping: a run that it ended stays ended when it is resumed") {
    std::vector<double> const losses{5, 4, 3, 3.5, 3.5, 1, 0, 0, 0, 0};
    auto const step = [&](auto const& at, auto& g) {
        g[0] = -1;
        return losses.at(std::size_t(at[0]));
    };
    snapshot<double> last;
    checkpoint keep{[&](snapshot<double> const& now) { last = now; }, {.epochs = 1}};
    vector<double> x{{0}}, again{{0}}, longer{{0}};
    auto const recipe = chain(sgd{}, rate{1.0});
    auto const first = minimize(step, x, recipe, {.epochs = 9}, early_stopping{.patience = 2}, keep);
    auto const second =
        minimize(step, again, recipe, {.epochs = 9}, early_stopping{.patience = 2}, keep, resume{last});
    CHECK(first.status == status::stopped);
    CHECK(second.epochs == first.epochs);
    CHECK(second.reason == first.reason);
    CHECK(second.status == status::stopped);
    CHECK(again[0] == x[0]);
    auto const third =
        minimize(step, longer, recipe, {.epochs = 9}, early_stopping{.patience = 4}, keep, resume{last});
    CHECK(third.epochs == 9);
}

TEST_CASE("train early_stopping: bad settings") {
    auto const complaint = [](early_stopping callback) { return message_of([&] { run({1, 1}, callback); }); };
    CHECK(complaint({.patience = 0}) == "early_stopping: patience = 0: must be >= 1");
    CHECK(complaint({.min_delta = -1}) == "early_stopping: min_delta = -1: must be finite and >= 0");
    CHECK(complaint({.min_delta = std::numeric_limits<double>::infinity()}) ==
          "early_stopping: min_delta = inf: must be finite and >= 0");
}

TEST_CASE("train early_stopping: the loss is that of the weights put back, with validation too") {
    // Validated on labels turned round, so that every epoch makes it worse and the first one is the best.
    data::dataset<double> table{matrix<double>{{-1}, {1}}, vector<double>{{0, 1}}};
    auto held_out = table;
    held_out.y << 1, 0;
    for (batch_policy const batch : {batch_policy(full_batch{}), batch_policy{1, false}}) {
        linear::logistic_regression<double> model{1}, once{1};
        auto const recipe = chain(rate{0.5});
        auto const report = fit(model, table, recipe, {.epochs = 9, .batch = batch}, validate_on{held_out},
                                early_stopping{.patience = 3});
        CHECK(report.best_epoch == 1);
        CHECK(report.epochs == 4);
        CHECK(report.loss == fit(once, table, recipe, {.epochs = 1, .batch = batch}).loss);
        CHECK(model.params()["weight"].data[0] == once.params()["weight"].data[0]);
    }
}
