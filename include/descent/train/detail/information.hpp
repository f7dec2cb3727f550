// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <string_view>

#include <descent/data/check.hpp>

namespace descent::detail {

/// L of the Cholesky factorization A = L L^T in place of the lower triangle of A (symmetric). The number of the
/// first column that the columns before it give, within `tolerance` of a unit diagonal; -1 where none.
inline index cholesky(matrix<double>& a, double tolerance) {
    for (index j = 0; j < a.rows(); ++j) {
        double const pivot = a(j, j) - a.row(j).head(j).squaredNorm();
        if (!(pivot > tolerance))
            return j;
        a(j, j) = std::sqrt(pivot);
        for (index i = j + 1; i < a.rows(); ++i)
            a(i, j) = (a(i, j) - a.row(i).head(j).dot(a.row(j).head(j))) / a(j, j);
    }
    return -1;
}

/// (L L^T)^-1, both triangles.
inline matrix<double> inverse_of_product(matrix<double> const& l) {
    index const n = l.rows();
    matrix<double> below = matrix<double>::Zero(n, n);  // L^-1
    for (index i = 0; i < n; ++i) {
        for (index k = 0; k < i; ++k)
            below.row(i).head(k + 1) -= l(i, k) * below.row(k).head(k + 1);
        below(i, i) = 1;
        below.row(i).head(i + 1) /= l(i, i);
    }
    matrix<double> whole = matrix<double>::Zero(n, n);
    for (index k = 0; k < n; ++k)  // the sum over k of outer products: rows of L^-1 are read as they lie
        for (index i = 0; i <= k; ++i)
            whole.row(i).head(k + 1) += below(k, i) * below.row(k).head(k + 1);
    return whole;
}

/// (X^T W X)^-1 with a column of ones, if there is an intercept, before those of X.
struct inverse_information {
    matrix<double> covariance;
    double total;  ///< sum of the weights
};

/// Columns are centered and scaled first: a matrix of correlations loses the fewest digits, and its pivots are
/// the shares of a column that those before it leave unexplained. Throws descent::error naming a column that is
/// constant or a linear combination of those before it.
template <class T, class Weight>
inverse_information invert_information(std::string_view who, data::dataset<T> const& table, bool intercept,
                                       Weight const& weight) {
    index const n = table.samples(), p = table.features(), shift = intercept;
    double total = 0;
    vector<double> mean = vector<double>::Zero(p);
    for (index row = 0; row < n; ++row) {
        total += weight(row);
        if (intercept)
            mean += weight(row) * table.x.row(row).template cast<double>().transpose();
    }
    mean /= total;
    matrix<double> product = matrix<double>::Zero(p, p);
    Eigen::RowVectorXd x(p);
    for (index row = 0; row < n; ++row) {
        x = table.x.row(row).template cast<double>() - mean.transpose();
        double const w = weight(row);
        for (index j = 0; j < p; ++j)
            product.row(j).head(j + 1) += (w * x[j]) * x.head(j + 1);
    }
    vector<double> spread = product.diagonal().cwiseSqrt();
    for (index j = 0; j < p; ++j)
        expect(spread[j] > 1e-13 * std::fabs(mean[j]) * std::sqrt(total), who, ": ",
               data::detail::column_text(table, j),
               intercept ? std::string_view(" is constant: no other than the intercept")
                         : std::string_view(" is 0 everywhere"));
    for (index i = 0; i < p; ++i)
        for (index j = 0; j <= i; ++j)
            product(i, j) /= spread[i] * spread[j];
    index const spoiler = cholesky(product, 1e-11);
    expect(spoiler < 0, who, ": ", data::detail::column_text(table, spoiler < 0 ? 0 : spoiler),
           " is a linear combination of the columns before it");
    matrix<double> const slopes =
        spread.cwiseInverse().asDiagonal() * inverse_of_product(product) * spread.cwiseInverse().asDiagonal();

    inverse_information made{matrix<double>(p + shift, p + shift), total};
    made.covariance.bottomRightCorner(p, p) = slopes;
    if (intercept) {
        vector<double> moved(p);
        for (index j = 0; j < p; ++j)
            moved[j] = slopes.row(j).dot(mean);
        made.covariance.col(0).tail(p) = -moved;
        made.covariance.row(0).tail(p) = -moved.transpose();
        made.covariance(0, 0) = 1 / total + moved.dot(mean);
    }
    return made;
}

}  // namespace descent::detail
