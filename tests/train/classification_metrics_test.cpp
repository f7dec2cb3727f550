// SPDX-License-Identifier: MIT
#include <descent/data/dataset.hpp>
#include <descent/linear/logistic_regression.hpp>
#include <descent/linear/softmax_regression.hpp>
#include <descent/train/classification_metrics.hpp>
#include <descent/train/confusion_matrix.hpp>
#include <descent/train/log_loss.hpp>

#include <array>
#include <cmath>
#include <limits>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include "message.hpp"
#include "metric_problem.hpp"

using namespace descent;

namespace {

/// precision, recall and f1, without and with weights, against `expected`.
template <class T>
bool scores_are(vector<T> const& said, vector<T> const& target, vector<T> const& weight, average how,
                std::array<double, 6> const& expected) {
    return close(precision(said, target, how), expected[0]) &&
           close(precision(said, target, how, weight), expected[1]) &&
           close(recall(said, target, how), expected[2]) &&
           close(recall(said, target, how, weight), expected[3]) && close(f1(said, target, how), expected[4]) &&
           close(f1(said, target, how, weight), expected[5]);
}

}  // namespace

TEMPLATE_TEST_CASE("train classification_metrics: scikit-learn's numbers", "", float, double) {
    metric_problem<TestType> const p;
    CHECK(scores_are(p.said, p.binary, p.weight, average::binary,
                     {0.2857142857142857, 0.2916666666666667, 0.4827586206896552, 0.4803921568627451,
                      0.358974358974359, 0.362962962962963}));
    CHECK(scores_are(p.sparse_said, p.sparse, p.weight, average::macro,
                     {0.3705172413793103, 0.3663051750380517, 0.2538656987295826, 0.25167332952598515,
                      0.29516971079504567, 0.29176194939081534}));
    double const plain = 0.42574257425742573, weighted = 0.4154727793696275;
    CHECK(scores_are(p.sparse_said, p.sparse, p.weight, average::micro,
                     {plain, weighted, plain, weighted, plain, weighted}));
    CHECK(scores_are(
        p.sparse_said, p.sparse, p.weight, average::weighted,
        {0.7093803345851827, 0.6967763407517892, plain, weighted, 0.5248332693397637, 0.5122549901579825}));
    CHECK(close(accuracy(p.sparse_said, p.sparse), plain));
    CHECK(close(accuracy(p.sparse_said, p.sparse, p.weight), weighted));
    CHECK(close(balanced_accuracy(p.sparse_said, p.sparse), 0.4231094978826377));
    CHECK(close(balanced_accuracy(p.sparse_said, p.sparse, p.weight), 0.41945554920997524));
    CHECK(confusion_matrix(p.said, p.binary, 2, p.weight) == matrix<double>{{64, 59.5}, {26.5, 24.5}});
    // Of scikit-learn's confusion_matrix documentation.
    using V = vector<TestType>;
    CHECK(confusion_matrix(V{{0, 0, 2, 2, 0, 2}}, V{{2, 0, 2, 2, 0, 1}}, 3) ==
          matrix<descent::index>{{2, 0, 0}, {0, 0, 1}, {1, 0, 2}});

    bool const single = sizeof(TestType) == 4;
    double const slack = single ? 1e-6 : 1e-13;
    V const half = p.score / TestType(3.25);
    CHECK(close(log_loss(half, p.binary), single ? 1.027950644493103 : 1.2269731093315877, slack));
    if (!single)
        CHECK(close(log_loss(half, p.binary, p.weight), 1.2362244473739201));
    CHECK(close(log_loss(p.probability, p.three), 1.5462905025478597, slack));
    if (!single)
        CHECK(close(log_loss(p.probability, p.three, p.weight), 1.5368984231164837));
}

TEST_CASE("train classification_metrics: nothing of a class is 0, one class is no error") {
    vector<double> const zeros{{0, 0}}, ones{{1, 1}}, twos{{2, 2}};
    CHECK(precision(zeros, ones) == 0);
    CHECK(recall(ones, zeros) == 0);
    CHECK(f1(zeros, zeros) == 0);
    CHECK(f1(ones, ones) == 1);
    CHECK(f1(twos, twos, average::macro) == 1);
    CHECK(recall(twos, zeros, average::macro) == 0);
    CHECK(balanced_accuracy(twos, twos) == 1);
    CHECK(accuracy(vector<double>{{1}}, vector<double>{{1}}) == 1);
    CHECK(log_loss(ones, ones) == -std::log(1 - 0x1p-52));  // as near to certain as it is let
    CHECK(close(log_loss(zeros, ones), 52 * std::log(2.0)));
}

TEST_CASE("train classification_metrics: of a model on data, weighted as the data is") {
    data::dataset<double> table{matrix<double>{{1}, {-1}, {2}, {0.5}}, vector<double>{{2, 0, 2, 0}}};
    linear::softmax_regression<double> model{1, 3};
    model.params()["weight"].data[0] = -1;
    model.params()["weight"].data[2] = 1;
    CHECK(accuracy(model, table) == 0.75);
    CHECK(balanced_accuracy(model, table) == 0.75);
    CHECK(confusion_matrix(model, table) == matrix<descent::index>{{1, 0, 1}, {0, 0, 0}, {0, 0, 2}});
    CHECK(close(f1(model, table, average::macro), (2.0 / 3 + 4.0 / 5) / 2));
    CHECK(log_loss(model, table) == log_loss(model.predict_probability(table.x), table.y));
    table.weights = vector<double>{{1, 1, 1, 5}};
    CHECK(accuracy(model, table) == 3.0 / 8);
    CHECK(precision(model, table, average::weighted) == (6 + 2 * 2.0 / 7) / 8);
    CHECK(recall(model, table, average::micro) == 3.0 / 8);
    CHECK(message_of([&] {
              accuracy(linear::softmax_regression<double>{2, 3}, table);
          }) == "softmax_regression: x has 1 features, the model 2");

    linear::logistic_regression<double> const even{1};
    table.y = vector<double>{{1, 0, 1, 0}};
    CHECK(close(log_loss(even, table), std::log(2.0)));
}

TEST_CASE("train classification_metrics: bad input") {
    double const nan = std::numeric_limits<double>::quiet_NaN();
    vector<double> const none, three{{0, 1, 2}}, four{{0, 1, 2, 3}}, half{{0, 0.5, 1}}, holed{{0, nan, 1}},
        minus{{0, 1, -1}}, two{{0, 1, 1}};
    CHECK(message_of([&] { accuracy(three, four); }) == "accuracy: 3 predictions, 4 targets");
    CHECK(message_of([&] { accuracy(none, none); }) == "accuracy: there are no targets");
    CHECK(message_of([&] { accuracy(holed, three); }) == "accuracy: row 1: prediction is nan");
    CHECK(message_of([&] { confusion_matrix(four, four, 3); }) ==
          "confusion_matrix: row 3: target 3: must be an integer in [0, 3)");
    CHECK(message_of([&] { confusion_matrix(half, three, 3); }) ==
          "confusion_matrix: row 1: prediction 0.5: must be an integer in [0, 3)");
    CHECK(message_of([&] { confusion_matrix(three, three, 0); }) ==
          "confusion_matrix: classes = 0: must be >= 1");
    CHECK(message_of([&] { precision(three, two); }) ==
          "precision: row 2: prediction 2: must be an integer in [0, 2)");
    CHECK(message_of([&] { recall(holed, two, average::macro); }) ==
          "recall: row 1: prediction nan: must be an integer in [0, 16777216)");
    CHECK(message_of([&] { f1(two, minus, average::micro); }) ==
          "f1: row 2: target -1: must be an integer in [0, 16777216)");
    CHECK(message_of([&] { f1(none, none); }) == "f1: there are no targets");
    CHECK(message_of([&] { balanced_accuracy(two, two, four); }) == "balanced_accuracy: 3 targets, 4 weights");
    CHECK(message_of([&] { log_loss(two, three); }) == "log_loss: row 2: target 2: must be 0 or 1");
    CHECK(message_of([&] { log_loss(minus, two); }) == "log_loss: row 2: probability is -1: must be in [0, 1]");
    CHECK(message_of([&] { log_loss(holed, two); }) ==
          "log_loss: row 1: probability is nan: must be in [0, 1]");
    matrix<double> const p{{0.5, 0.5}, {0.25, 0.5}};
    CHECK(message_of([&] {
              log_loss(p, vector<double>{{0, 1}});
          }) == "log_loss: row 1: the probabilities sum to 0.75: must be 1");
    CHECK(message_of([&] {
              log_loss(p, vector<double>{{2, 1}});
          }) == "log_loss: row 0: target 2: must be an integer in [0, 2)");
    CHECK(message_of([&] { log_loss(p, three); }) == "log_loss: 2 predictions, 3 targets");
}
