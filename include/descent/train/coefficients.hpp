// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <descent/data/check.hpp>
#include <descent/train/detail/distribution.hpp>
#include <descent/train/detail/information.hpp>
#include <descent/train/detail/metric_input.hpp>

namespace descent {

/// How sure is each coefficient of a linear model; the intercept, if the model has one, comes first.
struct coefficient_table {
    std::vector<std::string> names = {};  ///< "intercept", then the features
    vector<double> estimate = {};         ///< as the model has it
    vector<double> standard_error = {};
    vector<double> statistic = {};       ///< estimate / standard error: t, or z where `degrees` is infinite
    vector<double> p_value = {};         ///< two-sided, of a true coefficient of 0
    vector<double> low = {}, high = {};  ///< confidence interval
    double confidence = 0.95;            ///< of the interval
    double degrees = 0;                  ///< of freedom of the t distribution; infinite: the normal
    double residual_deviation = 0;       ///< of least squares, sqrt(RSS / degrees); NaN otherwise
    /// The largest distance of a coefficient from the optimum without penalty, in standard errors, by one
    /// Newton step: errors and p-values hold where this is small.
    double distance = 0;
    matrix<double> covariance = {};  ///< of the coefficients

    /// A line a coefficient, columns aligned; a note where `distance` is above 0.01.
    std::string text() const;
};

/// Settings of coefficient tables.
struct coefficient_options {
    double confidence = 0.95;  ///< of the intervals, in (0, 1)
};

namespace detail {

/// The number with so many digits, as %g writes it, whatever the locale.
inline std::string digits(double number, int precision) {
    char buffer[40];
    auto const [end, failed] =
        std::to_chars(buffer, buffer + sizeof buffer, number, std::chars_format::general, precision);
    return {buffer, failed == std::errc{} ? end : buffer};
}

/// The table of a model whose inverse information is known; gradient: of the log likelihood, intercept first.
template <class M, class T>
coefficient_table tell_coefficients(M const& model, data::dataset<T> const& table,
                                    inverse_information const& inverse, double variance,
                                    vector<double> const& gradient, double degrees, double confidence) {
    bool const intercept = model.bias().size() > 0;
    coefficient_table told;
    index const p = table.features(), shift = intercept, all = p + shift;
    told.estimate.resize(all);
    if (intercept) {
        told.estimate[0] = double(model.bias()[0]);
        told.names.push_back("intercept");
    }
    auto const weight = model.weight();
    bool const named = index(table.feature_names.size()) == p;
    for (index j = 0; j < p; ++j) {
        told.estimate[j + shift] = double(weight(0, j));
        told.names.push_back(named ? table.feature_names[std::size_t(j)] : descent::text("x", j));
    }
    told.covariance = variance * inverse.covariance;
    told.standard_error = told.covariance.diagonal().cwiseSqrt();
    told.statistic = told.estimate.cwiseQuotient(told.standard_error);
    told.confidence = confidence;
    told.degrees = degrees;
    told.residual_deviation = std::numeric_limits<double>::quiet_NaN();
    told.p_value.resize(all);
    double const reach = two_sided_quantile(1 - confidence, degrees);
    for (index j = 0; j < all; ++j) {
        told.p_value[j] = two_sided_p(told.statistic[j], degrees);
        double const step = std::fabs(inverse.covariance.row(j).dot(gradient));
        if (step > 0)  // a perfect fit has no step and no error
            told.distance = std::max(told.distance, step / told.standard_error[j]);
    }
    told.low = told.estimate - reach * told.standard_error;
    told.high = told.estimate + reach * told.standard_error;
    return told;
}

/// What both tables ask of model and data; gives the score of a row.
template <class M, class T>
auto score_of_rows(std::string_view who, M const& model, data::dataset<T> const& table,
                   coefficient_options const& options) {
    expect(options.confidence > 0 && options.confidence < 1, who, ": confidence = ", options.confidence,
           ": must be in (0, 1)");
    auto const weight = model.weight();
    expect(weight.rows() == 1, who, ": the model has ", weight.rows(), " outputs: must have 1");
    expect(weight.cols() == table.features(), who, ": the data has ", table.features(), " features, the model ",
           weight.cols());
    data::check(table, who);
    vector<double> const w = weight.row(0).transpose().template cast<double>();
    double const bias = model.bias().size() ? double(model.bias()[0]) : 0;
    return [w, bias, &table](index row) { return table.x.row(row).template cast<double>().dot(w) + bias; };
}

}  // namespace detail

/// The table of least squares (linear_regression): covariance sigma^2 (X^T X)^-1, sigma^2 = RSS / (n - k), t
/// statistics; k coefficients, n samples. A sample of weight w counts as w samples. The model needs weight() (1
/// x features) and bias() (1 number, or none). Throws descent::error for data that is not finite, n <= k, and a
/// column that is constant or a linear combination of those before it, which it names.
template <class M, class T>
coefficient_table least_squares_coefficients(M const& model, data::dataset<T> const& table,
                                             coefficient_options const& options = {}) {
    constexpr auto who = "least_squares_coefficients";
    auto const score = detail::score_of_rows(who, model, table, options);
    detail::row_weights<T> const often(who, table.weights, table.samples());
    index const shift = model.bias().size(), all = table.features() + shift;
    double const degrees = often.total() - double(all);
    expect(degrees > 0, who, ": ", often.total(), " samples for ", all,
           " coefficients: errors need more samples than coefficients");
    auto const inverse =
        detail::invert_information(who, table, shift > 0, [&](index row) { return often[row]; });
    vector<double> gradient = vector<double>::Zero(all);
    double squares = 0;
    for (index row = 0; row < table.samples(); ++row) {
        double const off = double(table.y[row]) - score(row);
        squares += often[row] * off * off;
        gradient.head(shift).array() += often[row] * off;
        gradient.tail(table.features()) +=
            (often[row] * off) * table.x.row(row).template cast<double>().transpose();
    }
    auto told = detail::tell_coefficients(model, table, inverse, squares / degrees, gradient, degrees,
                                          options.confidence);
    told.residual_deviation = std::sqrt(squares / degrees);
    return told;
}

/// The table of logistic regression (targets 0 and 1): covariance (X^T W X)^-1, the inverse Fisher information,
/// W = p (1 - p), z statistics. Weights, model and errors as least_squares_coefficients; also throws where all
/// probabilities are 0 or 1, as of separable classes. A model that was fitted with a penalty is not at the
/// optimum that the errors belong to: see coefficient_table::distance.
template <class M, class T>
coefficient_table logistic_coefficients(M const& model, data::dataset<T> const& table,
                                        coefficient_options const& options = {}) {
    constexpr auto who = "logistic_coefficients";
    auto const score = detail::score_of_rows(who, model, table, options);
    detail::expect_binary(who, table.y);
    detail::row_weights<T> const often(who, table.weights, table.samples());
    index const n = table.samples(), shift = model.bias().size();
    vector<double> curvature(n), gradient = vector<double>::Zero(table.features() + shift);
    for (index row = 0; row < n; ++row) {
        double const z = score(row), e = std::exp(-std::fabs(z)), small = e / (1 + e);
        curvature[row] = often[row] * small / (1 + e);
        double const off = often[row] * ((table.y[row] == 1) == (z > 0) ? small : 1 / (1 + e));
        double const slope = table.y[row] == 1 ? off : -off;  // y - p, without cancellation
        gradient.head(shift).array() += slope;
        gradient.tail(table.features()) += slope * table.x.row(row).template cast<double>().transpose();
    }
    expect(curvature.sum() > 0, who, ": all probabilities are 0 or 1: no errors can be told");
    auto const inverse =
        detail::invert_information(who, table, shift > 0, [&](index row) { return curvature[row]; });
    return detail::tell_coefficients(model, table, inverse, 1, gradient,
                                     std::numeric_limits<double>::infinity(), options.confidence);
}

inline std::string coefficient_table::text() const {
    auto const edge = [&](double share) { return descent::text(detail::digits(100 * share, 4), " %"); };
    std::vector<std::vector<std::string>> cells{{"", "estimate", "std. error", std::isinf(degrees) ? "z" : "t",
                                                 "p", edge((1 - confidence) / 2), edge((1 + confidence) / 2)}};
    for (std::size_t j = 0; j < names.size(); ++j) {
        auto const at = index(j);
        cells.push_back({names[j], detail::digits(estimate[at], 5), detail::digits(standard_error[at], 4),
                         detail::digits(statistic[at], 4), detail::digits(p_value[at], 3),
                         detail::digits(low[at], 5), detail::digits(high[at], 5)});
    }
    std::vector<std::size_t> width(cells[0].size());
    for (auto const& row : cells)
        for (std::size_t c = 0; c < row.size(); ++c)
            width[c] = std::max(width[c], row[c].size());
    std::string written;
    for (auto const& row : cells) {
        for (std::size_t c = 0; c < row.size(); ++c) {
            std::string const space(width[c] - row[c].size(), ' ');
            written += c == 0 ? row[c] + space : descent::text("  ", space, row[c]);
        }
        written += '\n';
    }
    if (distance > 0.01)
        written += descent::text("note: coefficients are up to ", detail::digits(distance, 2),
                                 " standard errors from the optimum without penalty\n");
    return written;
}

}  // namespace descent
