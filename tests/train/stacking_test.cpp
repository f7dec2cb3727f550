// SPDX-License-Identifier: MIT
#include <descent/data/folds.hpp>
#include <descent/exec/openmp.hpp>
#include <descent/train/classification_metrics.hpp>
#include <descent/train/regression_metrics.hpp>
#include <descent/train/stacking.hpp>

#include <cmath>
#include <cstdint>
#include <tuple>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "message.hpp"
#include "small_models.hpp"

using namespace descent;

namespace {

/// Keeps the table of answers that it was given; says the sum of the answers.
struct keeper {
    data::dataset<double> seen;
    std::uint64_t seed = 0;
    vector<double> predict(matrix<double> const& x) const { return x.rowwise().sum(); }
};
auto const train_keeper = [](data::dataset<double> const& table, std::uint64_t seed) {
    return keeper{table, seed};
};

/// The mean of the targets, two columns wide where there are two classes.
struct mean_model {
    double mean = 0;
    descent::index columns = 1;
    vector<double> predict(matrix<double> const& x) const { return vector<double>::Constant(x.rows(), mean); }
    matrix<double> predict_probability(matrix<double> const& x) const {
        return matrix<double>::Constant(x.rows(), columns, mean);
    }
};
auto const train_mean = [](data::dataset<double> const& part, std::uint64_t) {
    return mean_model{part.y.mean(), part.classes() ? part.classes() : 1};
};

data::dataset<double> bent(descent::index n) {
    data::dataset<double> table{matrix<double>(n, 1), vector<double>(n)};
    for (descent::index i = 0; i < n; ++i) {
        table.x(i, 0) = double(i);
        table.y[i] = double(i % 3) + 0.5;
    }
    table.weights = vector<double>::LinSpaced(n, 1, 2);
    return table;
}

}  // namespace

TEST_CASE("train stacking: each row is answered by models that did not see it") {
    auto const table = bent(23);
    stacking const stack{.folds = 4, .seed = 9};
    auto const model = stack.fit(table, std::tuple{train_line, train_mean}, train_keeper);
    auto const& seen = model.last.seen;
    REQUIRE(seen.x.rows() == 23);
    REQUIRE(seen.x.cols() == 2);
    CHECK(seen.y == table.y);
    CHECK(seen.weights == table.weights);
    bool unseen = true;
    for (auto const& [train, test] : data::k_folds(table, {.folds = 4, .seed = 9})) {
        auto const part = table.rows(train);
        auto const said = train_line(part, 0).predict(table.x);
        for (auto const row : test)
            unseen = unseen && seen.x(row, 0) == said[row] && seen.x(row, 1) == part.y.mean();
    }
    CHECK(unseen);
    // Afterwards the bases have learnt from all rows.
    matrix<double> expected(23, 2);
    expected.col(0) = train_line(table, 0).predict(table.x);
    expected.col(1).setConstant(table.y.mean());
    CHECK(model.features(table.x) == expected);
    CHECK(model.predict(table.x) == vector<double>(expected.rowwise().sum()));
}

TEST_CASE("train stacking: a final model that weighs its bases") {
    // Least squares over the answer of a line that fits: the target again.
    data::dataset<double> table{matrix<double>(12, 1), vector<double>(12)};
    for (descent::index i = 0; i < 12; ++i)
        table.y[i] = 3 - (table.x(i, 0) = double(i)) / 2;
    auto const model = stacking{.folds = 3}.fit(table, std::tuple{train_line}, train_line);
    CHECK((model.predict(table.x) - table.y).cwiseAbs().maxCoeff() < 1e-12);

    for (descent::index i = 0; i < 12; ++i)
        table.y[i] = double(i >= 6);
    auto const train_step = [](auto const& part, std::uint64_t) { return step_at_middle(part); };
    auto const steps = stacking{.folds = 3, .stratify = true}.fit(table, std::tuple{train_step}, train_step);
    CHECK(accuracy(steps, table) == 1);
    CHECK(steps.predict_probability(table.x) == table.y);
}

TEST_CASE("train stacking: the same model on every executor") {
    auto const table = bent(31);
    stacking const stack{.folds = 5, .seed = 4};
    auto const bases = std::tuple{train_line, train_mean, train_line};
    auto const one = stack.fit(table, bases, train_keeper);
    auto const many = stack.fit(table, bases, train_keeper, exec::openmp{3});
    CHECK(one.last.seen.x == many.last.seen.x);
    CHECK(one.last.seed == many.last.seed);
    CHECK(one.predict(table.x) == many.predict(table.x));
}

TEST_CASE("train stacking: bad input") {
    auto table = bent(6);
    CHECK(message_of([&] { stacking{.folds = 7}.fit(table, std::tuple{train_line}, train_keeper); }) ==
          "k_folds: folds = 7: there are only 6 rows");
    // The highest class has one row: the fold that tests it trains on two classes.
    table.y = vector<double>{{0, 1, 2, 0, 1, 0}};
    CHECK(message_of([&] {
              stacking{.folds = 6}.fit(table, std::tuple{train_line, train_mean}, train_keeper);
          }) ==
          "stacking: model 1 answers 2 columns without fold 1, 3 without fold 0: give the data class_names");
    table.class_names = {"a", "b", "c"};
    CHECK(stacking{.folds = 6}.fit(table, std::tuple{train_mean}, train_keeper).last.seen.x.cols() == 3);
    table.y.resize(0);
    CHECK(message_of([&] { stacking{}.fit(table, std::tuple{train_line}, train_keeper); }) ==
          "stacking: 6 samples, 0 targets");
}
