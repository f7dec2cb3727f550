// SPDX-License-Identifier: MIT
#pragma once

#include <descent/linear/model.hpp>
#include <descent/loss/squared.hpp>

namespace descent::linear {

/// Linear regression y = w . x + b by least squares (Gauss, 1809): mean of (z - y)^2 / 2, plus (l2 / 2) |w|^2
/// (ridge: Hoerl & Kennard, 1970). Throws descent::error for features < 1 or l2 < 0.
template <class T>
class linear_regression : public model<T, loss::squared> {
public:
    explicit linear_regression(index features, options const& settings = {})
        : model<T, loss::squared>("linear_regression", features, 1, 0, settings) {}

    /// One prediction a row of x (dense or sparse). Throws descent::error if x has another number of columns.
    template <class X>
    vector<T> predict(X const& x) const {
        return this->scores(x).col(0);
    }
};

}  // namespace descent::linear
