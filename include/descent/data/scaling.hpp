// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <descent/data/check.hpp>
#include <descent/data/detail/quantile.hpp>

namespace descent::data {

/// An affine map of each feature, x <- (x - center) / spread, as standardize and its like fit it. A feature
/// that was constant when the map was fitted has spread 0 and becomes 0 everywhere. Public, so that it can be
/// stored beside the model it belongs to.
struct feature_scale {
    vector<double> center = {};  ///< one per feature, in units of the feature
    vector<double> spread = {};  ///< one per feature, >= 0, in units of the feature

    /// Maps every row in place. NaN stays NaN. Throws descent::error if the number of features differs.
    template <class T>
    void operator()(matrix<T>& x) const {
        same_features(x.cols());
        vector<double> divisor =
            spread;  // a finite number over infinity is the 0 that a constant feature becomes
        for (double& d : divisor)
            d = d > 0 ? d : std::numeric_limits<double>::infinity();
        for (index row = 0; row < x.rows(); ++row)
            for (index column = 0; column < x.cols(); ++column)
                x(row, column) = T((double(x(row, column)) - center[column]) / divisor[column]);
    }

    /// Maps back in place: x <- center + spread x. A feature that was constant gets its constant again.
    template <class T>
    void inverse(matrix<T>& x) const {
        same_features(x.cols());
        for (index row = 0; row < x.rows(); ++row)
            for (index column = 0; column < x.cols(); ++column)
                x(row, column) = T(center[column] + spread[column] * double(x(row, column)));
    }

    /// The same on the entries of a sparse matrix, where zeros stay zeros. Throws descent::error if a center is
    /// not 0, which would fill the matrix.
    template <class T>
    void operator()(sparse_matrix<T>& x) const {
        same_features(x.cols());
        zero_center();
        for (std::size_t k = 0; k < x.values.size(); ++k) {
            double const divisor = spread[index(x.columns[k])];
            x.values[k] = T(divisor > 0 ? double(x.values[k]) / divisor : 0.0);
        }
    }
    template <class T>
    void inverse(sparse_matrix<T>& x) const {
        same_features(x.cols());
        zero_center();
        for (std::size_t k = 0; k < x.values.size(); ++k)
            x.values[k] = T(spread[index(x.columns[k])] * double(x.values[k]));
    }

    /// The same on the features of a dataset or sparse_dataset.
    template <class T>
    void operator()(dataset<T>& table) const {
        (*this)(table.x);
    }
    template <class T>
    void operator()(sparse_dataset<T>& table) const {
        (*this)(table.x);
    }
    template <class T>
    void inverse(dataset<T>& table) const {
        inverse(table.x);
    }
    template <class T>
    void inverse(sparse_dataset<T>& table) const {
        inverse(table.x);
    }

private:
    void zero_center() const {
        for (index column = 0; column < center.size(); ++column)
            expect(center[column] == 0, "scaling: column ", column, ": center = ", center[column],
                   ": must be 0 for a sparse table");
    }

    void same_features(index features) const {
        expect(features == center.size() && features == spread.size(), "scaling: ", features,
               " features: was fitted on ", center.size());
    }
};

/// Mean 0 and variance 1 for each feature of `table`: center is the mean, spread the standard deviation
/// (division by n, as scikit-learn's StandardScaler). Two passes in double. Throws descent::error for empty
/// data and for NaN or Inf, named with row and column.
template <class T>
feature_scale standardize(dataset<T> const& table) {
    check_features(table, "standardize");
    index const n = table.samples(), features = table.features();
    vector<double> mean(features), spread(features);
    mean.setZero();
    spread.setZero();
    for (index row = 0; row < n; ++row)
        for (index column = 0; column < features; ++column)
            mean[column] += double(table.x(row, column));
    for (double& m : mean)
        m /= double(n);
    for (index row = 0; row < n; ++row)
        for (index column = 0; column < features; ++column) {
            double const off = double(table.x(row, column)) - mean[column];
            spread[column] += off * off;
        }
    for (index column = 0; column < features; ++column) {
        spread[column] = std::sqrt(spread[column] / double(n));
        // Rounding of the mean must not turn a constant column into a tiny, then hugely magnified, spread.
        if ((table.x.col(column).array() == table.x(0, column)).all()) {
            mean[column] = double(table.x(0, column));
            spread[column] = 0;
        }
        expect(std::isfinite(mean[column]) && std::isfinite(spread[column]),
               "standardize: ", detail::column_text(table, column), ": the variance overflows");
    }
    return {mean, spread};
}

/// Minimum 0 and maximum 1 for each feature of `table`: center is the minimum, spread the range. Rows that were
/// not in `table` may fall outside. Throws like standardize.
template <class T>
feature_scale normalize(dataset<T> const& table) {
    check_features(table, "normalize");
    vector<double> low(table.features()), spread(table.features());
    for (index column = 0; column < table.features(); ++column) {
        low[column] = double(table.x.col(column).minCoeff());
        spread[column] = double(table.x.col(column).maxCoeff()) - low[column];
        expect(std::isfinite(spread[column]), "normalize: ", detail::column_text(table, column),
               ": the range overflows");
    }
    return {low, spread};
}

/// Standard deviation 1 for each feature of a sparse table, without centering, which would fill it: center is
/// 0, spread the standard deviation about the mean, zeros counted (StandardScaler with with_mean=False). Throws
/// as above.
template <class T>
feature_scale standardize(sparse_dataset<T> const& table) {
    check_features(table, "standardize");
    auto const& x = table.x;
    double const n = double(table.samples());
    std::vector<double> mean(std::size_t(table.features())), absent(mean.size(), n);
    for (std::size_t k = 0; k < x.values.size(); ++k) {
        mean[std::size_t(x.columns[k])] += double(x.values[k]);
        absent[std::size_t(x.columns[k])] -= 1;
    }
    feature_scale fitted{vector<double>(table.features()), vector<double>(table.features())};
    fitted.center.setZero();
    std::vector<T> lowest(mean.size()), highest(mean.size());
    for (std::size_t column = 0; column < mean.size(); ++column) {
        mean[column] /= n;
        fitted.spread[index(column)] = absent[column] * (mean[column] * mean[column]);
        bool const zeros = absent[column] > 0;
        lowest[column] = zeros ? T(0) : std::numeric_limits<T>::infinity();
        highest[column] = -lowest[column];
    }
    for (std::size_t k = 0; k < x.values.size(); ++k) {
        auto const column = std::size_t(x.columns[k]);
        double const off = double(x.values[k]) - mean[column];
        fitted.spread[x.columns[k]] += off * off;
        lowest[column] = std::min(lowest[column], x.values[k]);
        highest[column] = std::max(highest[column], x.values[k]);
    }
    for (index column = 0; column < table.features(); ++column) {
        double& spread = fitted.spread[column];
        spread = std::sqrt(spread / n);
        // Rounding of the mean must not turn a constant column into a tiny, then hugely magnified, spread.
        if (lowest[std::size_t(column)] == highest[std::size_t(column)])
            spread = 0;
        expect(std::isfinite(spread), "standardize: column ", column, ": the variance overflows");
    }
    return fitted;
}

/// Largest magnitude 1 for each feature of `table`: center is 0, spread the largest |x|, as scikit-learn's
/// MaxAbsScaler. Signs stay, and a sparse table stays sparse. Throws like standardize.
template <class T>
feature_scale max_abs(dataset<T> const& table) {
    check_features(table, "max_abs");
    feature_scale fitted{vector<double>(table.features()), vector<double>(table.features())};
    fitted.center.setZero();
    for (index column = 0; column < table.features(); ++column)
        fitted.spread[column] = double(table.x.col(column).cwiseAbs().maxCoeff());
    return fitted;
}
template <class T>
feature_scale max_abs(sparse_dataset<T> const& table) {
    check_features(table, "max_abs");
    feature_scale fitted{vector<double>(table.features()), vector<double>(table.features())};
    fitted.center.setZero();
    fitted.spread.setZero();
    for (std::size_t k = 0; k < table.x.values.size(); ++k) {
        double& most = fitted.spread[index(table.x.columns[k])];
        most = std::max(most, std::abs(double(table.x.values[k])));
    }
    return fitted;
}

/// Median 0 and interquartile range 1 for each feature of `table`: center is the median, spread the distance
/// between the two quantiles (linear between neighbours), as scikit-learn's RobustScaler: outliers move
/// neither. A feature whose quantiles are equal counts as constant. Throws descent::error unless 0 <= low <
/// high <= 1, and like standardize.
template <class T>
feature_scale robust(dataset<T> const& table, double low = 0.25, double high = 0.75) {
    expect(low >= 0 && low < high && high <= 1, "robust: low = ", low, ", high = ", high,
           ": must be 0 <= low < high <= 1");
    check_features(table, "robust");
    feature_scale fitted{vector<double>(table.features()), vector<double>(table.features())};
    for (index column = 0; column < table.features(); ++column) {
        auto const rising = detail::sorted_column(table, column, "robust");
        fitted.center[column] = detail::quantile(rising, 0.5);
        fitted.spread[column] = detail::quantile(rising, high) - detail::quantile(rising, low);
        expect(std::isfinite(fitted.center[column]) && std::isfinite(fitted.spread[column]),
               "robust: ", detail::column_text(table, column), ": the range overflows");
    }
    return fitted;
}

}  // namespace descent::data
