// SPDX-License-Identifier: MIT
#pragma once

#include <descent/core/math.hpp>
#include <descent/linear/model.hpp>
#include <descent/loss/poisson.hpp>

namespace descent::linear {

/// Poisson regression for counts y >= 0 with the logarithm as link (Nelder & Wedderburn, 1972): E[y] = e^z, z =
/// w . x + b; the mean of e^z - y z plus (l2 / 2) |w|^2. Same objective as scikit-learn's PoissonRegressor with
/// alpha = l2. Throws descent::error for features < 1 or l2 < 0.
template <class T>
class poisson_regression : public model<T, loss::poisson> {
public:
    explicit poisson_regression(index features, options const& settings = {})
        : model<T, loss::poisson>("poisson_regression", features, 1, 0, settings) {}

    /// The expected count e^z of each row (dense or sparse). Throws descent::error if x has another number of
    /// columns.
    template <class X>
    vector<T> predict(X const& x) const {
        vector<T> rate = this->scores(x).col(0);
        for (T& each : rate)
            each = exp(each);
        return rate;
    }

    /// As model::check, and every target must be >= 0.
    template <class Table>
    void check(Table const& table) const {
        model<T, loss::poisson>::check(table);
        for (index row = 0; row < table.y.size(); ++row)
            expect(table.y[row] >= 0, this->name(), ": row ", row, ": target ", table.y[row], ": must be >= 0");
    }

    template <class Table>
    void prepare(Table const& table) {
        check(table);
        model<T, loss::poisson>::prepare(table);
    }
};

}  // namespace descent::linear
