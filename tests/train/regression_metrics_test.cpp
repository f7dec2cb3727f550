// SPDX-License-Identifier: MIT
#include <descent/data/sparse.hpp>
#include <descent/linear/linear_regression.hpp>
#include <descent/train/regression_metrics.hpp>

#include <cmath>
#include <limits>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include "message.hpp"
#include "metric_problem.hpp"

using namespace descent;

TEMPLATE_TEST_CASE("train regression_metrics: scikit-learn's numbers", "", float, double) {
    metric_problem<TestType> const p;  // multiples of 1/8: the same in float
    CHECK(close(mean_squared_error(p.score, p.sparse), 3.839263613861386));
    CHECK(close(mean_squared_error(p.score, p.sparse, p.weight), 3.77256446991404));
    CHECK(close(root_mean_squared_error(p.score, p.sparse), 1.95940389247888));
    CHECK(close(root_mean_squared_error(p.score, p.sparse, p.weight), 1.942309056230249));
    CHECK(close(mean_absolute_error(p.score, p.sparse), 1.676980198019802));
    CHECK(close(mean_absolute_error(p.score, p.sparse, p.weight), 1.657593123209169));
    CHECK(close(r2(p.score, p.sparse), -0.2545431521878403));
    CHECK(close(r2(p.score, p.sparse, p.weight), -0.21374530484809084));

    using V = vector<TestType>;
    CHECK(mean_squared_error(V{{1, 2, 4}}, V{{1, 0, 1}}) == 13.0 / 3);
    // Values of scikit-learn's r2_score documentation.
    CHECK(close(r2(vector<double>{{2.5, 0.0, 2, 8}}, vector<double>{{3, -0.5, 2, 7}}), 0.9486081370449679));
    CHECK(r2(V{{3, 2, 1}}, V{{1, 2, 3}}) == -3);
    CHECK(r2(V{{2, 2, 2}}, V{{1, 2, 3}}) == 0);
    // Equal targets have no spread, even where their mean is rounded.
    auto const tenth = TestType(0.1);
    CHECK(r2(V{{tenth, tenth, tenth}}, V{{tenth, tenth, tenth}}) == 1);
    CHECK(r2(V{{tenth, tenth, 1}}, V{{tenth, tenth, tenth}}) == 0);
}

TEST_CASE("train regression_metrics: of a model on dense data, weighted as the data is") {
    data::dataset<double> table{matrix<double>{{1}, {-1}, {2}, {0.5}}, vector<double>{{2, 0, 2, 0}}};
    linear::linear_regression<double> line{1};
    line.params()["weight"].data[0] = 1;
    CHECK(mean_squared_error(line, table) == (1 + 1 + 0 + 0.25) / 4);
    CHECK(root_mean_squared_error(line, table) == 0.75);
    CHECK(mean_absolute_error(line, table) == 2.5 / 4);
    CHECK(r2(line, table) == 1 - 2.25 / 4);
    table.weights = vector<double>{{0, 1, 0, 3}};
    CHECK(mean_squared_error(line, table) == 1.75 / 4);
    CHECK(mean_absolute_error(line, table) == 2.5 / 4);
}

TEST_CASE("train regression_metrics: of a model on sparse data") {
    struct row_sum {
        vector<double> predict(data::sparse_matrix<double> const& x) const { return x.dense().rowwise().sum(); }
    };
    data::sparse_dataset<double> const table{
        data::sparse_matrix<double>::of(matrix<double>{{1, 0}, {0, 0}, {2, 3}}), vector<double>{{1, 0, 3}}};
    CHECK(mean_squared_error(row_sum{}, table) == 4.0 / 3);
}

TEST_CASE("train regression_metrics: bad input") {
    double const nan = std::numeric_limits<double>::quiet_NaN();
    vector<double> const none, three{{0, 1, 2}}, four{{0, 1, 2, 3}}, holed{{0, nan, 1}};
    vector<double> const infinite{{0, 1, -1 / 0.0}}, zeros{{0, 0, 0}}, negative{{1, -1, 1}};
    CHECK(message_of([&] { mean_squared_error(none, four); }) ==
          "mean_squared_error: 0 predictions, 4 targets");
    CHECK(message_of([&] { root_mean_squared_error(four, three); }) ==
          "mean_squared_error: 4 predictions, 3 targets");
    CHECK(message_of([&] { r2(none, none); }) == "r2: there are no targets");
    // scikit-learn gives NaN and warns.
    CHECK(message_of([&] { r2(vector<float>{{5}}, vector<float>{{5}}); }) ==
          "r2: 1 target: must be >= 2, one alone has no spread");
    CHECK(message_of([&] { r2(holed, three); }) == "r2: row 1: prediction is nan");
    CHECK(message_of([&] { mean_absolute_error(three, infinite); }) ==
          "mean_absolute_error: row 2: target is -inf");
    CHECK(message_of([&] { r2(three, three, four); }) == "r2: 3 targets, 4 weights");
    CHECK(message_of([&] { r2(three, three, zeros); }) == "r2: all weights are 0");
    CHECK(message_of([&] { r2(three, three, negative); }) ==
          "r2: row 1: weight is -1: must be finite and >= 0");
}
