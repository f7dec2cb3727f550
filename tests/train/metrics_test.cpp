// SPDX-License-Identifier: MIT
#include <descent/linear/linear_regression.hpp>
#include <descent/linear/softmax_regression.hpp>
#include <descent/train/metrics.hpp>

#include <cmath>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include "data/message.hpp"

using namespace descent;

TEMPLATE_TEST_CASE("train metrics: of predictions and targets", "", float, double) {
    using V = vector<TestType>;
    CHECK(accuracy(V{{0, 1, 2, 2}}, V{{0, 2, 2, 2}}) == 0.75);
    CHECK(accuracy(V{{1}}, V{{1}}) == 1);
    CHECK(mean_squared_error(V{{1, 2, 4}}, V{{1, 0, 1}}) == 13.0 / 3);
    // Values of scikit-learn's r2_score documentation.
    CHECK(std::fabs(r2(vector<double>{{2.5, 0.0, 2, 8}}, vector<double>{{3, -0.5, 2, 7}}) -
                    0.9486081370449679) < 1e-15);
    CHECK(r2(V{{3, 2, 1}}, V{{1, 2, 3}}) == -3);
    CHECK(r2(V{{2, 2, 2}}, V{{1, 2, 3}}) == 0);
    CHECK(r2(V{{5, 5}}, V{{5, 5}}) == 1);
    CHECK(r2(V{{5, 6}}, V{{5, 5}}) == 0);
    // Of scikit-learn's confusion_matrix documentation.
    matrix<descent::index> expected(3, 3);
    expected << 2, 0, 0, 0, 0, 1, 1, 0, 2;
    CHECK(confusion_matrix(V{{0, 0, 2, 2, 0, 2}}, V{{2, 0, 2, 2, 0, 1}}, 3) == expected);
}

TEST_CASE("train metrics: of a model on data") {
    data::dataset<double> table{matrix<double>{{1}, {-1}, {2}, {0.5}}, vector<double>{{2, 0, 2, 0}}};
    linear::softmax_regression<double> model{1, 3};
    model.params()["weight"].data[0] = -1;
    model.params()["weight"].data[2] = 1;
    CHECK(accuracy(model, table) == 0.75);
    matrix<descent::index> expected(3, 3);
    expected << 1, 0, 1, 0, 0, 0, 0, 0, 2;
    CHECK(confusion_matrix(model, table) == expected);

    linear::linear_regression<double> line{1};
    line.params()["weight"].data[0] = 1;
    CHECK(mean_squared_error(line, table) == (1 + 1 + 0 + 0.25) / 4);
    CHECK(r2(line, table) == 1 - 2.25 / 4);
    CHECK(message_of([&] {
              accuracy(linear::softmax_regression<double>{2, 3}, table);
          }) == "softmax_regression: x has 1 features, the model 2");
}

TEST_CASE("train metrics: bad input") {
    vector<double> const none, three{{0, 1, 2}}, four{{0, 1, 2, 3}}, half{{0, 0.5, 1}};
    CHECK(message_of([&] { accuracy(three, four); }) == "accuracy: 3 predictions, 4 targets");
    CHECK(message_of([&] { accuracy(none, none); }) == "accuracy: there are no targets");
    CHECK(message_of([&] { mean_squared_error(none, four); }) ==
          "mean_squared_error: 0 predictions, 4 targets");
    CHECK(message_of([&] { r2(none, none); }) == "r2: there are no targets");
    CHECK(message_of([&] { confusion_matrix(four, four, 3); }) ==
          "confusion_matrix: row 3: target 3: must be an integer in [0, 3)");
    CHECK(message_of([&] { confusion_matrix(half, three, 3); }) ==
          "confusion_matrix: row 1: prediction 0.5: must be an integer in [0, 3)");
    CHECK(message_of([&] { confusion_matrix(three, three, 0); }) ==
          "confusion_matrix: classes = 0: must be >= 1");
}
