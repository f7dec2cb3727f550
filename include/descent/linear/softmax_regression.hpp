// SPDX-License-Identifier: MIT
#pragma once

#include <descent/linear/model.hpp>
#include <descent/loss/softmax_cross_entropy.hpp>

namespace descent::linear {

/// Softmax (multinomial logistic) regression for targets 0 .. classes - 1: P(c) = e^{z_c} / sum e^z, z = W x +
/// b; the mean cross entropy plus (l2 / 2) |W|^2. Throws descent::error for features < 1, classes < 2 or l2 <
/// 0.
template <class T>
class softmax_regression : public model<T, loss::softmax_cross_entropy> {
public:
    softmax_regression(index features, index classes, options const& settings = {})
        : model<T, loss::softmax_cross_entropy>("softmax_regression", features, checked(classes), classes,
                                                settings) {}

    index classes() const { return this->outputs(); }

    /// P(c) of each row: samples x classes. Throws descent::error if x has another number of columns.
    template <class X>
    matrix<T> predict_probability(X const& x) const {
        matrix<T> p = this->scores(x);
        for (index row = 0; row < p.rows(); ++row)
            loss::softmax_cross_entropy::probabilities<T>(p.row(row).data(), p.cols());
        return p;
    }

    /// The class with the highest score of each row.
    template <class X>
    vector<T> predict(X const& x) const {
        matrix<T> const z = this->scores(x);
        vector<T> label(z.rows());
        for (index row = 0; row < z.rows(); ++row) {
            index best = 0;
            z.row(row).maxCoeff(&best);
            label[row] = T(best);
        }
        return label;
    }

private:
    static index checked(index classes) {
        expect(classes >= 2, "softmax_regression: classes = ", classes, ": must be >= 2");
        return classes;
    }
};

}  // namespace descent::linear
