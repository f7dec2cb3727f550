// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <limits>
#include <vector>

#include <descent/train/detail/metric_input.hpp>

// How good predicted classes or their probabilities are: each metric takes (predictions, targets, ...,
// weights = {}) or (model, table), where the table's own weights count. Classes are the numbers 0, 1, ... Each
// throws descent::error for no targets, unequal numbers, NaN, anything but classes, and bad weights.
namespace descent {

/// How precision, recall and f1 become one number.
enum class average {
    binary,   ///< of class 1; only classes 0 and 1 are allowed
    macro,    ///< the mean over the classes that occur in predictions or targets
    micro,    ///< of the counts of all classes together: equals the accuracy
    weighted  ///< the mean over the classes, each counting as often as it occurs in the targets
};

/// The share of predictions that equal their targets.
template <class T>
double accuracy(vector<T> const& predicted, vector<T> const& target, vector<T> const& weights = {}) {
    constexpr auto who = "accuracy";
    detail::expect_pairs(who, predicted.size(), target.size());
    detail::expect_finite(who, "prediction", predicted);
    detail::expect_finite(who, "target", target);
    detail::row_weights<T> const weight(who, weights, target.size());
    double hits = 0;
    for (index row = 0; row < target.size(); ++row)
        hits += predicted[row] == target[row] ? weight[row] : 0;
    return hits / weight.total();
}

namespace detail {

/// Of each class: how often it was predicted, how often it is the target, how often both.
struct class_counts {
    std::vector<double> predicted = {}, actual = {}, hits = {};
    std::vector<bool> occurs = {};
};

template <class T>
class_counts count_classes(std::string_view who, vector<T> const& predicted, vector<T> const& target,
                           index classes, vector<T> const& weights) {
    expect_pairs(who, predicted.size(), target.size());
    index highest = 0;
    for (index row = 0; row < target.size(); ++row) {
        expect_class(who, "target", row, target[row], classes);
        expect_class(who, "prediction", row, predicted[row], classes);
        highest = std::max({highest, index(target[row]), index(predicted[row])});
    }
    row_weights<T> const weight(who, weights, target.size());
    auto const size = std::size_t(std::max<index>(highest + 1, 2));
    class_counts count{std::vector<double>(size), std::vector<double>(size), std::vector<double>(size),
                       std::vector<bool>(size)};
    for (index row = 0; row < target.size(); ++row) {
        auto const p = std::size_t(predicted[row]), t = std::size_t(target[row]);
        count.predicted[p] += weight[row];
        count.actual[t] += weight[row];
        count.hits[t] += p == t ? weight[row] : 0;
        count.occurs[p] = count.occurs[t] = true;
    }
    return count;
}

/// score(hits, predicted, actual), averaged over the classes.
template <class T, class Score>
double average_score(std::string_view who, vector<T> const& predicted, vector<T> const& target, average how,
                     vector<T> const& weights, Score const& score) {
    auto const count =
        count_classes(who, predicted, target, how == average::binary ? 2 : most_classes, weights);
    if (how == average::binary)
        return score(count.hits[1], count.predicted[1], count.actual[1]);
    double sum = 0, total = 0, hits = 0;
    for (std::size_t c = 0; c < count.hits.size(); ++c) {
        double const share = how == average::macro ? double(count.occurs[c]) : count.actual[c];
        sum += share * score(count.hits[c], count.predicted[c], count.actual[c]);
        total += share;
        hits += count.hits[c];
    }
    return how == average::micro ? score(hits, total, total) : sum / total;
}

inline double ratio(double part, double whole) { return whole > 0 ? part / whole : 0; }

}  // namespace detail

/// Of those predicted to be in the class, the share that is: 0 where none was predicted.
template <class T>
double precision(vector<T> const& predicted, vector<T> const& target, average how = average::binary,
                 vector<T> const& weights = {}) {
    return detail::average_score("precision", predicted, target, how, weights,
                                 [](double hits, double said, double) { return detail::ratio(hits, said); });
}

/// Of those in the class, the share that was predicted to be: 0 where there are none.
template <class T>
double recall(vector<T> const& predicted, vector<T> const& target, average how = average::binary,
              vector<T> const& weights = {}) {
    return detail::average_score("recall", predicted, target, how, weights,
                                 [](double hits, double, double are) { return detail::ratio(hits, are); });
}

/// The harmonic mean of precision and recall (van Rijsbergen, 1979), 2 hits / (predicted + actual): 0 where the
/// class neither occurs nor was predicted.
template <class T>
double f1(vector<T> const& predicted, vector<T> const& target, average how = average::binary,
          vector<T> const& weights = {}) {
    return detail::average_score(
        "f1", predicted, target, how, weights,
        [](double hits, double said, double are) { return detail::ratio(2 * hits, said + are); });
}

/// The mean recall of the classes that occur in the targets: guessing among k classes gives 1 / k however
/// unequal they are.
template <class T>
double balanced_accuracy(vector<T> const& predicted, vector<T> const& target, vector<T> const& weights = {}) {
    auto const count =
        detail::count_classes("balanced_accuracy", predicted, target, detail::most_classes, weights);
    double sum = 0, classes = 0;
    for (std::size_t c = 0; c < count.hits.size(); ++c) {
        sum += detail::ratio(count.hits[c], count.actual[c]);
        classes += count.actual[c] > 0;
    }
    return sum / classes;
}

namespace detail {

template <class Number, class T, class Weight>
matrix<Number> confusion(vector<T> const& predicted, vector<T> const& target, index classes,
                         Weight const& weight) {
    expect_pairs("confusion_matrix", predicted.size(), target.size());
    expect(classes >= 1, "confusion_matrix: classes = ", classes, ": must be >= 1");
    matrix<Number> count = matrix<Number>::Zero(classes, classes);
    for (index row = 0; row < target.size(); ++row) {
        expect_class("confusion_matrix", "target", row, target[row], classes);
        expect_class("confusion_matrix", "prediction", row, predicted[row], classes);
        count(index(target[row]), index(predicted[row])) += Number(weight(row));
    }
    return count;
}

}  // namespace detail

/// How often class t (row) was predicted as class p (column): classes x classes counts. Throws descent::error
/// for none, unequal numbers, or anything but class indices below `classes`.
template <class T>
matrix<index> confusion_matrix(vector<T> const& predicted, vector<T> const& target, index classes) {
    return detail::confusion<index>(predicted, target, classes, [](index) { return index(1); });
}

/// The same with weights: classes x classes sums of them.
template <class T>
matrix<double> confusion_matrix(vector<T> const& predicted, vector<T> const& target, index classes,
                                vector<T> const& weights) {
    detail::row_weights<T> const weight("confusion_matrix", weights, target.size());
    return detail::confusion<double>(predicted, target, classes, [&](index row) { return weight[row]; });
}

namespace detail {

/// -log of a probability that is kept away from 0 and 1 by the rounding of T: a wrong answer that was certain
/// costs much, not infinitely much.
template <class T>
double surprise(double p) {
    constexpr double least = double(std::numeric_limits<T>::epsilon());
    return -std::log(p < least ? least : p > 1 - least ? 1 - least : p);
}

template <class T>
void expect_probability(index row, T p) {
    expect(p >= 0 && p <= 1, "log_loss: row ", row, ": probability is ", p, ": must be in [0, 1]");
}

}  // namespace detail

/// Mean negative log likelihood of targets 0 and 1 where probability[i] is that of 1. Probabilities are kept
/// epsilon(T) away from 0 and 1, as scikit-learn. Throws descent::error also for one outside [0, 1].
template <class T>
double log_loss(vector<T> const& probability, vector<T> const& target, vector<T> const& weights = {}) {
    detail::expect_pairs("log_loss", probability.size(), target.size());
    detail::expect_binary("log_loss", target);
    detail::row_weights<T> const weight("log_loss", weights, target.size());
    double sum = 0;
    for (index row = 0; row < target.size(); ++row) {
        detail::expect_probability(row, probability[row]);
        double const p = double(probability[row]);
        sum += weight[row] * detail::surprise<T>(target[row] == 1 ? p : 1 - p);
    }
    return sum / weight.total();
}

/// The same for classes 0, 1, ...: probability is samples x classes, each row's sum 1 within
/// classes * sqrt(epsilon(T)).
template <class T>
double log_loss(matrix<T> const& probability, vector<T> const& target, vector<T> const& weights = {}) {
    detail::expect_pairs("log_loss", probability.rows(), target.size());
    detail::row_weights<T> const weight("log_loss", weights, target.size());
    double const slack = double(probability.cols()) * std::sqrt(double(std::numeric_limits<T>::epsilon()));
    double sum = 0;
    for (index row = 0; row < target.size(); ++row) {
        detail::expect_class("log_loss", "target", row, target[row], probability.cols());
        double all = 0;
        for (index c = 0; c < probability.cols(); ++c) {
            detail::expect_probability(row, probability(row, c));
            all += double(probability(row, c));
        }
        expect(std::fabs(all - 1) <= slack, "log_loss: row ", row, ": the probabilities sum to ", all,
               ": must be 1");
        sum += weight[row] * detail::surprise<T>(double(probability(row, index(target[row]))));
    }
    return sum / weight.total();
}

template <class M, class Table>
requires predicts_on<M, Table>
double accuracy(M const& model, Table const& table) {
    using T = typename Table::scalar;
    return accuracy<T>(vector<T>(model.predict(table.x)), table.y, table.weights);
}
template <class M, class Table>
requires predicts_on<M, Table>
double balanced_accuracy(M const& model, Table const& table) {
    using T = typename Table::scalar;
    return balanced_accuracy<T>(vector<T>(model.predict(table.x)), table.y, table.weights);
}
template <class M, class Table>
requires predicts_on<M, Table>
double precision(M const& model, Table const& table, average how = average::binary) {
    using T = typename Table::scalar;
    return precision<T>(vector<T>(model.predict(table.x)), table.y, how, table.weights);
}
template <class M, class Table>
requires predicts_on<M, Table>
double recall(M const& model, Table const& table, average how = average::binary) {
    using T = typename Table::scalar;
    return recall<T>(vector<T>(model.predict(table.x)), table.y, how, table.weights);
}
template <class M, class Table>
requires predicts_on<M, Table>
double f1(M const& model, Table const& table, average how = average::binary) {
    using T = typename Table::scalar;
    return f1<T>(vector<T>(model.predict(table.x)), table.y, how, table.weights);
}
/// Counts, whatever the table's weights; as many classes as the data has, see dataset::classes.
template <class M, class Table>
requires predicts_on<M, Table> matrix<index> confusion_matrix(M const& model, Table const& table) {
    using T = typename Table::scalar;
    return confusion_matrix<T>(vector<T>(model.predict(table.x)), table.y, table.classes());
}
template <class M, class Table>
requires predicts_probability_on<M, Table>
double log_loss(M const& model, Table const& table) {
    return log_loss(model.predict_probability(table.x), table.y, table.weights);
}

}  // namespace descent
