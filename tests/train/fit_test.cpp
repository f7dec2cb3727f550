// SPDX-License-Identifier: MIT
#include <descent/exec/openmp.hpp>
#include <descent/linear/linear_regression.hpp>
#include <descent/linear/softmax_regression.hpp>
#include <descent/optim.hpp>
#include <descent/train/fit.hpp>
#include <descent/train/metrics.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "message.hpp"
#include "train/problems.hpp"

using namespace descent;

TEMPLATE_TEST_CASE("train fit: one full-batch step is w - rate gradient", "", float, double) {
    using T = TestType;
    auto const table = clouds<T>(50, 4);
    linear::softmax_regression<T> model{4, 3}, by_hand{4, 3};
    by_hand.prepare(table);
    auto g = by_hand.params().like();
    double const before = by_hand.gradient(data::all_of(table), g);
    for (descent::index i = 0; i < g.arena_size(); ++i)
        by_hand.params().data()[i] -= T(0.25) * g.data()[i];
    auto const report = fit(model, table, chain(sgd{}, rate{0.25}), {.epochs = 1});
    CHECK(same_bits(model.params(), by_hand.params()));
    CHECK(report.history.at(0).loss == before);
    CHECK(report.loss == by_hand.loss(data::all_of(table)));
    CHECK(std::fabs(before - std::log(3.0)) < 1e-6);  // at 0 every class is as likely
    CHECK(report.evaluations == 100);
}

TEST_CASE("train fit: least squares arrive where they should") {
    // y = 3 x0 - 2 x1 + 1, without noise.
    auto table = clouds<double>(60, 2);
    table.y = 3 * table.x.col(0) - 2 * table.x.col(1);
    table.y.array() += 1;
    linear::linear_regression<double> model{2};
    auto const report =
        fit(model, table, chain(momentum{0.9}, rate{0.3}), {.epochs = 2000, .tolerance = 1e-12});
    CHECK(report.status == status::converged);
    CHECK(std::fabs(model.weight()(0, 0) - 3) < 1e-10);
    CHECK(std::fabs(model.weight()(0, 1) + 2) < 1e-10);
    CHECK(std::fabs(model.bias()[0] - 1) < 1e-10);
    CHECK(r2(model, table) > 1 - 1e-15);
}

TEST_CASE("train fit: validation data decides which epoch is best, and is never trained on") {
    auto const train = clouds<double>(60, 4, 1), held_out = clouds<double>(30, 4, 2);
    linear::softmax_regression<double> model{4, 3}, alone{4, 3};
    auto const recipe = chain(sgd{}, rate{1.0});
    fit_options const options{.epochs = 40, .batch = mini_batch{16}, .seed = 3};
    auto const report = fit(model, train, recipe, options, validate_on{held_out});
    fit(alone, train, recipe, options);
    CHECK(same_bits(model.params(), alone.params()));

    REQUIRE(report.history.size() == 40);
    auto const best = std::min_element(
        report.history.begin(), report.history.end(),
        [](epoch_record const& a, epoch_record const& b) { return a.validation < b.validation; });
    CHECK(report.best_epoch == best->epoch);
    CHECK(report.best_loss == best->validation);
    model.params() = report.best;
    CHECK(model.loss(data::all_of(held_out)) == best->validation);
    CHECK(report.evaluations == 40 * 60);
}

TEST_CASE("train fit: plateau lowers the rate after evaluations that bring nothing") {
    auto const table = clouds<double>(9, 4);
    linear::softmax_regression<double> model{4, 3};
    auto held_out = table;
    held_out.y.setZero();
    held_out.x.setZero();  // the validation loss rises as the bias moves to the data's even classes
    model.params()["bias"].data[0] = 5;
    std::vector<double> steps;
    auto before = model.params();
    fit(model, table, chain(sign_sgd{}, rate{plateau{.rate = 0.5, .factor = 0.5, .patience = 1}}),
        {.epochs = 6}, validate_on{held_out}, [&](auto const& now) {
            steps.push_back(std::fabs(now.weights["bias"].data[0] - before["bias"].data[0]));
            before = now.weights;
        });
    // The first evaluation is the best; the third is the second in a row without progress, and so is the fifth.
    CHECK(steps == std::vector<double>{0.5, 0.5, 0.5, 0.25, 0.25, 0.125});
}

TEST_CASE("train fit: setup freezes a tensor") {
    auto const table = clouds<float>(30, 4);
    linear::softmax_regression<float> model{4, 3};
    fit(model, table, chain(adam{}, rate{0.1}), {.epochs = 3},
        setup{[](auto& optimizer) { optimizer.freeze("bias"); }});
    CHECK(model.bias().isZero(0));
    CHECK_FALSE(model.weight().isZero(1e-3f));
}

TEST_CASE("train fit: slots in bf16") {
    auto const table = clouds<float>(120, 6);
    linear::softmax_regression<float> full{6, 3}, half{6, 3};
    auto const recipe = chain(adam{}, rate{0.05});
    auto const a = fit(full, table, recipe, {.epochs = 60});
    auto const b = fit(half, table, recipe, {.epochs = 60}, slots::bf16{});
    CHECK_FALSE(same_bits(full.params(), half.params()));
    CHECK(std::fabs(a.loss - b.loss) < 0.01);
}

TEST_CASE("train fit: masked weights stay 0") {
    auto const table = clouds<double>(60, 4);
    linear::softmax_regression<double> model{4, 3};
    std::vector<bool> keep(12, true);
    keep[1] = keep[7] = false;
    model.params().set_mask("weight", keep);
    fit(model, table, chain(adam{}, rate{0.1}, keep_zeros{}), {.epochs = 5, .batch = mini_batch{8}});
    for (descent::index i = 0; i < 12; ++i)
        CHECK((model.params()["weight"].data[i] == 0) == !keep[std::size_t(i)]);
}

TEST_CASE("train fit: masked weights are refused where nothing keeps them at 0") {
    auto const table = clouds<double>(60, 4);
    linear::softmax_regression<double> model{4, 3};
    model.params()["weight"].flat().setOnes();
    std::vector<bool> keep(12, true);
    keep[1] = keep[7] = false;
    model.params().set_mask("weight", keep);
    auto const before = model.params();
    std::string const end =
        "are masked, and the recipe would train them: give it keep_zeros{}, or take the masks "
        "away (clear_masks())";
    auto const recipe = chain(adam{}, rate{0.1});
    int begun = 0;
    struct counting {
        int& begun;
        void begin(training<double> const&) { ++begun; }
    } counted{begun};
    CHECK(message_of([&] { fit(model, table, recipe, {.epochs = 2}, counted); }) ==
          "optimizer: 2 of 12 weights of 'weight' " + end);
    CHECK(begun == 0);
    CHECK(message_of([&] { fit(model, table, solve::lbfgs{}, counted); })
              .starts_with("solve: weights of 'weight' are "
                           "masked"));
    CHECK(same_bits(model.params(), before));
    // A run that goes on is as masked as it was.
    snapshot<double> middle;
    auto const take = [&](training<double> const& now) { middle = now.take(); };
    fit(model, table, chain(adam{}, rate{0.1}, keep_zeros{}), {.epochs = 2}, take);
    linear::softmax_regression<double> other{4, 3};
    CHECK(message_of([&] { fit(other, table, recipe, {.epochs = 4}, resume{middle}); }) ==
          "optimizer: 2 of 12 weights of 'weight' " + end);
    CHECK(!other.params().masked());
    // Masks that hide nothing do not count.
    other.params().set_mask("weight", std::vector<bool>(12, true));
    fit(other, table, recipe, {.epochs = 1});
    fit(other, table, solve::lbfgs{});
}

TEST_CASE("train fit: a run that diverges keeps the best weights") {
    auto table = clouds<float>(64, 4);
    table.y = 100 * table.x.col(0);
    linear::linear_regression<float> model{4};
    auto const report = fit(model, table, chain(sgd{}, rate{1e3}), {.epochs = 100, .batch = mini_batch{8}});
    CHECK(report.status == status::diverged);
    CHECK(same_bits(model.params(), report.best));
    CHECK(std::isfinite(model.params().sum_of_squares()));
    CHECK(report.epochs < 100);
}

#if DESCENT_OPENMP_ENABLED

TEMPLATE_TEST_CASE("train fit: 50 mini-batch steps give the same bits for any number of threads", "", float,
                   double) {
    using T = TestType;
    int const threads = GENERATE(1, 2, 3, 7);
    auto const table = clouds<T>(25 * 1100, 20);
    auto const run = [&](auto const& executor) {
        linear::softmax_regression<T> model{20, 3, {.l2 = 1e-3}};
        auto const report = fit(model, table, chain(clip_norm{1.0}, adam{}, decay{0.01}, rate{0.02}),
                                {.epochs = 2, .batch = mini_batch{1100}, .seed = 5}, executor);
        CHECK(report.steps == 50);
        return std::pair{model.params(), report.loss};
    };
    auto const [weights, loss] = run(exec::serial{});
    auto const [weights_of_many, loss_of_many] = run(exec::openmp{threads});
    CHECK(same_bits(weights, weights_of_many));
    CHECK(loss == loss_of_many);
}

#endif

TEST_CASE("train fit: data that cannot be learned is named before the first step") {
    linear::softmax_regression<float> model{4, 3};
    auto const complaint = [&](data::dataset<float> const& table) {
        return message_of([&] { fit(model, table, chain(sgd{}, rate{0.1})); });
    };
    CHECK(complaint({}) == "softmax_regression: 0 samples x 0 features: the data is empty");
    CHECK(complaint(clouds<float>(10, 5)) == "softmax_regression: the data has 5 features, the model 4");
    auto table = clouds<float>(10, 4);
    table.y[6] = 3;
    CHECK(complaint(table) == "softmax_regression: row 6: label 3: must be an integer in [0, 3)");
    table = clouds<float>(10, 4);
    table.x(7, 2) = std::numeric_limits<float>::quiet_NaN();
    CHECK(complaint(table) == "softmax_regression: row 7, column 2 is nan");
    table = clouds<float>(10, 4);
    table.y.conservativeResize(9);
    CHECK(complaint(table) == "softmax_regression: 10 samples, 9 targets");

    auto const good = clouds<float>(10, 4), wrong = clouds<float>(10, 3);
    CHECK(message_of([&] { fit(model, good, chain(sgd{}, rate{0.1}), {}, validate_on{wrong}); }) ==
          "validation: softmax_regression: the data has 3 features, the model 4");
    CHECK(message_of([&] { fit(model, good, chain(sgd{}, rate{-1.0})); }) ==
          "rate = -1: must be finite and > 0");
    CHECK(message_of([&] { fit(model, good, chain(sgd{}, rate{0.1}), {}, exec::openmp{-2}); }) ==
          "exec::openmp: threads = -2: must be >= 0");
    CHECK(model.weight().isZero(0));
}
