// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include <descent/data/check.hpp>
#include <descent/data/detail/quantile.hpp>

namespace descent::data {

/// The interval of each feature, as clip_quantiles and clip_mad fit it. Public, so that it can be stored beside
/// the model it belongs to.
struct feature_bounds {
    vector<double> low = {};   ///< one per feature, in units of the feature; -inf: no bound
    vector<double> high = {};  ///< one per feature, >= low; inf: no bound

    /// Moves every value into its interval, Inf too; NaN stays NaN. Throws descent::error if the number of
    /// features differs.
    template <class T>
    void operator()(matrix<T>& x) const {
        expect(x.cols() == low.size() && x.cols() == high.size(), "clip: ", x.cols(),
               " features: was fitted on ", low.size());
        for (index row = 0; row < x.rows(); ++row)
            for (index column = 0; column < x.cols(); ++column) {
                T& value = x(row, column);
                if (double(value) < low[column])
                    value = T(low[column]);
                else if (double(value) > high[column])
                    value = T(high[column]);
            }
    }

    /// The same on the features of a dataset.
    template <class T>
    void operator()(dataset<T>& table) const {
        (*this)(table.x);
    }
};

/// Bounds at two quantiles of each feature of `table` (linear between neighbours, as numpy.quantile; NaN are
/// passed over): `auto const clip = data::clip_quantiles(train); clip(train), clip(test);`. Throws
/// descent::error unless 0 <= low < high <= 1, for empty data, for a feature without any value, and where a
/// bound would be infinite.
template <class T>
feature_bounds clip_quantiles(dataset<T> const& table, double low = 0.01, double high = 0.99) {
    expect(low >= 0 && low < high && high <= 1, "clip_quantiles: low = ", low, ", high = ", high,
           ": must be 0 <= low < high <= 1");
    detail::expect_rows(table, "clip_quantiles");
    feature_bounds fitted{vector<double>(table.features()), vector<double>(table.features())};
    for (index column = 0; column < table.features(); ++column) {
        auto const rising = detail::sorted_column(table, column, "clip_quantiles");
        for (auto const& [bounds, share] : {std::pair{&fitted.low, low}, std::pair{&fitted.high, high}}) {
            double const bound = (*bounds)[column] = detail::quantile(rising, share);
            expect(std::isfinite(bound), "clip_quantiles: ", detail::column_text(table, column), ": quantile ",
                   share, " is ", bound);
        }
    }
    return fitted;
}

/// Bounds at median -/+ factor x 1.4826 MAD of each feature of `table`, where MAD is the median of
/// |x - median|; times 1.4826 it estimates the standard deviation of a normal distribution (Hampel, 1974).
/// A factor of 3 is the cautious choice of Leys et al. (2013). A feature of which more than half the values are
/// equal has MAD 0, which tells nothing of its spread: it gets no bounds. NaN are passed over. Throws
/// descent::error for factor <= 0, empty data, a feature without any value, and where the median
/// or a bound would be infinite.
template <class T>
feature_bounds clip_mad(dataset<T> const& table, double factor = 3) {
    expect(factor > 0 && std::isfinite(factor), "clip_mad: factor = ", factor, ": must be > 0");
    detail::expect_rows(table, "clip_mad");
    double const inf = std::numeric_limits<double>::infinity();
    feature_bounds fitted{vector<double>::Constant(table.features(), -inf),
                          vector<double>::Constant(table.features(), inf)};
    for (index column = 0; column < table.features(); ++column) {
        auto numbers = detail::sorted_column(table, column, "clip_mad");
        double const median = detail::quantile(numbers, 0.5);
        expect(std::isfinite(median), "clip_mad: ", detail::column_text(table, column), ": the median is ",
               median);
        for (double& each : numbers)
            each = std::abs(each - median);
        std::sort(numbers.begin(), numbers.end());
        double const reach = factor * 1.482602218505602 * detail::quantile(numbers, 0.5);
        if (reach == 0)
            continue;
        fitted.low[column] = median - reach;
        fitted.high[column] = median + reach;
        expect(std::isfinite(fitted.low[column]) && std::isfinite(fitted.high[column]),
               "clip_mad: ", detail::column_text(table, column), ": the bounds overflow");
    }
    return fitted;
}

}  // namespace descent::data
