// SPDX-License-Identifier: MIT
#pragma once

#include <descent/train/detail/metric_input.hpp>

// How far predicted values are from their targets: each metric takes (predictions, targets, weights = {}) or
// (model, table), where the table's own weights count. Sums are taken in double. Each throws descent::error for
// no targets, unequal numbers, NaN or Inf, and bad weights.
namespace descent {

/// Mean of (prediction - target)^2.
template <class T>
double mean_squared_error(vector<T> const& predicted, vector<T> const& target, vector<T> const& weights = {}) {
    auto const weight = detail::weights_of_pairs("mean_squared_error", predicted, target, weights);
    double sum = 0;
    for (index row = 0; row < target.size(); ++row) {
        double const off = double(predicted[row]) - double(target[row]);
        sum += weight[row] * off * off;
    }
    return sum / weight.total();
}

/// Square root of the mean squared error: in units of the target.
template <class T>
double root_mean_squared_error(vector<T> const& predicted, vector<T> const& target,
                               vector<T> const& weights = {}) {
    return std::sqrt(mean_squared_error(predicted, target, weights));
}

/// Mean of |prediction - target|.
template <class T>
double mean_absolute_error(vector<T> const& predicted, vector<T> const& target, vector<T> const& weights = {}) {
    auto const weight = detail::weights_of_pairs("mean_absolute_error", predicted, target, weights);
    double sum = 0;
    for (index row = 0; row < target.size(); ++row)
        sum += weight[row] * std::fabs(double(predicted[row]) - double(target[row]));
    return sum / weight.total();
}

/// The coefficient of determination 1 - sum (target - prediction)^2 / sum (target - mean)^2 (Wright, 1921): 1
/// is perfect, 0 as good as the mean. Where all targets are equal: 1 if perfect, else 0, as scikit-learn.
/// Throws descent::error for a single target, of which scikit-learn says NaN.
template <class T>
double r2(vector<T> const& predicted, vector<T> const& target, vector<T> const& weights = {}) {
    auto const weight = detail::weights_of_pairs("r2", predicted, target, weights);
    expect(target.size() > 1, "r2: 1 target: must be >= 2, one alone has no spread");
    double const first = double(target[0]);  // the mean is taken from here: equal targets have spread 0 exactly
    double mean = 0, residual = 0, spread = 0;
    for (index row = 0; row < target.size(); ++row)
        mean += weight[row] * (double(target[row]) - first);
    mean /= weight.total();
    for (index row = 0; row < target.size(); ++row) {
        double const off = double(target[row]) - double(predicted[row]);
        double const apart = double(target[row]) - first - mean;
        residual += weight[row] * off * off;
        spread += weight[row] * apart * apart;
    }
    if (spread == 0)
        return residual == 0 ? 1 : 0;
    return 1 - residual / spread;
}

template <class M, class Table>
requires predicts_on<M, Table>
double mean_squared_error(M const& model, Table const& table) {
    return mean_squared_error(detail::answers(model, table), table.y, table.weights);
}
template <class M, class Table>
requires predicts_on<M, Table>
double root_mean_squared_error(M const& model, Table const& table) {
    return root_mean_squared_error(detail::answers(model, table), table.y, table.weights);
}
template <class M, class Table>
requires predicts_on<M, Table>
double mean_absolute_error(M const& model, Table const& table) {
    return mean_absolute_error(detail::answers(model, table), table.y, table.weights);
}
template <class M, class Table>
requires predicts_on<M, Table>
double r2(M const& model, Table const& table) {
    return r2(detail::answers(model, table), table.y, table.weights);
}

}  // namespace descent
