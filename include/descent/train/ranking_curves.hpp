// SPDX-License-Identifier: MIT
#pragma once

#include <limits>
#include <vector>

#include <descent/train/detail/threshold_counts.hpp>

// What every threshold that turns scores into classes would do; arguments and errors as in ranking_metrics.hpp.
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
requires ranks_on<M, Table> roc_points roc_curve(M const& model, Table const& table) {
    auto const scores = detail::one_column("roc_curve", detail::table_scores(model, table));
    return roc_curve(scores, table.y, table.weights);
}
template <class M, class Table>
requires ranks_on<M, Table> precision_recall_points precision_recall_curve(M const& model, Table const& table) {
    auto const scores = detail::one_column("precision_recall_curve", detail::table_scores(model, table));
    return precision_recall_curve(scores, table.y, table.weights);
}

}  // namespace descent
