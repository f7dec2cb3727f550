// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <limits>

#include <descent/train/detail/metric_input.hpp>

// How good predicted probabilities are; throws descent::error as the other metrics of classes do.
namespace descent {

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

/// The same of a model on a table, whose own weights count.
template <class M, class Table>
requires predicts_probability_on<M, Table>
double log_loss(M const& model, Table const& table) {
    auto const p = detail::of_rows(table, [&](auto const& x) { return model.predict_probability(x); });
    return log_loss(p, table.y, table.weights);
}

}  // namespace descent
