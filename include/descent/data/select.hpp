// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <descent/data/check.hpp>

namespace descent::data {

/// The features that stay, as keep_best and its like choose them. Public, so that it can be stored beside the
/// model it belongs to.
struct feature_choice {
    std::vector<index> kept = {};  ///< columns, rising
    index features = 0;            ///< how many columns there were

    /// Removes the other columns. Throws descent::error if the number of features differs.
    template <class T>
    void operator()(matrix<T>& x) const {
        same_features(x.cols());
        matrix<T> narrow(x.rows(), index(kept.size()));
        for (index row = 0; row < x.rows(); ++row)
            for (index to = 0; to < narrow.cols(); ++to)
                narrow(row, to) = x(row, kept[std::size_t(to)]);
        x.swap(narrow);
    }
    template <class T>
    void operator()(sparse_matrix<T>& x) const {
        same_features(x.cols());
        std::vector<index> place(std::size_t(features), -1);
        for (std::size_t to = 0; to < kept.size(); ++to)
            place[std::size_t(kept[to])] = index(to);
        std::size_t used = 0;
        std::int64_t read = 0;
        for (std::size_t row = 1; row < x.offsets.size(); ++row) {
            for (std::int64_t const end = x.offsets[row]; read < end; ++read)
                if (index const to = place[x.columns[std::size_t(read)]]; to >= 0) {
                    x.columns[used] = std::uint32_t(to);
                    x.values[used++] = x.values[std::size_t(read)];
                }
            x.offsets[row] = std::int64_t(used);
        }
        x.columns.resize(used);
        x.values.resize(used);
        x.width = index(kept.size());
    }

    /// The same on the features of a dataset or sparse_dataset, with their names.
    template <class Table>
    requires requires(Table& table) { table.feature_names; }
    void operator()(Table& table) const {
        bool const named = index(table.feature_names.size()) == table.features();
        (*this)(table.x);
        if (!named)
            return;
        std::vector<std::string> names;
        for (index const column : kept)
            names.push_back(table.feature_names[std::size_t(column)]);
        table.feature_names.swap(names);
    }

private:
    void same_features(index seen) const {
        expect(seen == features, "select: ", seen, " features: was fitted on ", features);
    }
};

namespace detail {

inline void check_scores(vector<double> const& scores, std::string_view who) {
    expect(scores.size() > 0, who, ": there are no scores");
    for (index column = 0; column < scores.size(); ++column)
        expect(!std::isnan(scores[column]), who, ": score ", column, " is nan");
}

}  // namespace detail

/// The features with the `count` highest scores; of equal ones the first:
///
///     auto const choose = data::keep_best(data::f_classes(train), 100);
///     choose(train), choose(test);
///
/// Throws descent::error unless 1 <= count <= the number of scores, and for NaN.
inline feature_choice keep_best(vector<double> const& scores, index count) {
    detail::check_scores(scores, "keep_best");
    expect(count >= 1 && count <= scores.size(), "keep_best: count = ", count, ": must be in [1, ",
           scores.size(), "]");
    std::vector<index> order(std::size_t(scores.size()));
    for (index column = 0; column < scores.size(); ++column)
        order[std::size_t(column)] = column;
    std::sort(order.begin(), order.end(),
              [&](index a, index b) { return scores[a] != scores[b] ? scores[a] > scores[b] : a < b; });
    order.resize(std::size_t(count));
    std::sort(order.begin(), order.end());
    return {order, scores.size()};
}

/// The features with a score above the threshold: keep_above(variances(train), 0) leaves out the constant ones.
/// Throws descent::error if none is, and for NaN.
inline feature_choice keep_above(vector<double> const& scores, double threshold) {
    detail::check_scores(scores, "keep_above");
    feature_choice choice{{}, scores.size()};
    for (index column = 0; column < scores.size(); ++column)
        if (scores[column] > threshold)
            choice.kept.push_back(column);
    expect(!choice.kept.empty(), "keep_above: threshold = ", threshold, ": the highest score is ",
           scores.maxCoeff());
    return choice;
}

/// The features that a linear model uses, for instance one trained with an L1 penalty: any of their weights
/// (outputs x features) is larger in magnitude than the tolerance. Throws descent::error if none is, and for
/// NaN.
template <class T>
feature_choice keep_nonzero(matrix<T> const& weights, double tolerance = 0) {
    expect(weights.size() > 0, "keep_nonzero: there are no weights");
    vector<double> const most = weights.template cast<double>().cwiseAbs().colwise().sum().transpose();
    feature_choice choice{{}, weights.cols()};
    for (index column = 0; column < weights.cols(); ++column) {
        expect(!std::isnan(most[column]), "keep_nonzero: a weight of feature ", column, " is nan");
        if (double(weights.col(column).cwiseAbs().maxCoeff()) > tolerance)
            choice.kept.push_back(column);
    }
    expect(!choice.kept.empty(), "keep_nonzero: every weight is 0");
    return choice;
}

/// The same for one output.
template <class T>
feature_choice keep_nonzero(vector<T> const& weights, double tolerance = 0) {
    return keep_nonzero<T>(matrix<T>(weights.transpose()), tolerance);
}

}  // namespace descent::data
