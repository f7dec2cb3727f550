// SPDX-License-Identifier: MIT
#pragma once

#include <descent/train/detail/metric_input.hpp>

namespace descent {

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

/// Counts, whatever the table's weights; as many classes as the data has, see dataset::classes.
template <class M, class Table>
requires predicts_on<M, Table> matrix<index> confusion_matrix(M const& model, Table const& table) {
    return confusion_matrix(detail::answers(model, table), table.y, table.classes());
}

}  // namespace descent
