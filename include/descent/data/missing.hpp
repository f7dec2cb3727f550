// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include <descent/data/check.hpp>
#include <descent/data/detail/quantile.hpp>

// Missing values are NaN in dataset::x: read_csv stores them with `.on_missing = missing::nan`.
namespace descent::data {

/// What stands in for the missing values of a feature.
enum class fill {
    mean,           ///< of the values that are there
    median,         ///< of the values that are there
    most_frequent,  ///< of the values that are there; the smallest of several
    constant        ///< fill_options::constant
};

/// How fill_missing replaces missing values.
struct fill_options {
    fill with = fill::mean;
    double constant = 0;  ///< what fill::constant writes
    bool indicators =
        false;  ///< append a column of 0 and 1 for each feature that misses values: 1 where it did
};

/// The replacement of missing values that fill_missing fits. Public, so that it can be stored beside the model
/// it belongs to.
struct missing_fill {
    vector<double> value = {};           ///< one per feature: what replaces NaN
    std::vector<index> indicators = {};  ///< the features whose indicator columns are appended, in this order

    /// Replaces every NaN, and appends the indicator columns. Throws descent::error if the number of features
    /// differs.
    template <class T>
    void operator()(matrix<T>& x) const {
        index const features = value.size(), extra = index(indicators.size());
        expect(x.cols() == features, "fill_missing: ", x.cols(), " features: was fitted on ", features);
        if (extra > 0) {
            matrix<T> wide(x.rows(), features + extra);
            wide.leftCols(features) = x;
            for (index k = 0; k < extra; ++k)
                for (index row = 0; row < x.rows(); ++row)
                    wide(row, features + k) = std::isnan(x(row, indicators[std::size_t(k)])) ? T(1) : T(0);
            x.swap(wide);
        }
        for (index row = 0; row < x.rows(); ++row)
            for (index column = 0; column < features; ++column)
                if (std::isnan(x(row, column)))
                    x(row, column) = T(value[column]);
    }

    /// The same on the features of a dataset; an indicator column is named "age is missing".
    template <class T>
    void operator()(dataset<T>& table) const {
        bool const named = index(table.feature_names.size()) == table.features();
        (*this)(table.x);
        for (index const column : indicators)
            if (named)
                table.feature_names.push_back(text(table.feature_names[std::size_t(column)], " is missing"));
    }
};

/// What replaces the missing values of `table` and of every table that comes later, as scikit-learn's
/// SimpleImputer:
///
///     auto const fill = data::fill_missing(train, {.with = data::fill::median});
///     fill(train), fill(test);
///
/// Throws descent::error for empty data, for Inf, for a feature without any value (unless a constant fills it),
/// and for a constant that is not finite.
template <class T>
missing_fill fill_missing(dataset<T> const& table, fill_options const& options = {}) {
    detail::expect_rows(table, "fill_missing");
    expect(std::isfinite(options.constant), "fill_missing: constant = ", options.constant, ": must be finite");
    missing_fill fitted{vector<double>::Constant(table.features(), options.constant), {}};
    for (index column = 0; column < table.features(); ++column) {
        bool missed = false;
        for (index row = 0; row < table.samples(); ++row) {
            T const value = table.x(row, column);
            expect(!std::isinf(value), "fill_missing: row ", row, ", ", detail::column_text(table, column),
                   " is ", value);
            missed = missed || std::isnan(value);
        }
        if (missed && options.indicators)
            fitted.indicators.push_back(column);
        if (options.with == fill::constant)
            continue;
        auto const rising = detail::sorted_column(table, column, "fill_missing");
        double& value = fitted.value[column];
        if (options.with == fill::median)
            value = detail::quantile(rising, 0.5);
        if (options.with == fill::mean) {
            value = 0;
            for (double const each : rising)
                value += each / double(rising.size());
        }
        if (options.with == fill::most_frequent)
            for (std::size_t first = 0, best = 0, next = 0; first < rising.size(); first = next) {
                while (next < rising.size() && rising[next] == rising[first])
                    ++next;
                if (next - first > best) {
                    best = next - first;
                    value = rising[first];
                }
            }
    }
    return fitted;
}

/// The numbers of the rows whose features and target are all there.
template <class T>
std::vector<index> complete_rows(dataset<T> const& table) {
    std::vector<index> complete;
    for (index row = 0; row < table.samples(); ++row)
        if (!table.x.row(row).hasNaN() && (table.y.size() == 0 || !std::isnan(table.y[row])))
            complete.push_back(row);
    return complete;
}

/// A copy without the rows that miss a feature or the target; it may have no row at all.
template <class T>
dataset<T> drop_missing(dataset<T> const& table) {
    return table.rows(complete_rows(table));
}

}  // namespace descent::data
