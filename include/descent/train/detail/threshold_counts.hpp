// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <string_view>
#include <vector>

#include <descent/train/detail/metric_input.hpp>

// What the metrics share that look at every threshold between the classes 0 and 1.
namespace descent {

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

template <class M, class Table>
auto table_scores(M const& model, Table const& table) {
    return of_rows(table, [&](auto const& x) { return ranking_scores(model, x); });
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
    requires(M const& model, data::features_of<Table> const& x) { model.predict_probability(x); } ||
    requires(M const& model, data::features_of<Table> const& x) { model.scores(x); } ||
    requires(M const& model, data::features_of<Table> const& x) { model.decision_values(x); });

}  // namespace descent
