// SPDX-License-Identifier: MIT
#pragma once

#include <descent/linear/model.hpp>
#include <descent/loss/hinge.hpp>
#include <descent/loss/squared_hinge.hpp>

namespace descent::linear {

/// Linear support vector machine for targets 0 and 1 (Cortes & Vapnik, 1995): the mean hinge loss max(0, 1 - s
/// z), s = 2 y - 1, plus (l2 / 2) |w|^2, l2 = 1 / samples (C = 1) where none is given. Loss =
/// loss::squared_hinge gives its square, LIBLINEAR's and scikit-learn's default; it has curvature, so that
/// Newton's method works. For streams: online_svm; for kernels: kernel_svm. Throws descent::error for features
/// < 1 or l2 < 0.
template <class T, class Loss = loss::hinge>
class linear_svm : public model<T, Loss> {
public:
    explicit linear_svm(index features, options const& settings = {})
        : model<T, Loss>("linear_svm", features, 1, 2, settings) {}

    /// z = w . x + b of each row (dense or sparse): beyond -1 or 1 the row is outside the margin. Throws
    /// descent::error if x has another number of columns.
    template <class X>
    vector<T> decision(X const& x) const {
        return this->scores(x).col(0);
    }

    /// 0 or 1 for each row: 1 where z > 0.
    template <class X>
    vector<T> predict(X const& x) const {
        vector<T> label = decision(x);
        for (T& each : label)
            each = each > 0 ? T(1) : T(0);
        return label;
    }
};

}  // namespace descent::linear
