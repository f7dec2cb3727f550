// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>

#include <descent/linear/linear_regression.hpp>

namespace descent::linear {

/// Settings of elastic_net and lasso.
struct elastic_net_options {
    double l1 = 0;          ///< penalty l1 |w|_1: weights become exactly 0
    double l2 = 0;          ///< penalty (l2 / 2) |w|^2
    bool intercept = true;  ///< predictions w . x + b; false: w . x
};

/// Least squares with both penalties (Zou & Hastie, 2005): mean of (z - y)^2 / 2 + l1 |w|_1 + (l2 / 2) |w|^2, z
/// = w . x + b. With l1 = alpha l1_ratio and l2 = alpha (1 - l1_ratio) it is scikit-learn's ElasticNet.
///
///     linear::elastic_net<double> model{train.features(), {.l1 = 0.1, .l2 = 0.05}};
///     fit(model, train);                        // solve::coordinate_descent: weights that are exactly 0
///
/// fit alone trains it by coordinate descent, which needs one of the two > 0. Update rules work too, on the
/// subgradient l1 sign(w), but reach 0 only about. Throws descent::error for features < 1, l1 < 0 or l2 < 0.
template <class T>
class elastic_net : public linear_regression<T> {
    using base = linear_regression<T>;

public:
    explicit elastic_net(index features, elastic_net_options const& settings = {})
        : base(features, {.l2 = settings.l2, .intercept = settings.intercept}), l1_(settings.l1) {
        expect(l1_ >= 0 && l1_ <= 1e300, "elastic_net: l1 = ", l1_, ": must be finite and >= 0");
    }

    double l1() const { return l1_; }

    /// How many weights are not 0.
    index nonzeros() const { return (this->weight().array() != T(0)).count(); }

    /// Not smooth: there is no objective for the methods that need a gradient.
    template <class Batch, class Executor = exec::serial>
    void objective(Batch const& samples, Executor const& executor = {}) const = delete;

    /// As model::gradient, with l1 |w|_1 and its subgradient l1 sign(w).
    template <class Batch, class Executor = exec::serial>
    double gradient(Batch const& samples, descent::params<T>& g, Executor const& executor = {}) {
        double const smooth = base::gradient(samples, g, executor);
        auto const w = this->weight();
        auto slope = g["weight"].matrix();
        for (index j = 0; j < w.cols(); ++j)
            slope(0, j) += T(l1_) * sign(w(0, j));
        return smooth + l1_ * absolute_sum();
    }

    /// Mean loss of the samples plus both penalties.
    template <class Batch, class Executor = exec::serial>
    double loss(Batch const& samples, Executor const& executor = {}) {
        return base::loss(samples, executor) + l1_ * absolute_sum();
    }

private:
    double absolute_sum() const { return double(this->weight().template cast<double>().cwiseAbs().sum()); }

    double l1_;
};

/// Least squares with the absolute values of the weights as penalty (Tibshirani, 1996): mean of (z - y)^2 / 2 +
/// l1 |w|_1, elastic_net without l2. l1 is scikit-learn's alpha. Throws descent::error for features < 1 or l1 <
/// 0.
template <class T>
class lasso : public elastic_net<T> {
public:
    explicit lasso(index features, double l1, bool intercept = true)
        : elastic_net<T>(features, {.l1 = l1, .intercept = intercept}) {}
};

/// Least squares with (l2 / 2) |w|^2 as penalty (Hoerl & Kennard, 1970): linear_regression with .l2 given.
/// scikit-learn's alpha is l2 times the number of samples.
template <class T>
using ridge_regression = linear_regression<T>;

}  // namespace descent::linear
