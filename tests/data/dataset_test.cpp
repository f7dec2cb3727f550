// SPDX-License-Identifier: MIT
#include <descent/data/dataset.hpp>

#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include "message.hpp"

using namespace descent;

namespace {

template <class T>
data::dataset<T> small() {
    data::dataset<T> table;
    table.x.resize(3, 2);
    table.x << T(1), T(2), T(3), T(4), T(5), T(6);
    table.y.resize(3);
    table.y << T(0), T(2), T(1);
    table.feature_names = {"a", "b"};
    return table;
}

}  // namespace

TEMPLATE_TEST_CASE("data dataset: rows copies the chosen rows in the chosen order", "", float, double) {
    auto const table = small<TestType>();
    auto const chosen = table.rows(std::array{2, 0, 2});
    REQUIRE(chosen.samples() == 3);
    REQUIRE(chosen.features() == 2);
    CHECK(chosen.x(0, 0) == TestType(5));
    CHECK(chosen.x(1, 1) == TestType(2));
    CHECK(chosen.x(2, 1) == TestType(6));
    CHECK(chosen.y[0] == TestType(1));
    CHECK(chosen.y[1] == TestType(0));
    CHECK(chosen.feature_names == table.feature_names);
    CHECK(table.rows(std::vector<descent::index>{}).samples() == 0);
    CHECK(message_of([&] {
              table.rows(std::vector<descent::index>{0, 3});
          }) == "dataset: row 3: must be in [0, 3)");
    CHECK(message_of([&] { table.rows(std::vector<descent::index>{-1}); }) ==
          "dataset: row -1: must be in [0, 3)");
}

TEST_CASE("data dataset: rows of a table without targets") {
    auto table = small<float>();
    table.y.resize(0);
    CHECK(table.rows(std::array{1}).y.size() == 0);
    CHECK(table.view(1, 2).y.size() == 0);
}

TEST_CASE("data dataset: a view lies in the dataset's memory") {
    auto table = small<float>();
    auto const view = table.view(1, 2);
    CHECK(view.samples() == 2);
    CHECK(view.features() == 2);
    CHECK(view.x.data() == table.x.data() + 2);
    CHECK(view.x(0, 1) == 4.0f);
    CHECK(view.y[1] == 1.0f);
    CHECK(table.view().samples() == 3);
    CHECK(table.view(3, 0).samples() == 0);
    CHECK(message_of([&] { table.view(2, 2); }) == "dataset: rows 2 to 3: must be in [0, 3)");
    CHECK(message_of([&] { table.view(-1, 2); }) == "dataset: rows -1 to 0: must be in [0, 3)");
}

TEMPLATE_TEST_CASE("data dataset: the number of classes", "", float, double) {
    auto table = small<TestType>();
    CHECK(table.classes() == 3);
    table.class_names = {"p", "q", "r", "s"};
    CHECK(table.classes() == 4);
    table.class_names.clear();
    for (TestType const no_label : {TestType(0.5), TestType(-1), std::numeric_limits<TestType>::quiet_NaN(),
                                    std::numeric_limits<TestType>::infinity(), TestType(2147483648.0)}) {
        table.y[1] = no_label;
        CHECK(table.classes() == 0);
    }
    CHECK(data::dataset<TestType>{}.classes() == 0);
}
