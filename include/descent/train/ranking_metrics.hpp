// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <limits>
#include <vector>

#include <descent/train/detail/metric_input.hpp>

// How well scores order samples, whatever the threshold that turns them into classes: each takes (scores,
// targets, weights = {}), or (model, table) for a model with predict_probability(x) or else scores(x); the
// table's own weights count. A higher score means class 1, targets are 0 and 1. Each throws descent::error for
// no targets, unequal numbers, NaN or Inf, other targets, and bad weights.
namespace descent {

/// True against false positives as the threshold falls, see roc_curve.
struct roc_points {
    std::vector<double> false_positive_rate = {};  ///< from 0 to 1, never falling
    std::vector<double> true_positive_rate = {};   ///< from 0 to 1, never falling
    std::vector<double> threshold = {};            ///< scores >= this count as class 1; falling from infinity
};

/// Precision against recall as the threshold falls, see precision_recall_curve.
struct precision_recall_points {
    std::vector<double> recall = {};     ///< from 0 to 1, never falling
    std::vector<double> precision = {};  ///< the first one, of nobody, is 1
    std::vector<double> threshold = {};  ///< scores >= this count as class 1; falling from infinity
};

namespace detail {

/// How many (by weight) score at least the threshold, for each score that occurs, from high to low.
struct threshold_counts {
    std::vector<double> positives = {}, negatives = {}, threshold = {};
    double all_positives() const { return positives.back(); }
    double all_negatives() const { return negatives.back(); }
};

template <class Scores, class T, class Positive>
threshold_counts count_thresholds(std::string_view who, Scores const& scores, vector<T> const& target,
                                  vector<T> const& weights, Positive const& positive) {
    expect_pairs(who, scores.size(), target.size());
    expect_finite(who, "score", scores);
    row_weights<T> const weight(who, weights, target.size());
    struct entry {
        T score;
        index row;
    };
    std::vector<entry> order;
    order.reserve(std::size_t(target.size()));
    for (index row = 0; row < target.size(); ++row)
        if (weight[row] > 0)  // a sample that counts nothing must not add a threshold
            order.push_back({scores[row], row});
    std::sort(order.begin(), order.end(), [](entry const& a, entry const& b) {
        return a.score > b.score || (a.score == b.score && a.row < b.row);
    });
    threshold_counts count;
    double positives = 0, negatives = 0;
    for (std::size_t i = 0; i < order.size(); ++i) {
        (positive(target[order[i].row]) ? positives : negatives) += weight[order[i].row];
        if (i + 1 < order.size() && order[i + 1].score == order[i].score)
            continue;
        count.positives.push_back(positives);
        count.negatives.push_back(negatives);
        count.threshold.push_back(double(order[i].score));
    }
    return count;
}

template <class T>
threshold_counts count_binary(std::string_view who, vector<T> const& scores, vector<T> const& target,
                              vector<T> const& weights) {
    expect_binary(who, target);
    return count_thresholds(who, scores, target, weights, [](T y) { return y == 1; });
}

inline void expect_both(std::string_view who, threshold_counts const& count) {
    expect(count.all_negatives() > 0, who, ": all targets are 1: both classes are needed");
    expect(count.all_positives() > 0, who, ": all targets are 0: both classes are needed");
}

/// Pairs of a positive and a negative in the right order, ties counting half, as a share of all pairs.
inline double area(threshold_counts const& count) {
    double sum = 0, positives = 0, negatives = 0;
    for (std::size_t i = 0; i < count.threshold.size(); ++i) {
        sum += (count.negatives[i] - negatives) * (positives + count.positives[i]) / 2;
        positives = count.positives[i];
        negatives = count.negatives[i];
    }
    return sum / positives / negatives;
}

/// What orders the rows of x: probabilities, or else scores or decision values; one number a row, or one a row
/// and class.
template <class M, class X>
auto ranking_scores(M const& model, X const& x) {
    if constexpr (requires { model.predict_probability(x); }) {
        return model.predict_probability(x);
    } else if constexpr (requires { model.scores(x); }) {
        return model.scores(x);
    } else {
        auto value = model.decision_values(x);
        expect(value.cols() == 1, "decision values of ", value.cols(), " pairs of classes rank no rows");
        return value;
    }
}

/// The same as one number a row, where there are two classes.
template <class T>
vector<T> one_column(std::string_view, vector<T> const& scores) {
    return scores;
}
template <class T>
vector<T> one_column(std::string_view who, matrix<T> const& scores) {
    expect(scores.cols() == 1 || scores.cols() == 2, who, ": the model has ", scores.cols(),
           " classes: must have 2");
    return scores.col(scores.cols() - 1);
}

}  // namespace detail

/// A model that gives each row of the table probabilities, scores or decision values.
template <class M, class Table>
concept ranks_on = requires(Table const& table) {
    table.weights;
}
&&(
    requires(M const& model, Table const& table) { model.predict_probability(table.x); } ||
    requires(M const& model, Table const& table) { model.scores(table.x); } ||
    requires(M const& model, Table const& table) { model.decision_values(table.x); });

/// Area under the receiver operating characteristic: the chance that a random sample of class 1 scores higher
/// than one of class 0, ties counting half (Hanley & McNeil, 1982; Mann & Whitney, 1947). Exact where weights
/// are whole numbers. Throws descent::error also where only one class occurs.
template <class T>
double roc_auc(vector<T> const& scores, vector<T> const& target, vector<T> const& weights = {}) {
    auto const count = detail::count_binary("roc_auc", scores, target, weights);
    detail::expect_both("roc_auc", count);
    return detail::area(count);
}

/// The mean over the classes 0, 1, ... of the area of each against all others; scores are samples x classes.
/// One column: as the vector that it is. Throws descent::error also for a class that does not occur, or that
/// alone occurs.
template <class T>
double roc_auc(matrix<T> const& scores, vector<T> const& target, vector<T> const& weights = {}) {
    index const classes = scores.cols();
    if (classes == 1)
        return roc_auc<T>(vector<T>(scores.col(0)), target, weights);
    detail::expect_pairs("roc_auc", scores.rows(), target.size());
    for (index row = 0; row < target.size(); ++row)
        detail::expect_class("roc_auc", "target", row, target[row], classes);
    double sum = 0;
    for (index c = 0; c < classes; ++c) {
        auto const count = detail::count_thresholds("roc_auc", scores.col(c), target, weights,
                                                    [c](T y) { return index(y) == c; });
        expect(count.all_positives() > 0, "roc_auc: no target is ", c, ": every class is needed");
        expect(count.all_negatives() > 0, "roc_auc: all targets are ", c, ": every class is needed");
        sum += detail::area(count);
    }
    return sum / double(classes);
}

/// sum over thresholds of precision * (recall - the recall before): the area under the steps of the precision
/// recall curve, without interpolation (Davis & Goadrich, 2006). 0 where no target is 1, as scikit-learn.
template <class T>
double average_precision(vector<T> const& scores, vector<T> const& target, vector<T> const& weights = {}) {
    auto const count = detail::count_binary("average_precision", scores, target, weights);
    if (count.all_positives() == 0)
        return 0;
    double sum = 0, before = 0;
    for (std::size_t i = 0; i < count.threshold.size(); ++i) {
        double const hits = count.positives[i];
        sum += (hits - before) * hits / (hits + count.negatives[i]);
        before = hits;
    }
    return sum / count.all_positives();
}

/// The corners of the receiver operating characteristic, from (0, 0) to (1, 1): points that lie evenly between
/// their neighbours are left out, as in scikit-learn's roc_curve. Throws descent::error also where only one
/// class occurs.
template <class T>
roc_points roc_curve(vector<T> const& scores, vector<T> const& target, vector<T> const& weights = {}) {
    auto const count = detail::count_binary("roc_curve", scores, target, weights);
    detail::expect_both("roc_curve", count);
    roc_points points{{0}, {0}, {std::numeric_limits<double>::infinity()}};
    auto const bends = [](std::vector<double> const& x, std::size_t i) {
        return x[i + 1] - x[i] != x[i] - x[i - 1];
    };
    std::size_t const n = count.threshold.size();
    for (std::size_t i = 0; i < n; ++i) {
        if (i > 0 && i + 1 < n && !bends(count.positives, i) && !bends(count.negatives, i))
            continue;
        points.false_positive_rate.push_back(count.negatives[i] / count.all_negatives());
        points.true_positive_rate.push_back(count.positives[i] / count.all_positives());
        points.threshold.push_back(count.threshold[i]);
    }
    return points;
}

/// Precision and recall at every score as the threshold: scikit-learn's precision_recall_curve, from high
/// thresholds to low and without interpolation. Throws descent::error also where no target is 1.
template <class T>
precision_recall_points precision_recall_curve(vector<T> const& scores, vector<T> const& target,
                                               vector<T> const& weights = {}) {
    auto const count = detail::count_binary("precision_recall_curve", scores, target, weights);
    expect(count.all_positives() > 0, "precision_recall_curve: no target is 1");
    precision_recall_points points{{0}, {1}, {std::numeric_limits<double>::infinity()}};
    for (std::size_t i = 0; i < count.threshold.size(); ++i) {
        points.recall.push_back(count.positives[i] / count.all_positives());
        points.precision.push_back(count.positives[i] / (count.positives[i] + count.negatives[i]));
        points.threshold.push_back(count.threshold[i]);
    }
    return points;
}

template <class M, class Table>
requires ranks_on<M, Table>
double roc_auc(M const& model, Table const& table) {
    return roc_auc(detail::ranking_scores(model, table.x), table.y, table.weights);
}
template <class M, class Table>
requires ranks_on<M, Table>
double average_precision(M const& model, Table const& table) {
    auto const scores = detail::one_column("average_precision", detail::ranking_scores(model, table.x));
    return average_precision(scores, table.y, table.weights);
}
template <class M, class Table>
requires ranks_on<M, Table> roc_points roc_curve(M const& model, Table const& table) {
    auto const scores = detail::one_column("roc_curve", detail::ranking_scores(model, table.x));
    return roc_curve(scores, table.y, table.weights);
}
template <class M, class Table>
requires ranks_on<M, Table> precision_recall_points precision_recall_curve(M const& model, Table const& table) {
    auto const scores = detail::one_column("precision_recall_curve", detail::ranking_scores(model, table.x));
    return precision_recall_curve(scores, table.y, table.weights);
}

}  // namespace descent
