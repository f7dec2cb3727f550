// SPDX-License-Identifier: MIT
#include <descent/data/scaling.hpp>

#include <cmath>
#include <limits>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>

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
