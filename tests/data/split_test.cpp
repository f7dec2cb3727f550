// SPDX-License-Identifier: MIT
#include <descent/data/split.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include <descent/data/folds.hpp>
#include <descent/data/weigh.hpp>

#include "message.hpp"

using namespace descent;

namespace {

/// Row i holds the number i, so that a row tells where it came from.
data::dataset<double> numbered(descent::index n) {
    data::dataset<double> table;
    table.x.resize(n, 1);
    table.y.resize(n);
    for (descent::index i = 0; i < n; ++i)
        table.x(i, 0) = table.y[i] = double(i);
    return table;
}

std::vector<double> ids(data::dataset<double> const& table) {
    return {table.x.data(), table.x.data() + table.samples()};
}

}  // namespace

TEST_CASE("data split: every row lands in exactly one part") {
    for (descent::index const n : {2, 3, 7, 100, 1001}) {
        auto const [train, test] = data::split(numbered(n), {.train = 0.6, .seed = 7});
        CHECK(train.samples() == (n * 6 + 5) / 10);
        CHECK(train.samples() + test.samples() == n);
        auto all = ids(train);
        for (double const id : ids(test))
            all.push_back(id);
        std::sort(all.begin(), all.end());
        CHECK(all == ids(numbered(n)));
        CHECK(train.x.col(0) == train.y);
        CHECK(test.x.col(0) == test.y);
    }
}

TEST_CASE("data split: the seed alone decides, and the order is mixed") {
    auto const table = numbered(1000);
    auto const first = data::split(table, {.seed = 7}), again = data::split(table, {.seed = 7});
    CHECK(ids(first.first) == ids(again.first));
    CHECK(ids(first.second) == ids(again.second));
    CHECK(ids(first.first) != ids(data::split(table, {.seed = 8}).first));
    // The mean id of 200 rows drawn from 0 .. 999 has a standard deviation of 18: 100 is far outside.
    auto const test = ids(first.second);
    CHECK(!std::is_sorted(test.begin(), test.end()));
    CHECK(std::abs(first.second.y.mean() - 499.5) < 100);
}

TEST_CASE("data split: the parts are the head and the tail of the library's permutation") {
    auto const order = permutation(descent::index(10), generator{7, data::detail::split_stream});
    auto const [train, test] = data::split(numbered(10), {.train = 0.7, .seed = 7});
    CHECK(ids(train) == std::vector<double>(order.begin(), order.begin() + 7));
    CHECK(ids(test) == std::vector<double>(order.begin() + 7, order.end()));
}

TEST_CASE("data split: without shuffling the head trains and the tail tests") {
    auto const [train, test] = data::split(numbered(5), {.shuffle = false});
    CHECK(ids(train) == std::vector<double>{0, 1, 2, 3});
    CHECK(ids(test) == std::vector<double>{4});
}

TEST_CASE("data split: shares that decimal rounding could miss") {
    CHECK(data::split(numbered(100), {.train = 0.29}).first.samples() == 29);
    CHECK(data::split(numbered(10), {.train = 0.7}).first.samples() == 7);
}

TEST_CASE("data split: stratified parts keep the share of every class") {
    data::dataset<double> table = numbered(103);
    for (descent::index i = 0; i < 103; ++i)
        table.y[i] = i < 50 ? 0 : i < 80 ? 1 : i < 100 ? 2 : 3;  // 50, 30, 20, 3
    for (bool const shuffle : {true, false}) {
        auto const [train, test] =
            data::split(table, {.train = 0.8, .seed = 3, .shuffle = shuffle, .stratify = true});
        CHECK(train.samples() ==
              82);  // round(82.4): shares 39.8, 23.9, 15.9, 2.39; rounded down they give 79, and
        CHECK((train.y.array() == 0).count() == 40);  // the three largest remainders get one more
        CHECK((train.y.array() == 1).count() == 24);
        CHECK((train.y.array() == 2).count() == 16);
        CHECK((train.y.array() == 3).count() == 2);
        CHECK((test.y.array() == 3).count() == 1);
    }
}

TEST_CASE("data split: names go with both parts") {
    auto table = numbered(4);
    table.feature_names = {"id"};
    table.class_names = {"a", "b", "c", "d"};
    auto const [train, test] = data::split(table, {.train = 0.5});
    CHECK(train.feature_names == table.feature_names);
    CHECK(test.class_names == table.class_names);
}

TEST_CASE("data split: bad shares and labels") {
    auto const text = [](descent::index n, data::split_options options) {
        return message_of([&] { data::split(numbered(n), options); });
    };
    CHECK(text(10, {.train = 1.5}) == "split: train = 1.5: must be in (0, 1)");
    CHECK(text(10, {.train = 0}) == "split: train = 0: must be in (0, 1)");
    CHECK(text(10, {.train = std::numeric_limits<double>::quiet_NaN()}) ==
          "split: train = nan: must be in (0, 1)");
    CHECK(text(10, {.train = 0.99}) == "split: train = 0.99 of 10 rows leaves no row to test");
    CHECK(text(10, {.train = 0.01}) == "split: train = 0.01 of 10 rows leaves no row to train");
    CHECK(text(0, {}) == "split: train = 0.8 of 0 rows leaves no row to train");
    auto table = numbered(10);
    table.y[3] = 0.5;
    CHECK(message_of([&] { data::split(table, {.stratify = true}); }) ==
          "split: stratify = true: the targets must be class indices 0, 1, ...");
    table.y.resize(0);
    CHECK(message_of([&] { data::split(table, {.stratify = true}); }) == "split: 10 samples, 0 targets");
}

TEST_CASE("data split: three parts, of dense and of sparse tables") {
    auto const table = numbered(103);
    auto const parts = data::split_three(table, {.train = 0.7, .validation = 0.15, .seed = 7});
    CHECK(parts.train.samples() == 72);  // round(72.1), round(87.55) - 72
    CHECK(parts.validation.samples() == 16);
    auto all = ids(parts.train);
    for (auto const* part : {&parts.validation, &parts.test})
        for (double const id : ids(*part))
            all.push_back(id);
    std::sort(all.begin(), all.end());
    CHECK(all == ids(table));

    data::sparse_dataset<double> const sparse{data::sparse_matrix<double>::of(table.x), table.y};
    auto const [train, held, test] = data::split_three(sparse, {.train = 0.7, .validation = 0.15, .seed = 7});
    CHECK(train.y == parts.train.y);
    CHECK(test.y == parts.test.y);
    CHECK(data::split(sparse, {.seed = 3}).first.y == data::split(table, {.seed = 3}).first.y);
    auto const [head, middle, tail] = data::split_three(numbered(10), {.shuffle = false});
    CHECK(ids(middle) == std::vector<double>{6, 7});
    CHECK(ids(tail) == std::vector<double>{8, 9});
}

TEST_CASE("data split: three stratified parts keep the share of every class") {
    auto table = numbered(100);
    for (descent::index i = 0; i < 100; ++i)
        table.y[i] = i < 50 ? 0 : i < 80 ? 1 : 2;  // 50, 30, 20
    auto const parts = data::split_three(table, {.stratify = true});
    auto const counts = [](vector<double> const& y) {
        return std::vector<long>{(y.array() == 0).count(), (y.array() == 1).count(), (y.array() == 2).count()};
    };
    CHECK(counts(parts.train.y) == std::vector<long>{30, 18, 12});
    CHECK(counts(parts.validation.y) == std::vector<long>{10, 6, 4});
    CHECK(counts(parts.test.y) == std::vector<long>{10, 6, 4});
}

TEST_CASE("data split: three parts, bad shares") {
    auto const text = [](descent::index n, data::three_way options) {
        return message_of([&] { data::split_three(numbered(n), options); });
    };
    CHECK(text(9, {.train = 0.6, .validation = 0.4}) ==
          "split_three: train = 0.6, validation = 0.4: must be > 0, with a sum < 1");
    CHECK(text(9, {.train = 0}) == "split_three: train = 0, validation = 0.2: must be > 0, with a sum < 1");
    CHECK(text(2, {}) == "split_three: train = 0.6, validation = 0.2 of 2 rows leaves a part empty");
    auto table = numbered(10);
    table.y[3] = -1;
    CHECK(message_of([&] { data::split_three(table, {.stratify = true}); }) ==
          "split_three: stratify = true: the targets must be class indices 0, 1, ...");
}

TEST_CASE("data folds: every row is tested once, as scikit-learn's folds without shuffling") {
    using rows = std::vector<descent::index>;
    auto table = numbered(13);
    auto const tests = [&](data::fold_options options) {
        std::vector<rows> found;
        for (auto const& fold : data::k_folds(table, options)) {
            rows all = fold.train;
            all.insert(all.end(), fold.test.begin(), fold.test.end());
            std::sort(all.begin(), all.end());
            CHECK(all == rows{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
            CHECK(std::is_sorted(fold.train.begin(), fold.train.end()));
            found.push_back(fold.test);
        }
        return found;
    };
    // KFold(4), StratifiedKFold(4) of scikit-learn 1.9.1
    CHECK(tests({.folds = 4, .shuffle = false}) ==
          std::vector<rows>{{0, 1, 2, 3}, {4, 5, 6}, {7, 8, 9}, {10, 11, 12}});
    table.y << 1, 1, 0, 2, 1, 0, 2, 2, 1, 1, 0, 1, 1;
    CHECK(tests({.folds = 4, .shuffle = false, .stratify = true}) ==
          std::vector<rows>{{0, 1, 2, 3}, {4, 5, 8}, {6, 9, 11}, {7, 10, 12}});
    auto const mixed = tests({.folds = 4, .seed = 5, .stratify = true});
    CHECK(mixed == tests({.folds = 4, .seed = 5, .stratify = true}));
    CHECK(mixed != tests({.folds = 4, .seed = 6, .stratify = true}));
    for (auto const& test : mixed) {  // 7 of class 1, 3 of the others
        auto const of = [&](double label) {
            return std::count_if(test.begin(), test.end(),
                                 [&](descent::index row) { return table.y[row] == label; });
        };
        CHECK((of(1) == 1 || of(1) == 2));
        CHECK((of(0) <= 1 && of(2) <= 1));
    }
    CHECK(tests({.folds = 13}).size() == 13);  // leave one out
}

TEST_CASE("data folds: bad numbers") {
    auto const text = [](descent::index n, data::fold_options options) {
        return message_of([&] { data::k_folds(numbered(n), options); });
    };
    CHECK(text(10, {.folds = 1}) == "k_folds: folds = 1: must be >= 2");
    CHECK(text(3, {}) == "k_folds: folds = 5: there are only 3 rows");
    auto table = numbered(10);
    table.y[3] = 0.5;
    CHECK(message_of([&] { data::k_folds(table, {.stratify = true}); }) ==
          "k_folds: stratify = true: the targets must be class indices 0, 1, ...");
    table.y.resize(0);
    CHECK(message_of([&] { data::k_folds(table, {.stratify = true}); }) == "k_folds: 10 samples, 0 targets");
}

TEST_CASE("data weigh: classes count alike, as scikit-learn's balanced weights") {
    auto table = numbered(13);
    table.y << 1, 1, 0, 3, 1, 0, 3, 3, 1, 1, 0, 1, 1;  // 3, 7, none, 3
    auto const weight = data::weigh_classes(table);
    CHECK((weight - vector<double>{{13 / 9.0, 13 / 21.0, 0, 13 / 9.0}}).cwiseAbs().maxCoeff() < 1e-15);
    CHECK(table.weights[0] == weight[1]);
    CHECK(table.weights[3] == weight[3]);
    CHECK(std::abs(table.weights.sum() - 13) < 1e-13);
    data::weigh_classes(table, {1, 2, 5, 0.5});  // on top of those
    CHECK(table.weights[0] == 2 * weight[1]);
    CHECK(table.weights[3] == weight[3] / 2);

    data::sparse_dataset<float> one{data::sparse_matrix<float>::of(matrix<float>::Ones(3, 1)),
                                    vector<float>::Zero(3)};
    CHECK(data::weigh_classes(one)[0] == 1);
    CHECK(one.weights == vector<float>::Ones(3));
}

TEST_CASE("data weigh: bad input") {
    auto table = numbered(3);
    CHECK(message_of([&] { data::weigh_classes(table, {1, 2}); }) == "weigh_classes: 2 weights, 3 classes");
    CHECK(message_of([&] {
              data::weigh_classes(table, {1, -2, 1});
          }) == "weigh_classes: weight 1 = -2: must be finite and >= 0");
    table.class_names = {"a", "b"};
    CHECK(message_of([&] { data::weigh_classes(table); }) ==
          "weigh_classes: row 2: label 2: must be an integer in [0, 2)");
    table.class_names.clear();
    table.y[1] = 0.5;
    CHECK(message_of([&] { data::weigh_classes(table); }) ==
          "weigh_classes: the targets must be class indices 0, 1, ...");
    table.weights.resize(2);
    CHECK(message_of([&] { data::weigh_classes(table); }) == "weigh_classes: 3 samples, 2 weights");
    table.y.resize(0);
    CHECK(message_of([&] { data::weigh_classes(table); }) == "weigh_classes: 3 samples, 0 targets");
    CHECK(message_of([] {
              data::dataset<float> empty;
              data::weigh_classes(empty);
          }) == "weigh_classes: the table has no rows");
}
