// SPDX-License-Identifier: MIT
#include <descent/data/dataset.hpp>
#include <descent/linear/linear_regression.hpp>
#include <descent/linear/logistic_regression.hpp>
#include <descent/linear/softmax_regression.hpp>
#include <descent/train/ranking_curves.hpp>
#include <descent/train/ranking_metrics.hpp>

#include <cmath>
#include <limits>
#include <vector>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include "message.hpp"
#include "metric_problem.hpp"

using namespace descent;

namespace {

bool all_close(std::vector<double> const& a, std::vector<double> const& b) {
    bool same = a.size() == b.size();
    for (std::size_t i = 0; same && i < a.size(); ++i)
        same = a[i] == b[i] || close(a[i], b[i]);
    return same;
}

double sum_from(std::vector<double> const& x, std::size_t first = 0) {
    double sum = 0;
    for (std::size_t i = first; i < x.size(); ++i)
        sum += x[i];
    return sum;
}

/// Tells decision values alone: x, for as many pairs of classes.
struct decider {
    descent::index pairs;
    matrix<double> decision_values(matrix<double> const& x) const { return x.replicate(1, pairs); }
};

}  // namespace

TEMPLATE_TEST_CASE("train ranking_metrics: scikit-learn's numbers", "", float, double) {
    metric_problem<TestType> const p;
    CHECK(close(roc_auc(p.score, p.binary), 0.49688697318007663));
    CHECK(close(roc_auc(p.score, p.binary, p.weight), 0.5228824323251569));
    CHECK(close(average_precision(p.score, p.binary), 0.2909979984463183));
    CHECK(close(average_precision(p.score, p.binary, p.weight), 0.3256482505167121));
    if constexpr (sizeof(TestType) == 8) {  // thirds in float have other ties
        CHECK(close(roc_auc(p.probability, p.three), 0.4109529850611196));
        CHECK(close(roc_auc(p.probability, p.three, p.weight), 0.4131491292314416));
    }
    roc_points const roc = roc_curve(p.score, p.binary);
    CHECK(roc.threshold.size() == 15);  // of 27
    CHECK(close(sum_from(roc.false_positive_rate), 6.847222222222222));
    CHECK(close(sum_from(roc.true_positive_rate), 6.793103448275862));
    CHECK(sum_from(roc.threshold, 1) == 22.625);
    roc_points const weighted = roc_curve(p.score, p.binary, p.weight);
    CHECK(weighted.threshold.size() == 27);
    CHECK(close(sum_from(weighted.false_positive_rate), 12.7165991902834));
    CHECK(close(sum_from(weighted.true_positive_rate), 13.294117647058824));
    precision_recall_points const points = precision_recall_curve(p.score, p.binary, p.weight);
    CHECK(points.threshold.size() == 27);
    CHECK(close(sum_from(points.precision), 8.847600558325635));
    CHECK(close(sum_from(points.recall), 13.294117647058822));
    CHECK(sum_from(points.threshold, 1) == 40.625);
}

TEST_CASE("train ranking_metrics: the points of curves") {
    metric_problem<double> const p;
    roc_points const roc = roc_curve<double>(p.score.head(20), p.binary.head(20));
    CHECK(all_close(roc.false_positive_rate, {0, 1 / 14., 5 / 14., 5 / 14., 6 / 14., 6 / 14., 8 / 14., 11 / 14.,
                                              11 / 14., 12 / 14., 12 / 14., 1}));
    CHECK(all_close(roc.true_positive_rate,
                    {0, 0, 0, 1 / 3., 1 / 3., 1 / 2., 1 / 2., 1 / 2., 2 / 3., 2 / 3., 1, 1}));
    CHECK(
        all_close(roc.threshold, {1 / 0., 3, 2.375, 2.125, 1.875, 1.75, 1.5, 0.875, 0.75, 0.625, 0.25, 0.125}));
    precision_recall_points const points = precision_recall_curve<double>(p.score.head(12), p.binary.head(12));
    CHECK(all_close(points.precision,
                    {1, 0, 0, 0, 1 / 4., 2 / 5., 1 / 3., 2 / 7., 1 / 4., 2 / 9., 3 / 10., 4 / 11., 1 / 3.}));
    CHECK(all_close(points.recall, {0, 0, 0, 0, .25, .5, .5, .5, .5, .5, .75, 1, 1}));
    CHECK(all_close(points.threshold,
                    {1 / 0., 2.875, 2.625, 2.375, 2.125, 1.75, 1.5, 1.25, 0.875, 0.625, 0.375, 0.25, 0.125}));
}

TEST_CASE("train ranking_metrics: ties count half, whatever the order of the rows") {
    vector<double> const target{{0, 1, 0, 1}};
    CHECK(roc_auc(vector<double>{{1, 1, 1, 1}}, target) == 0.5);
    CHECK(roc_auc(vector<double>{{0, 0, 0, 1}}, target) == 0.75);
    CHECK(roc_auc(vector<double>{{0, 3, 1, 2}}, target) == 1);
    CHECK(roc_auc(vector<double>{{-0.0, 0.0, 1, 1}}, target) == 0.5);
    CHECK(average_precision(vector<double>{{1, 1, 1, 1}}, target) == 0.5);
    CHECK(average_precision(vector<double>{{0, 3, 1, 2}}, target) == 1);
    CHECK(average_precision(vector<double>{{1, 2}}, vector<double>{{0, 0}}) == 0);
    CHECK(average_precision(vector<double>{{2}}, vector<double>{{1}}) == 1);
}

TEST_CASE("train ranking_metrics: of a model on data, weighted as the data is") {
    data::dataset<double> table{matrix<double>{{3}, {-1}, {2}, {0.5}}, vector<double>{{1, 0, 0, 1}}};
    linear::logistic_regression<double> logistic{1};
    linear::linear_regression<double> line{1};
    linear::softmax_regression<double> softmax{1, 2};
    logistic.params()["weight"].data[0] = line.params()["weight"].data[0] = 1;
    softmax.params()["weight"].data[1] = 1;
    table.weights = vector<double>{{1, 1, 1, 2}};
    CHECK(roc_auc(logistic, table) == 4.0 / 6);
    CHECK(roc_auc(line, table) == 4.0 / 6);
    CHECK(close(roc_auc(softmax, table), 4.0 / 6));
    CHECK(roc_auc(decider{1}, table) == 4.0 / 6);
    CHECK(message_of([&] { roc_auc(decider{3}, table); }) ==
          "decision values of 3 pairs of classes rank no rows");
    CHECK(close(average_precision(softmax, table), (1 + 2 * 3.0 / 4) / 3));
    CHECK(roc_curve(line, table).threshold.back() == -1);
    CHECK(precision_recall_curve(line, table).recall.back() == 1);
    CHECK(message_of([&] {
              average_precision(linear::softmax_regression<double>{1, 3}, table);
          }) == "average_precision: the model has 3 classes: must have 2");
}

TEST_CASE("train ranking_metrics: bad input") {
    double const nan = std::numeric_limits<double>::quiet_NaN();
    vector<double> const none, two{{0, 1}}, ones{{1, 1}}, zeros{{0, 0}}, three{{0, 1, 2}}, holed{{0, nan, 1}};
    CHECK(message_of([&] { roc_auc(two, three); }) == "roc_auc: row 2: target 2: must be 0 or 1");
    CHECK(message_of([&] { roc_auc(three, two); }) == "roc_auc: 3 predictions, 2 targets");
    CHECK(message_of([&] { roc_auc(none, none); }) == "roc_auc: there are no targets");
    CHECK(message_of([&] { roc_auc(two, ones); }) == "roc_auc: all targets are 1: both classes are needed");
    CHECK(message_of([&] { roc_auc(two, zeros); }) == "roc_auc: all targets are 0: both classes are needed");
    CHECK(message_of([&] {
              roc_curve(two, two, vector<double>{{1, 0}});
          }) == "roc_curve: all targets are 0: both classes are needed");
    CHECK(message_of([&] { roc_auc(two, two, zeros); }) == "roc_auc: all weights are 0");
    CHECK(message_of([&] {
              average_precision(holed, vector<double>{{0, 1, 1}});
          }) == "average_precision: row 1: score is nan");
    CHECK(message_of([&] { precision_recall_curve(two, zeros); }) == "precision_recall_curve: no target is 1");
    matrix<double> const scores{{1, 0, 0}, {0, 1, 0}};
    CHECK(message_of([&] { roc_auc(scores, two); }) == "roc_auc: no target is 2: every class is needed");
    CHECK(message_of([&] { roc_auc(scores, ones); }) == "roc_auc: no target is 0: every class is needed");
    CHECK(message_of([&] {
              roc_auc(scores, vector<double>{{0, 3}});
          }) == "roc_auc: row 1: target 3: must be an integer in [0, 3)");
    CHECK(message_of([&] { roc_auc(scores, three); }) == "roc_auc: 2 predictions, 3 targets");
}
