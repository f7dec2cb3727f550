// SPDX-License-Identifier: MIT
#include <descent/data/dataset.hpp>
#include <descent/data/sparse.hpp>
#include <descent/exec/openmp.hpp>
#include <descent/train/bagging.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "message.hpp"
#include "small_models.hpp"

using namespace descent;

namespace {

/// One feature 0 .. n - 1, target 2 x + 1.
data::dataset<double> on_a_line(descent::index n) {
    data::dataset<double> table{matrix<double>(n, 1), vector<double>(n)};
    for (descent::index i = 0; i < n; ++i) {
        table.x(i, 0) = double(i);
        table.y[i] = 2 * double(i) + 1;
    }
    return table;
}

auto const train_recorder = [](auto const& part, std::uint64_t seed) {
    return recorder{{part.x.data(), part.x.data() + part.x.size()}, seed};
};

}  // namespace

TEST_CASE("train bagging: rows are drawn with replacement, each as often as another") {
    descent::index const n = 500;
    auto const table = on_a_line(n);
    auto const bag = bagging{.models = 40, .seed = 3}.fit(table, train_recorder);
    REQUIRE(bag.models.size() == 40);
    std::vector<int> times(static_cast<std::size_t>(n));
    double distinct = 0;
    bool whole = true, other_seeds = true, other_rows = true;
    for (std::size_t m = 0; m < bag.models.size(); ++m) {
        auto rows = bag.models[m].rows;
        whole = whole && rows.size() == std::size_t(n);
        other_rows = other_rows && (m == 0 || rows != bag.models[m - 1].rows);
        other_seeds = other_seeds && (m == 0 || bag.models[m].seed != bag.models[m - 1].seed);
        for (double const row : rows)
            ++times[std::size_t(row)];
        std::sort(rows.begin(), rows.end());
        distinct += double(std::unique(rows.begin(), rows.end()) - rows.begin());
    }
    CHECK(whole);
    CHECK(other_rows);
    CHECK(other_seeds);
    // 1 - (1 - 1/n)^n of the rows are drawn at least once; standard deviation of the mean share 0.0022.
    CHECK(std::fabs(distinct / 40 / double(n) - (1 - std::pow(1 - 1.0 / double(n), double(n)))) < 0.009);
    // Each count is binomial with mean 40: chi^2 of 499 degrees of freedom, five standard deviations.
    double chi = 0;
    for (int const count : times)
        chi += (count - 40.0) * (count - 40.0) / 40;
    CHECK(std::fabs(chi - 499) < 5 * std::sqrt(2 * 499.0));
}

TEST_CASE("train bagging: rows that a model did not draw judge it") {
    auto table = on_a_line(30);
    table.y[4] = 100;
    table.weights = vector<double>::Ones(30);
    table.weights[7] = 0;
    auto const bag = bagging{.models = 3, .seed = 11, .share = 0.5}.fit(table, train_line);
    CHECK(bag.models.size() == 3);
    auto const recorded = bagging{.models = 3, .seed = 11, .share = 0.5}.fit(table, train_recorder);
    vector<double> said(30), target(30), weight(30);
    descent::index judged = 0;
    bool as_told = true;
    for (descent::index row = 0; row < 30; ++row) {
        double sum = 0, count = 0;
        for (std::size_t m = 0; m < 3; ++m) {
            auto const& drawn = recorded.models[m].rows;
            if (std::find(drawn.begin(), drawn.end(), double(row)) != drawn.end())
                continue;
            sum += bag.models[m].predict(table.x)[row];
            ++count;
        }
        as_told = as_told && (count > 0 ? std::fabs(bag.out_of_bag[row] - sum / count) < 1e-12
                                        : std::isnan(bag.out_of_bag[row]));
        if (count > 0) {
            said[judged] = sum / count;
            target[judged] = table.y[row];
            weight[judged++] = table.weights[row];
        }
    }
    CHECK(as_told);
    CHECK(std::fabs(bag.out_of_bag_score -
                    r2<double>(said.head(judged), target.head(judged), weight.head(judged))) < 1e-12);

    vector<double> const mean =
        (bag.models[0].predict(table.x) + bag.models[1].predict(table.x) + bag.models[2].predict(table.x)) / 3;
    CHECK((bag.predict(table.x) - mean).cwiseAbs().maxCoeff() < 1e-12);
}

TEST_CASE("train bagging: classes by probability and by vote; sparse data") {
    auto table = on_a_line(40);
    for (descent::index i = 0; i < 40; ++i)
        table.y[i] = double(i >= 20);
    auto const train_step = [](auto const& part, std::uint64_t) { return step_at_middle(part); };
    auto const soft = bagging{.models = 15, .seed = 5}.fit(table, train_step);
    auto const hard = bagging{.models = 15, .seed = 5, .vote = true}.fit(table, train_step);
    // The models' own probabilities are 0 and 1: their mean is the share of votes.
    CHECK(soft.predict(table.x) == hard.predict(table.x));
    CHECK(soft.out_of_bag_score == hard.out_of_bag_score);
    CHECK(soft.out_of_bag_score >= 0.9);
    CHECK(accuracy(soft, table) >= 0.9);
    vector<double> const p = soft.predict_probability(table.x);
    CHECK((p.array() >= 0 && p.array() <= 1).all());
    CHECK(((p.array() > 0 && p.array() < 1).any()));  // models differ near the step
    data::sparse_dataset<double> const sparse{data::sparse_matrix<double>::of(table.x), table.y};
    CHECK(bagging{.models = 15, .seed = 5}.fit(sparse, train_step).predict(sparse.x) == soft.predict(table.x));
}

TEST_CASE("train bagging: the same models on every executor") {
    auto const table = on_a_line(50);
    bagging const bag{.models = 7, .seed = 2};
    auto const one = bag.fit(table, train_line), many = bag.fit(table, train_line, exec::openmp{3});
    CHECK(one.predict(table.x) == many.predict(table.x));
    CHECK(one.out_of_bag_score == many.out_of_bag_score);
    CHECK((one.predict(table.x) - table.y).cwiseAbs().maxCoeff() < 1e-9);
    auto const other = bagging{.models = 7, .seed = 3}.fit(table, train_recorder);
    CHECK(other.models[0].rows != bag.fit(table, train_recorder).models[0].rows);
}

TEST_CASE("train bagging: bad and small input") {
    auto const table = on_a_line(3);
    CHECK(message_of([&] { bagging{.models = 0}.fit(table, train_line); }) ==
          "bagging: models = 0: must be >= 1");
    CHECK(message_of([&] { bagging{.share = 1.5}.fit(table, train_line); }) ==
          "bagging: share = 1.5: must be in (0, 1]");
    CHECK(message_of([&] { bagging{.share = 0.1}.fit(table, train_line); }) ==
          "bagging: share = 0.1 of 3 rows: there is no row to draw");
    auto untold = table;
    untold.y.resize(0);
    CHECK(message_of([&] { bagging{}.fit(untold, train_line); }) == "bagging: 3 samples, 0 targets");
    // One row: every model draws it, none is left to judge.
    auto const alone = bagging{.models = 2}.fit(on_a_line(1), train_recorder);
    CHECK(std::isnan(alone.out_of_bag_score));
    CHECK(std::isnan(alone.out_of_bag[0]));
    CHECK(alone.models[1].rows == std::vector<double>{0});
}
