// SPDX-License-Identifier: MIT
#include <descent/data/scaling.hpp>

#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>

#include <descent/data/unit_rows.hpp>

#include "message.hpp"

using namespace descent;
using Catch::Matchers::WithinAbs;

namespace {

template <class T>
data::dataset<T> table_of(std::initializer_list<std::initializer_list<double>> rows) {
    data::dataset<T> table;
    table.x.resize(descent::index(rows.size()), rows.size() ? descent::index(rows.begin()->size()) : 0);
    descent::index at = 0;
    for (auto const& row : rows)
        for (double const value : row)
            table.x.data()[at++] = T(value);
    table.y.setZero(table.samples());
    return table;
}

}  // namespace

TEMPLATE_TEST_CASE("data scaling: standardize by hand", "", float, double) {
    auto train = table_of<TestType>({{2, 10}, {4, 10}, {4, 10}, {4, 10}, {5, 10}, {5, 10}, {7, 10}, {9, 10}});
    auto const scale = data::standardize(train);
    CHECK(scale.center[0] == 5.0);  // the textbook example: mean 5, standard deviation 2
    CHECK(scale.spread[0] == 2.0);
    CHECK(scale.spread[1] == 0.0);
    scale(train);
    CHECK(train.x(0, 0) == TestType(-1.5));
    CHECK(train.x(7, 0) == TestType(2));
    CHECK((train.x.col(1).array() == 0).all());

    auto test = table_of<TestType>({{6, 11}});  // a test row is mapped with the numbers of the training rows
    scale(test);
    CHECK(test.x(0, 0) == TestType(0.5));
    CHECK(test.x(0, 1) == TestType(0));  // the training rows never showed this feature vary
    scale.inverse(test);
    CHECK(test.x(0, 0) == TestType(6));
    CHECK(test.x(0, 1) == TestType(10));
}

TEMPLATE_TEST_CASE("data scaling: normalize by hand", "", float, double) {
    auto train = table_of<TestType>({{-2, 3, 0.1}, {6, 3, 0.3}, {0, 3, 0.2}});
    auto const scale = data::normalize(train);
    scale(train);
    CHECK(train.x(0, 0) == TestType(0));
    CHECK(train.x(1, 0) == TestType(1));
    CHECK(train.x(2, 0) == TestType(0.25));
    CHECK((train.x.col(1).array() == 0).all());
    CHECK(train.x.col(2).minCoeff() == TestType(0));
    CHECK(train.x.col(2).maxCoeff() == TestType(1));
    auto test = table_of<TestType>({{10, 7, 0.1}});
    scale(test);
    CHECK(test.x(0, 0) == TestType(1.5));
    CHECK(test.x(0, 1) == TestType(0));
    scale.inverse(train);
    CHECK_THAT(double(train.x(2, 0)), WithinAbs(0, 1e-6));
    CHECK(train.x(0, 1) == TestType(3));
}

TEST_CASE("data scaling: a constant column stays exactly 0 whatever its number") {
    data::dataset<float> table;
    table.x.setConstant(1001, 1, 0.1f);  // a mean of 1001 roundings need not be 0.1f
    auto const scale = data::standardize(table);
    CHECK(scale.spread[0] == 0.0);
    scale(table);
    CHECK((table.x.array() == 0).all());
}

TEST_CASE("data scaling: float data far from zero keeps its digits") {
    data::dataset<float> table;
    table.x.resize(4, 1);
    table.x << 1e6f, 1e6f + 1, 1e6f + 2, 1e6f + 3;  // variance 1.25; in float the squares alone would lose it
    auto const scale = data::standardize(table);
    CHECK_THAT(scale.center[0], WithinAbs(1000001.5, 1e-9));
    CHECK_THAT(scale.spread[0], WithinAbs(std::sqrt(1.25), 1e-12));
    scale(table);
    CHECK_THAT(table.x(0, 0), WithinAbs(-1.5 / std::sqrt(1.25), 1e-6));
}

TEST_CASE("data scaling: one row, and rows with NaN") {
    auto one = table_of<double>({{3, -4}});
    data::standardize(one)(one);
    CHECK((one.x.array() == 0).all());
    auto const scale = data::normalize(table_of<double>({{0, 0}, {1, 1}}));
    auto late = table_of<double>({{std::numeric_limits<double>::quiet_NaN(), 0.5}});
    scale(late);
    CHECK(std::isnan(late.x(0, 0)));
    CHECK(late.x(0, 1) == 0.5);
}

TEST_CASE("data scaling: bad input") {
    auto table = table_of<double>({{1, 2}, {3, 4}});
    auto const scale = data::standardize(table);
    auto narrow = table_of<double>({{1}});
    CHECK(message_of([&] { scale(narrow); }) == "scaling: 1 features: was fitted on 2");
    CHECK(message_of([&] { scale.inverse(narrow); }) == "scaling: 1 features: was fitted on 2");
    CHECK(message_of([&] { data::feature_scale{}(narrow); }) == "scaling: 1 features: was fitted on 0");
    table.feature_names = {"a", "b"};
    table.x(1, 1) = std::numeric_limits<double>::infinity();
    CHECK(message_of([&] { data::standardize(table); }) == "standardize: row 1, column 'b' (1) is inf");
    CHECK(message_of([&] { data::normalize(table); }) == "normalize: row 1, column 'b' (1) is inf");
    table.x(0, 1) = -1e308;
    table.x(1, 1) = 1e308;
    CHECK(message_of([&] { data::standardize(table); }) ==
          "standardize: column 'b' (1): the variance overflows");
    CHECK(message_of([&] { data::normalize(table); }) == "normalize: column 'b' (1): the range overflows");
    CHECK(message_of([] { data::standardize(data::dataset<float>{}); }) ==
          "standardize: 0 samples x 0 features: the data is empty");
}

namespace {

template <class T>
bool near(T const& found, std::initializer_list<double> expected) {
    descent::index at = 0;
    bool same = found.size() == descent::index(expected.size());
    for (double const each : expected)
        same = same && std::abs(double(found.data()[at++]) - each) <= 1e-6 * (1 + std::abs(each));
    return same;
}

template <class T>
data::sparse_dataset<T> sparse_of(data::dataset<T> const& table) {
    return {data::sparse_matrix<T>::of(table.x), table.y};
}

}  // namespace

TEMPLATE_TEST_CASE("data scaling: robust, max_abs and the sparse forms have scikit-learn's numbers", "", float,
                   double) {
    // RobustScaler, MaxAbsScaler, StandardScaler(with_mean=False) of scikit-learn 1.9.1
    auto train =
        table_of<TestType>({{1, -2, 0.5}, {2, 4, 0.25}, {3.5, 0, 8}, {10, 1, -3}, {-7, 3, 2}, {0.1, 0.2, 0.3}});
    CHECK(near(data::robust(train).center, {1.5, 0.6, 0.4}));
    CHECK(near(data::robust(train).spread, {2.8, 2.45, 1.3625}));
    CHECK(near(data::robust(train, 0.1, 0.9).spread, {10.2, 4.5, 6.375}));
    CHECK(near(data::max_abs(train).spread, {10, 4, 8}));

    auto const full =
        table_of<TestType>({{0, 2, 0, 3}, {1, 0, 0, 3}, {0, -4, 0, 3}, {0, 0.5, 0, 3}, {7, 0, 0, 3}});
    auto table = sparse_of(full);
    auto const scale = data::standardize(table);
    CHECK(near(scale.spread, {2.727636339397171, 1.98997487421324, 0, 0}));
    CHECK(near(data::max_abs(table).spread, {7, 4, 0, 3}));
    CHECK(near(data::max_abs(table).spread, {data::max_abs(full).spread[0], 4, 0, 3}));
    scale(table);
    CHECK(near(table.x.dense().row(2).eval(), {0, -4 / 1.98997487421324, 0, 0}));
    CHECK(table.x.nonzeros() == 10);  // the column of threes is 0, and stays stored
    scale.inverse(table);
    CHECK(near(table.x.dense().col(1).eval(), {2, 0, -4, 0.5, 0}));
    CHECK(message_of([&] { data::robust(full)(table); }) ==
          "scaling: column 3: center = 3: must be 0 for a sparse table");
    CHECK(message_of([&] { data::robust(full).inverse(table); }) ==
          "scaling: column 3: center = 3: must be 0 for a sparse table");
}

TEST_CASE("data scaling: sparse columns that are constant, stored zeros, bad input") {
    data::sparse_dataset<double> table;
    table.x = {{0, 2, 4, 6}, {0, 1, 0, 1, 0, 1}, {0.1, 0, 0.1, 5, 0.1, 5}, 2};
    CHECK(data::standardize(table).spread[0] == 0);  // the mean of three 0.1 is not 0.1
    CHECK(near(data::standardize(table).spread, {0, 2.357022603955158}));
    auto const scale = data::max_abs(table);
    auto narrow = sparse_of(table_of<double>({{1}}));
    CHECK(message_of([&] { scale(narrow); }) == "scaling: 1 features: was fitted on 2");
    table.x.values[3] = 1e308;
    CHECK(message_of([&] { data::standardize(table); }) == "standardize: column 1: the variance overflows");
    table.x.values[3] = std::numeric_limits<double>::quiet_NaN();
    CHECK(message_of([&] { data::standardize(table); }) == "standardize: row 1, column 1 is nan");
    CHECK(message_of([&] { data::max_abs(table); }) == "max_abs: row 1, column 1 is nan");
    CHECK(message_of([] { data::max_abs(data::sparse_dataset<float>{}); }) ==
          "max_abs: 0 samples x 0 features: the data is empty");
    auto const dense = table_of<double>({{-1e308}, {1e308}});
    CHECK(message_of([&] { data::robust(dense, 0, 1); }) == "robust: column 0: the range overflows");
    CHECK(message_of([&] { data::robust(dense, 0.5, 0.5); }) ==
          "robust: low = 0.5, high = 0.5: must be 0 <= low < high <= 1");
    CHECK(message_of([] { data::robust(data::dataset<float>{}); }) ==
          "robust: 0 samples x 0 features: the data is empty");
}

TEMPLATE_TEST_CASE("data unit_rows: scikit-learn's numbers, dense and sparse", "", float, double) {
    using norm = data::norm;
    auto const raw = table_of<TestType>({{1, -2, 0.5}, {3.5, 0, 8}, {0, 0, 0}});
    for (auto const& [kind, expected] :
         {std::pair{norm::l1, std::array{2 / 7.0, -4 / 7.0, 1 / 7.0, 7 / 23.0, 0.0, 16 / 23.0}},
          std::pair{norm::l2, std::array{0.4364357804719848, -0.8728715609439696, 0.2182178902359924,
                                         0.4008188340197078, 0.0, 0.9161573349021892}},
          std::pair{norm::max, std::array{0.5, -1.0, 0.25, 0.4375, 0.0, 1.0}}}) {
        auto dense = raw;
        auto sparse = sparse_of(raw);
        data::unit_rows(dense, kind), data::unit_rows(sparse, kind);
        CHECK(near(dense.x, {expected[0], expected[1], expected[2], expected[3], 0, expected[5], 0, 0, 0}));
        CHECK(sparse.x.dense() == dense.x);
    }
    auto huge =
        table_of<double>({{3e200, 4e200}, {3e-200, -4e-200}, {1, std::numeric_limits<double>::quiet_NaN()}});
    data::unit_rows(huge);
    CHECK(near(huge.x.topRows(2).eval(), {0.6, 0.8, 0.6, -0.8}));
    CHECK(std::isnan(huge.x(2, 0)));
}
