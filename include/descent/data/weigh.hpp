// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <string_view>
#include <vector>

#include <descent/data/check.hpp>

namespace descent::data {

namespace detail {

/// Multiplies each row's weight (1 where there is none yet) by that of its class.
template <class Table>
void multiply_weights(Table& table, vector<double> const& of_class) {
    using T = typename Table::scalar;
    if (table.weights.size() == 0)
        table.weights.setOnes(table.samples());
    for (index row = 0; row < table.samples(); ++row)
        table.weights[row] = T(double(table.weights[row]) * of_class[index(table.y[row])]);
}

/// The number of classes, after a check that every row has one.
template <class Table>
index checked_classes(Table const& table, std::string_view who) {
    expect(table.samples() > 0, who, ": the table has no rows");
    expect(table.y.size() == table.samples(), who, ": ", table.samples(), " samples, ", table.y.size(),
           " targets");
    expect(table.weights.size() == 0 || table.weights.size() == table.samples(), who, ": ", table.samples(),
           " samples, ", table.weights.size(), " weights");
    index const classes = table.classes();
    expect(classes > 0, who, ": the targets must be class indices 0, 1, ...");
    check_labels(table, classes, who);
    return classes;
}

}  // namespace detail

/// Gives rare classes more weight, so that all classes count alike: a row of class c is weighted by n / (k
/// n_c), with n rows in all, k classes that have rows and n_c rows of the class (King & Zeng, 2001; "balanced"
/// of scikit-learn). Weights that the table has already are multiplied, and with no influence on n and n_c.
/// With one class only, all weights are 1. The table is a dataset or a sparse_dataset. Returns the weight of
/// each class, 0 for one without rows. Throws descent::error unless every row has a class.
template <class Table>
vector<double> weigh_classes(Table& table) {
    vector<double> weight(detail::checked_classes(table, "weigh_classes"));
    weight.setZero();
    for (auto const label : table.y)
        ++weight[index(label)];
    double const present = double(std::count_if(weight.begin(), weight.end(), [](double n) { return n > 0; }));
    for (double& each : weight)
        each = each > 0 ? double(table.samples()) / (present * each) : 0;
    detail::multiply_weights(table, weight);
    return weight;
}

/// Multiplies the weight of each row by the number given for its class. Throws descent::error unless every row
/// has a class, and there is one weight, finite and >= 0, for each class.
template <class Table>
void weigh_classes(Table& table, std::vector<double> const& weight) {
    index const classes = detail::checked_classes(table, "weigh_classes");
    expect(index(weight.size()) == classes, "weigh_classes: ", weight.size(), " weights, ", classes,
           " classes");
    for (std::size_t c = 0; c < weight.size(); ++c)
        expect(std::isfinite(weight[c]) && weight[c] >= 0, "weigh_classes: weight ", c, " = ", weight[c],
               ": must be finite and >= 0");
    detail::multiply_weights(table, vector_view<double const>(weight.data(), classes));
}

}  // namespace descent::data
