// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <limits>

#include <descent/data/check.hpp>

namespace descent::data {

/// An affine map of each feature, x <- (x - center) / spread, as standardize and normalize fit it. A feature
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

    /// The same on the features of a dataset.
    template <class T>
    void operator()(dataset<T>& table) const {
        (*this)(table.x);
    }
    template <class T>
    void inverse(dataset<T>& table) const {
        inverse(table.x);
    }

private:
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
    vector<double> mean = vector<double>::Zero(features), variance = vector<double>::Zero(features);
    for (index row = 0; row < n; ++row)
        mean += table.x.row(row).template cast<double>().transpose();
    mean /= double(n);
    for (index row = 0; row < n; ++row)
        variance += (table.x.row(row).template cast<double>().transpose() - mean).cwiseAbs2();
    vector<double> spread = (variance / double(n)).cwiseSqrt();
    for (index column = 0; column < features; ++column) {
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
    vector<double> const low = table.x.colwise().minCoeff().transpose().template cast<double>();
    vector<double> const high = table.x.colwise().maxCoeff().transpose().template cast<double>();
    vector<double> const spread = high - low;
    for (index column = 0; column < table.features(); ++column)
        expect(std::isfinite(spread[column]), "normalize: ", detail::column_text(table, column),
               ": the range overflows");
    return {low, spread};
}

}  // namespace descent::data
