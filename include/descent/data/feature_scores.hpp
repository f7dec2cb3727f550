// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <descent/data/check.hpp>

// What a feature tells about the target, feature by feature: for keep_best and keep_above. The table is a
// dataset or a sparse_dataset, the same numbers for both; weights are not looked at.
namespace descent::data {

namespace detail {

/// Calls each(row, column, value) for the elements that are stored.
template <class T, class Each>
void for_each_entry(dataset<T> const& table, Each const& each) {
    for (index row = 0; row < table.samples(); ++row)
        for (index column = 0; column < table.features(); ++column)
            each(row, column, double(table.x(row, column)));
}
template <class T, class Each>
void for_each_entry(sparse_dataset<T> const& table, Each const& each) {
    for (index row = 0; row < table.samples(); ++row)
        for (auto k = table.x.offsets[std::size_t(row)]; k < table.x.offsets[std::size_t(row) + 1]; ++k)
            each(row, index(table.x.columns[std::size_t(k)]), double(table.x.values[std::size_t(k)]));
}

/// The rows in groups, and for each group and column: the mean, and the sum of squares about it.
struct group_moments {
    vector<double> size;      ///< rows of each group
    matrix<double> mean;      ///< groups x features
    matrix<double> scatter;   ///< groups x features
    std::vector<bool> fixed;  ///< per feature: all values are equal, so rounding must not show a difference

    template <class Table, class Group>
    group_moments(Table const& table, index groups, Group const& group)
        : size(vector<double>::Zero(groups)),
          mean(matrix<double>::Zero(groups, table.features())),
          scatter(mean),
          fixed(std::size_t(table.features())) {
        matrix<double> absent = mean;  // elements that are not stored: zeros
        double const inf = std::numeric_limits<double>::infinity();
        vector<double> low = vector<double>::Constant(table.features(), inf), high = -low;
        vector<double> stored = vector<double>::Zero(table.features());
        for (index row = 0; row < table.samples(); ++row)
            ++size[group(row)];
        absent.colwise() += size;
        for_each_entry(table, [&](index row, index column, double value) {
            mean(group(row), column) += value;
            absent(group(row), column) -= 1;
            low[column] = std::min(low[column], value);
            high[column] = std::max(high[column], value);
            ++stored[column];
        });
        for (index g = 0; g < groups; ++g)
            if (size[g] > 0)
                mean.row(g) /= size[g];
        for_each_entry(table, [&](index row, index column, double value) {
            double const off = value - mean(group(row), column);
            scatter(group(row), column) += off * off;
        });
        scatter.array() += absent.array() * mean.array().square();
        for (index column = 0; column < table.features(); ++column) {
            double const zero = stored[column] < double(table.samples()) ? 0 : low[column];
            fixed[std::size_t(column)] = std::min(low[column], zero) == std::max(high[column], zero);
        }
    }
};

}  // namespace detail

/// The variance of each feature (division by n), as scikit-learn's VarianceThreshold; exactly 0 where all
/// values are equal. Throws descent::error for empty data, and for NaN or Inf.
template <class Table>
vector<double> variances(Table const& table) {
    check_features(table, "variances");
    detail::group_moments const all(table, 1, [](index) { return index(0); });
    vector<double> score = all.scatter.row(0).transpose() / double(table.samples());
    for (index column = 0; column < score.size(); ++column)
        if (all.fixed[std::size_t(column)])
            score[column] = 0;
    return score;
}

/// One-way analysis of variance (Fisher, 1925): F = (scatter of the class means / (k - 1)) / (scatter within
/// the classes / (n - k)) for n rows and the k classes that have rows; as scikit-learn's f_classif, but 0 (not
/// NaN) for a feature that is constant. Infinite for one that is constant within each class and not over all.
/// Throws descent::error unless every row has a class, k >= 2, n > k, and all features are finite.
template <class Table>
vector<double> f_classes(Table const& table) {
    check(table, "f_classes");
    index const classes = table.classes();
    expect(classes > 0, "f_classes: the targets must be class indices 0, 1, ...");
    check_labels(table, classes, "f_classes");
    detail::group_moments const in(table, classes, [&](index row) { return index(table.y[row]); });
    double const n = double(table.samples()), k = double((in.size.array() > 0).count());
    expect(k >= 2, "f_classes: all rows are of one class: must be 2 or more");
    expect(n > k, "f_classes: ", n, " rows of ", k, " classes: must be more rows than classes");
    vector<double> const mean = in.mean.transpose() * in.size / n;
    vector<double> score(table.features());
    for (index column = 0; column < score.size(); ++column) {
        double const within = in.scatter.col(column).sum();
        double const between = ((in.mean.col(column).array() - mean[column]).square() * in.size.array()).sum();
        score[column] = in.fixed[std::size_t(column)] ? 0 : between / (k - 1) / (within / (n - k));
    }
    return score;
}

/// The F statistic of a straight line through one feature and the target: r^2 / (1 - r^2) (n - 2) with
/// Pearson's correlation r, as scikit-learn's f_regression; 0 where the feature or the target is constant,
/// infinite (or beyond 1e10, by rounding) for a perfect line. Throws descent::error for fewer than 3 rows, and
/// for targets or features that are not finite.
template <class Table>
vector<double> f_regression(Table const& table) {
    check(table, "f_regression");
    index const n = table.samples();
    expect(n >= 3, "f_regression: ", n, " rows: must be 3 or more");
    vector<double> y = table.y.template cast<double>();
    bool const flat = y.minCoeff() == y.maxCoeff();
    y.array() -= y.mean();
    detail::group_moments const all(table, 1, [](index) { return index(0); });
    // Elements that are not stored are 0 - mean from the mean.
    vector<double> joint = vector<double>::Zero(table.features()), rest = joint.array() + y.sum();
    detail::for_each_entry(table, [&](index row, index column, double value) {
        joint[column] += (value - all.mean(0, column)) * y[row];
        rest[column] -= y[row];
    });
    vector<double> score(table.features());
    for (index column = 0; column < score.size(); ++column) {
        double const cross = joint[column] - all.mean(0, column) * rest[column];
        double const r = cross / std::sqrt(all.scatter(0, column)) / y.norm(), left = 1 - r * r;
        score[column] = flat || all.fixed[std::size_t(column)] ? 0
                        : left > 0                             ? r * r / left * double(n - 2)
                                                               : std::numeric_limits<double>::infinity();
    }
    return score;
}

}  // namespace descent::data
