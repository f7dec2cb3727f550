// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <string_view>

#include <descent/core/error.hpp>
#include <descent/core/tensor.hpp>
#include <descent/data/dataset.hpp>

// How good predictions are: each metric takes (predictions, targets), or (model, data) for a model with
// predict(x).
namespace descent {

/// A model that answers each row of x with one number: a class or a value.
template <class M, class T>
concept predicts = requires(M const& model, matrix<T> const& x) {
    { model.predict(x) } -> std::convertible_to<vector<T>>;
};

namespace detail {

inline void expect_pairs(std::string_view who, index predictions, index targets) {
    expect(predictions == targets, who, ": ", predictions, " predictions, ", targets, " targets");
    expect(targets > 0, who, ": there are no targets");
}

}  // namespace detail

/// The share of predictions that equal their targets. Throws descent::error for none, or unequal numbers.
template <class T>
double accuracy(vector<T> const& predicted, vector<T> const& target) {
    detail::expect_pairs("accuracy", predicted.size(), target.size());
    return double((predicted.array() == target.array()).count()) / double(target.size());
}

/// Mean of (prediction - target)^2, in double. Throws descent::error for none, or unequal numbers.
template <class T>
double mean_squared_error(vector<T> const& predicted, vector<T> const& target) {
    detail::expect_pairs("mean_squared_error", predicted.size(), target.size());
    return (predicted.template cast<double>() - target.template cast<double>()).squaredNorm() /
           double(target.size());
}

/// The coefficient of determination 1 - sum (target - prediction)^2 / sum (target - mean)^2 (Wright, 1921): 1
/// is perfect, 0 as good as the mean. Where all targets are equal: 1 if perfect, else 0, as scikit-learn.
/// Throws descent::error for none, or unequal numbers.
template <class T>
double r2(vector<T> const& predicted, vector<T> const& target) {
    detail::expect_pairs("r2", predicted.size(), target.size());
    vector<double> const y = target.template cast<double>();
    double const residual = (predicted.template cast<double>() - y).squaredNorm();
    if ((y.array() == y[0]).all())
        return residual == 0 ? 1 : 0;
    return 1 - residual / (y.array() - y.mean()).square().sum();
}

/// How often class t (row) was predicted as class p (column): classes x classes counts. Throws descent::error
/// for none, unequal numbers, or anything but class indices below `classes`.
template <class T>
matrix<index> confusion_matrix(vector<T> const& predicted, vector<T> const& target, index classes) {
    detail::expect_pairs("confusion_matrix", predicted.size(), target.size());
    expect(classes >= 1, "confusion_matrix: classes = ", classes, ": must be >= 1");
    auto const label = [&](std::string_view what, index row, T value) {
        expect(value >= 0 && value < T(classes) && value == std::floor(value), "confusion_matrix: row ", row,
               ": ", what, " ", value, ": must be an integer in [0, ", classes, ")");
        return index(value);
    };
    matrix<index> count = matrix<index>::Zero(classes, classes);
    for (index row = 0; row < target.size(); ++row) {
        index const t = label("target", row, target[row]);
        ++count(t, label("prediction", row, predicted[row]));
    }
    return count;
}

/// The same of a model's predictions on data, which must have the model's features.
template <class T, predicts<T> M>
double accuracy(M const& model, data::dataset<T> const& table) {
    return accuracy<T>(vector<T>(model.predict(table.x)), table.y);
}
template <class T, predicts<T> M>
double mean_squared_error(M const& model, data::dataset<T> const& table) {
    return mean_squared_error<T>(vector<T>(model.predict(table.x)), table.y);
}
template <class T, predicts<T> M>
double r2(M const& model, data::dataset<T> const& table) {
    return r2<T>(vector<T>(model.predict(table.x)), table.y);
}
/// Classes as many as the data has, see dataset::classes.
template <class T, predicts<T> M>
matrix<index> confusion_matrix(M const& model, data::dataset<T> const& table) {
    return confusion_matrix<T>(vector<T>(model.predict(table.x)), table.y, table.classes());
}

}  // namespace descent
