// SPDX-License-Identifier: MIT
#pragma once

#include <descent/train/detail/threshold_counts.hpp>

// How well scores order samples, whatever the threshold that turns them into classes: each takes (scores,
// targets, weights = {}), or (model, table) for a model with predict_probability(x) or else scores(x); the
// table's own weights count. A higher score means class 1, targets are 0 and 1. Each throws descent::error for
// no targets, unequal numbers, NaN or Inf, other targets, and bad weights.
namespace descent {

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

template <class M, class Table>
requires ranks_on<M, Table>
double roc_auc(M const& model, Table const& table) {
    return roc_auc(detail::table_scores(model, table), table.y, table.weights);
}
template <class M, class Table>
requires ranks_on<M, Table>
double average_precision(M const& model, Table const& table) {
    auto const scores = detail::one_column("average_precision", detail::table_scores(model, table));
    return average_precision(scores, table.y, table.weights);
}

}  // namespace descent
