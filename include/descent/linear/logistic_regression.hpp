// SPDX-License-Identifier: MIT
#pragma once

#include <descent/core/math.hpp>
#include <descent/linear/model.hpp>
#include <descent/loss/logistic.hpp>

namespace descent::linear {

/// Logistic regression for targets 0 and 1 (Cox, 1958): P(y = 1) = 1 / (1 + e^-z), z = w . x + b; the mean
/// negative log likelihood plus (l2 / 2) |w|^2. Throws descent::error for features < 1 or l2 < 0.
template <class T>
class logistic_regression : public model<T, loss::logistic> {
public:
    explicit logistic_regression(index features, options const& settings = {})
        : model<T, loss::logistic>("logistic_regression", features, 1, 2, settings) {}

    /// P(y = 1) of each row (dense or sparse). Throws descent::error if x has another number of columns.
    template <class X>
    vector<T> predict_probability(X const& x) const {
        vector<T> p = this->scores(x).col(0);
        for (T& each : p)
            each = sigmoid(each);
        return p;
    }

    /// 0 or 1 for each row: 1 where P(y = 1) > 1/2.
    template <class X>
    vector<T> predict(X const& x) const {
        vector<T> label = this->scores(x).col(0);
        for (T& each : label)
            each = each > 0 ? T(1) : T(0);
        return label;
    }
};

}  // namespace descent::linear
