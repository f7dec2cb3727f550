// SPDX-License-Identifier: MIT
#include <descent/data/check.hpp>
#include <descent/data/sparse.hpp>

#include <limits>
#include <utility>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include "message.hpp"

using namespace descent;

namespace {

template <class T>
data::dataset<T> zeros(descent::index rows, descent::index columns) {
    data::dataset<T> table;
    table.x.setZero(rows, columns);
    table.y.setZero(rows);
    return table;
}

}  // namespace

TEMPLATE_TEST_CASE("data check: names the row and the column of the first bad number", "", float, double) {
    auto const inf = std::numeric_limits<TestType>::infinity();
    auto const nan = std::numeric_limits<TestType>::quiet_NaN();
    auto table = zeros<TestType>(5, 19);
    data::check(table);
    table.x(3, 4) = nan;
    table.x(4, 0) = inf;
    CHECK(message_of([&] { data::check(table); }) == "dataset: row 3, column 4 is nan");
    table.feature_names.assign(19, "f");
    table.feature_names[4] = "alcohol";
    CHECK(message_of([&] { data::check(table); }) == "dataset: row 3, column 'alcohol' (4) is nan");
    table.x(3, 4) = -inf;
    CHECK(message_of([&] { data::check(table, "fit"); }) == "fit: row 3, column 'alcohol' (4) is -inf");
    table.x(3, 4) = std::numeric_limits<TestType>::max();
    CHECK(message_of([&] { data::check_features(table, "fit"); }) == "fit: row 4, column 'f' (0) is inf");
    table.x(4, 0) = -std::numeric_limits<TestType>::denorm_min();
    data::check(table);
    table.y[2] = nan;
    CHECK(message_of([&] { data::check(table, "fit"); }) == "fit: row 2: target is nan");
    data::check_features(table);
}

TEST_CASE("data check: empty data and sizes that differ") {
    CHECK(message_of([] { data::check(zeros<float>(0, 3)); }) ==
          "dataset: 0 samples x 3 features: the data is empty");
    CHECK(message_of([] { data::check(zeros<float>(2, 0)); }) ==
          "dataset: 2 samples x 0 features: the data is empty");
    auto table = zeros<float>(5, 1);
    table.y.setZero(4);
    CHECK(message_of([&] { data::check(table, "fit"); }) == "fit: 5 samples, 4 targets");
}

TEMPLATE_TEST_CASE("data check: labels are integers in range", "", float, double) {
    auto table = zeros<TestType>(9, 1);
    table.y[7] = TestType(9);
    data::check_labels(table, 10);
    auto const text = [&](TestType label) {
        table.y[7] = label;
        return message_of([&] { data::check_labels(table, 10); });
    };
    CHECK(text(TestType(12)) == "dataset: row 7: label 12: must be an integer in [0, 10)");
    CHECK(text(TestType(10)) == "dataset: row 7: label 10: must be an integer in [0, 10)");
    CHECK(text(TestType(-1)) == "dataset: row 7: label -1: must be an integer in [0, 10)");
    CHECK(text(TestType(2.5)) == "dataset: row 7: label 2.5: must be an integer in [0, 10)");
    CHECK(text(std::numeric_limits<TestType>::quiet_NaN()) ==
          "dataset: row 7: label nan: must be an integer in [0, 10)");
}

TEMPLATE_TEST_CASE("data check: one number that is not finite is seen wherever it stands", "", float, double) {
    using limits = std::numeric_limits<TestType>;
    for (descent::index columns : {1, 2, 7, 16, 31, 67}) {
        data::dataset<TestType> table;
        table.x.resize(2, columns);
        table.y.setZero(2);
        for (descent::index at = 0; at < table.x.size(); ++at)
            table.x.data()[at] = at % 3 == 0   ? limits::max()
                                 : at % 3 == 1 ? limits::lowest()
                                               : limits::denorm_min();
        CHECK_NOTHROW(data::check(table));
        descent::index seen = 0;
        for (descent::index at = 0; at < table.x.size(); ++at)
            for (TestType const bad : {limits::quiet_NaN(), limits::infinity(), -limits::infinity()}) {
                TestType const good = std::exchange(table.x.data()[at], bad);
                seen += message_of([&] { data::check(table); }) ==
                        text("dataset: row ", at / columns, ", column ", at % columns, " is ", bad);
                table.x.data()[at] = good;
            }
        CHECK(seen == 3 * table.x.size());
    }
}

TEST_CASE("data check: a sparse table that is not sound is named by row and column") {
    auto const sound = [] {
        data::sparse_dataset<float> table;
        table.x.offsets = {0, 2, 2, 5};
        table.x.columns = {0, 3, 1, 2, 3};
        table.x.values = {1, 2, 3, 4, 5};
        table.x.width = 4;
        table.y.setZero(3);
        return table;
    };
    auto const error = [&](auto spoil) {
        auto table = sound();
        spoil(table.x);
        return message_of([&] { data::check(table, "fit"); });
    };
    CHECK_NOTHROW(data::check(sound()));
    CHECK(error([](auto& x) { x.columns[4] = 4; }) == "fit: row 2: column 4: must be in [0, 4)");
    CHECK(error([](auto& x) { x.columns[3] = 1; }) == "fit: row 2: column 1: columns must rise");
    CHECK(error([](auto& x) { x.columns[2] = 9; }) == "fit: row 2: column 9: must be in [0, 4)");
    CHECK(error([](auto& x) { x.values[1] = std::numeric_limits<float>::quiet_NaN(); }) ==
          "fit: row 0, column 3 is nan");
    CHECK(error([](auto& x) { x.values[2] = std::numeric_limits<float>::infinity(); }) ==
          "fit: row 2, column 1 is inf");
    CHECK(error([](auto& x) { x.offsets[1] = 6; }) == "fit: row 0: offset 6: must not fall");
    CHECK(error([](auto& x) { x.columns.pop_back(); }) == "fit: 4 columns, 5 values");
    CHECK(error([](auto& x) { x.offsets[3] = 4; }) == "fit: offsets: must run from 0 to 5");
}
