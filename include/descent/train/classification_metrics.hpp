// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <vector>

#include <descent/train/detail/metric_input.hpp>

// How good predicted classes are: each metric takes (predictions, targets, ...,
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
    auto const weight = detail::weights_of_pairs("accuracy", predicted, target, weights);
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

template <class M, class Table>
requires predicts_on<M, Table>
double accuracy(M const& model, Table const& table) {
    return accuracy(detail::answers(model, table), table.y, table.weights);
}
template <class M, class Table>
requires predicts_on<M, Table>
double balanced_accuracy(M const& model, Table const& table) {
    return balanced_accuracy(detail::answers(model, table), table.y, table.weights);
}
template <class M, class Table>
requires predicts_on<M, Table>
double precision(M const& model, Table const& table, average how = average::binary) {
    return precision(detail::answers(model, table), table.y, how, table.weights);
}
template <class M, class Table>
requires predicts_on<M, Table>
double recall(M const& model, Table const& table, average how = average::binary) {
    return recall(detail::answers(model, table), table.y, how, table.weights);
}
template <class M, class Table>
requires predicts_on<M, Table>
double f1(M const& model, Table const& table, average how = average::binary) {
    return f1(detail::answers(model, table), table.y, how, table.weights);
}

}  // namespace descent
