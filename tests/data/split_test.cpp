// SPDX-License-Identifier: MIT
#include <descent/data/split.hpp>

#include <algorithm>
#include <limits>
#include <vector>

#include <catch2/catch_test_macros.hpp>

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
