// SPDX-License-Identifier: MIT
#include <descent/linear.hpp>

#include <cmath>
#include <limits>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include "message.hpp"

using namespace descent;

namespace {

template <class T>
data::dataset<T> table_of(descent::index rows, descent::index features, T label = 0) {
    return {matrix<T>::Constant(rows, features, T(0.5)), vector<T>::Constant(rows, label)};
}

}  // namespace

TEMPLATE_TEST_CASE("linear model: starts at zero, with named tensors", "", float, double) {
    linear::softmax_regression<TestType> const model{4, 3};
    CHECK(model.features() == 4);
    CHECK(model.classes() == 3);
    CHECK(model.params().at("weight").extents == shape{3, 4});
    CHECK(model.params().at("bias").extents == shape{3});
    CHECK(model.weight().isZero(0));
    CHECK(model.bias().isZero(0));
    CHECK(linear::linear_regression<TestType>{4}.params().at("weight").extents == shape{1, 4});
}

TEMPLATE_TEST_CASE("linear model: scores are W x + b, for more rows than a tile too", "", float, double) {
    using T = TestType;
    linear::softmax_regression<T> model{5, 3};
    for (descent::index i = 0; i < 15; ++i)
        model.params()["weight"].data[i] = T(i - 7);
    for (descent::index c = 0; c < 3; ++c)
        model.params()["bias"].data[c] = T(10 * c);
    for (descent::index const rows : {0, 1, 31, 32, 33, 70}) {
        matrix<T> x(rows, 5);
        for (descent::index i = 0; i < x.size(); ++i)
            x.data()[i] = T(i % 11 - 5);  // small integers: every order of summing is exact
        matrix<T> const z = model.scores(x);
        REQUIRE(z.rows() == rows);
        REQUIRE(z.cols() == 3);
        for (descent::index r = 0; r < rows; ++r)
            for (descent::index c = 0; c < 3; ++c) {
                T expected = T(10 * c);
                for (descent::index j = 0; j < 5; ++j)
                    expected += T(5 * c + j - 7) * x(r, j);
                CHECK(z(r, c) == expected);
            }
    }
}

TEMPLATE_TEST_CASE("linear model: the penalty is l2 / 2 |W|^2 without the bias", "", float, double) {
    using T = TestType;
    auto const table = table_of<T>(6, 2, 1);
    linear::logistic_regression<T> bare{2}, ridge{2, {.l2 = 0.5}};
    for (auto* model : {&bare, &ridge}) {
        model->params()["weight"].data[0] = 2;
        model->params()["weight"].data[1] = -4;
        model->params()["bias"].data[0] = 3;
    }
    auto g = bare.params().like(), g_ridge = g;
    double const loss = bare.gradient(data::all_of(table), g),
                 penalized = ridge.gradient(data::all_of(table), g_ridge);
    CHECK(penalized == loss + 0.25 * 20);
    CHECK(g_ridge["weight"].data[0] == g["weight"].data[0] + T(1));
    CHECK(g_ridge["weight"].data[1] == g["weight"].data[1] - T(2));
    CHECK(g_ridge["bias"].data[0] == g["bias"].data[0]);
    CHECK(ridge.loss(data::all_of(table)) == penalized);
}

TEST_CASE("linear model: predictions of each kind") {
    matrix<double> x(3, 1);
    x << -1, 0, 2;
    linear::linear_regression<double> line{1};
    line.params()["weight"].data[0] = 3;
    line.params()["bias"].data[0] = 1;
    CHECK(line.predict(x) == vector<double>{{-2, 1, 7}});

    linear::logistic_regression<double> logistic{1};
    logistic.params()["weight"].data[0] = 2;
    CHECK(logistic.predict(x) == vector<double>{{0, 0, 1}});  // a score of 0 is not above 1/2
    auto const p = logistic.predict_probability(x);
    CHECK(std::fabs(p[0] - 1 / (1 + std::exp(2.0))) < 1e-15);
    CHECK(p[1] == 0.5);
    CHECK(std::fabs(p[2] - 1 / (1 + std::exp(-4.0))) < 1e-15);

    linear::softmax_regression<double> softmax{1, 3};
    softmax.params()["weight"].data[0] = -1;
    softmax.params()["weight"].data[2] = 1;
    CHECK(softmax.predict(x) == vector<double>{{0, 0, 2}});  // equal scores: the lowest class
    auto const q = softmax.predict_probability(x);
    double const e = std::exp(1.0);
    CHECK(std::fabs(q(0, 0) - e / (e + 1 + 1 / e)) < 1e-15);
    for (descent::index r = 0; r < 3; ++r)
        CHECK(std::fabs(q.row(r).sum() - 1) < 1e-15);
}

TEST_CASE("linear model: bad settings") {
    double const nan = std::numeric_limits<double>::quiet_NaN();
    CHECK(message_of([] { linear::linear_regression<float>{0}; }) ==
          "linear_regression: features = 0: must be > 0");
    CHECK(message_of([] { linear::logistic_regression<float>{-3}; }) ==
          "logistic_regression: features = -3: must be > 0");
    CHECK(message_of([] { linear::softmax_regression<float>(4, 1); }) ==
          "softmax_regression: classes = 1: must be >= 2");
    CHECK(message_of([] { linear::linear_regression<float>(4, {.l2 = -1}); }) ==
          "linear_regression: l2 = -1: must be finite and >= 0");
    CHECK(message_of([&] { linear::linear_regression<float>(4, {.l2 = nan}); }) ==
          "linear_regression: l2 = nan: must be finite and >= 0");
    CHECK(message_of([] {
              linear::linear_regression<float>(4, {.l2 = std::numeric_limits<double>::infinity()});
          }) == "linear_regression: l2 = inf: must be finite and >= 0");
    linear::softmax_regression<float> const model{4, 3};
    CHECK(message_of([&] { model.predict(matrix<float>(2, 5)); }) ==
          "softmax_regression: x has 5 features, the model 4");
}

TEST_CASE("linear model: data that does not fit is named") {
    linear::softmax_regression<double> const model{2, 3};
    auto const complaint = [&](data::dataset<double> const& table) {
        return message_of([&] { model.check(table); });
    };
    CHECK(complaint(table_of<double>(4, 2, 2)) == "(no error)");
    CHECK(complaint({}) == "softmax_regression: 0 samples x 0 features: the data is empty");
    CHECK(complaint(table_of<double>(4, 3)) == "softmax_regression: the data has 3 features, the model 2");
    CHECK(complaint(table_of<double>(4, 2, 3)) ==
          "softmax_regression: row 0: label 3: must be an integer in [0, 3)");
    CHECK(complaint(table_of<double>(4, 2, -1)) ==
          "softmax_regression: row 0: label -1: must be an integer in [0, 3)");
    auto table = table_of<double>(4, 2);
    table.y[2] = 0.5;
    CHECK(complaint(table) == "softmax_regression: row 2: label 0.5: must be an integer in [0, 3)");
    table = table_of<double>(4, 2);
    table.y.conservativeResize(3);
    CHECK(complaint(table) == "softmax_regression: 4 samples, 3 targets");
    table = table_of<double>(4, 2);
    table.x(3, 1) = std::numeric_limits<double>::quiet_NaN();
    CHECK(complaint(table) == "softmax_regression: row 3, column 1 is nan");
    table.feature_names = {"age", "income"};
    CHECK(complaint(table) == "softmax_regression: row 3, column 'income' (1) is nan");
    table.x(3, 1) = 0;
    table.y[1] = std::numeric_limits<double>::infinity();
    CHECK(complaint(table) == "softmax_regression: row 1: target is inf");
}
