// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>

#include <descent/core/random.hpp>
#include <descent/data/check.hpp>
#include <descent/data/detail/symmetric_eigen.hpp>
#include <descent/exec/gemm.hpp>
#include <descent/exec/serial.hpp>

namespace descent::data {

/// How pca finds the components.
enum class pca_method {
    automatic,  ///< exact up to 1000 features or rows, else randomized if fewer than a tenth of them is wanted
    exact,      ///< all eigenvectors of the covariance, or of the products of the rows where these are fewer
    randomized  ///< a random subspace, improved by power iterations (Halko, Martinsson & Tropp, 2011)
};

/// How pca fits.
struct pca_options {
    index components = 0;  ///< how many; 0: all that have variance
    bool whiten = false;   ///< scale each component to variance 1
    pca_method method = pca_method::automatic;
    std::uint64_t seed = 0;  ///< of the randomized method
    index oversample = 10;   ///< of the randomized method: directions beside those wanted
    int iterations = 7;      ///< of the randomized method: power iterations
};

/// The map to principal components that pca fits. Public, so that it can be stored beside the model it belongs
/// to.
struct principal_components {
    vector<double> mean = {};      ///< of each feature
    matrix<double> axes = {};      ///< components x features: orthonormal rows, by falling variance
    vector<double> variance = {};  ///< along each axis (division by n - 1)
    vector<double> ratio = {};     ///< the share of the variance of all features
    bool whiten = false;

    /// Replaces the features of every row by its components: (x - mean) . axis, with whiten divided by the root
    /// of the variance. Throws descent::error if the number of features differs.
    template <class T>
    void operator()(matrix<T>& x) const {
        expect(x.cols() == mean.size(), "pca: ", x.cols(), " features: was fitted on ", mean.size());
        matrix<T> reduced(x.rows(), axes.rows());
        matrix<double> centered, product;
        for (index row = 0; row < x.rows(); row += chunk) {
            index const count = std::min(chunk, x.rows() - row);
            centered = x.middleRows(row, count).template cast<double>();
            centered.rowwise() -= mean.transpose();
            product.resize(count, axes.rows());
            exec::gemm(exec::serial{}, centered, exec::transposed(axes), product);
            if (whiten)
                product.array().rowwise() /= variance.array().sqrt().transpose();
            reduced.middleRows(row, count) = product.template cast<T>();
        }
        x.swap(reduced);
    }

    /// Back to the features: mean + the components times their axes; what the other directions held is lost.
    template <class T>
    void inverse(matrix<T>& x) const {
        expect(x.cols() == axes.rows(), "pca: ", x.cols(), " components: was fitted with ", axes.rows());
        matrix<T> full(x.rows(), mean.size());
        matrix<double> scaled, product;
        for (index row = 0; row < x.rows(); row += chunk) {
            index const count = std::min(chunk, x.rows() - row);
            scaled = x.middleRows(row, count).template cast<double>();
            if (whiten)
                scaled.array().rowwise() *= variance.array().sqrt().transpose();
            product.resize(count, mean.size());
            exec::gemm(exec::serial{}, scaled, axes, product);
            product.rowwise() += mean.transpose();
            full.middleRows(row, count) = product.template cast<T>();
        }
        x.swap(full);
    }

    /// The same on the features of a dataset, which are then named pc0, pc1, ...; inverse leaves them without
    /// names.
    template <class T>
    void operator()(dataset<T>& table) const {
        (*this)(table.x);
        table.feature_names.clear();
        for (index k = 0; k < axes.rows(); ++k)
            table.feature_names.push_back(text("pc", k));
    }
    template <class T>
    void inverse(dataset<T>& table) const {
        inverse(table.x);
        table.feature_names.clear();
    }

    static constexpr index chunk = 256;  ///< rows that are converted at a time
};

namespace detail {

/// The random stream of pca: other users of the same seed draw other numbers.
inline constexpr std::uint32_t pca_stream = 0x70636131;  // "pca1"

/// The rows of a table about the mean of the features, in double, some rows at a time.
template <class T>
struct centered_rows {
    matrix<T> const& x;
    vector<double> const& mean;

    /// each(first row, rows)
    template <class Each>
    void operator()(Each const& each) const {
        matrix<double> rows;
        for (index row = 0; row < x.rows(); row += principal_components::chunk) {
            rows = x.middleRows(row, std::min(principal_components::chunk, x.rows() - row))
                       .template cast<double>();
            rows.rowwise() -= mean.transpose();
            each(row, rows);
        }
    }

    /// X b
    matrix<double> times(matrix<double> const& b) const {
        matrix<double> product(x.rows(), b.cols());
        (*this)([&](index row, matrix<double> const& rows) {
            auto part = product.middleRows(row, rows.rows());
            exec::gemm(exec::serial{}, rows, b, part);
        });
        return product;
    }

    /// X^T b
    matrix<double> transposed_times(matrix<double> const& b) const {
        matrix<double> sum = matrix<double>::Zero(x.cols(), b.cols()), part(x.cols(), b.cols());
        (*this)([&](index row, matrix<double> const& rows) {
            auto const below = b.middleRows(row, rows.rows());
            exec::gemm(exec::serial{}, exec::transposed(rows), below, part);
            sum += part;
        });
        return sum;
    }
};

/// Makes the columns orthonormal (Gram & Schmidt, twice); those that depend on others become 0.
template <class T>
void orthonormalize(matrix<T>& columns) {
    matrix<T> rows = columns.transpose();
    for (index k = 0; k < rows.rows(); ++k) {
        double const before = rows.row(k).norm();
        for (int pass = 0; pass < 2; ++pass)
            for (index j = 0; j < k; ++j)
                rows.row(k) -= rows.row(j).dot(rows.row(k)) * rows.row(j);
        double const after = rows.row(k).norm();
        // What is left of a dependent column is rounding.
        if (after > 1e-13 * before)
            rows.row(k) /= after;
        else
            rows.row(k).setZero();
    }
    columns = rows.transpose();
}

/// The right singular vectors of a matrix with few rows (as rows, by falling singular value) and the squares of
/// its singular values: from the eigenvectors of the products of its rows.
template <class T>
vector<T> axes_of(matrix<T> const& reduced, matrix<T>& axes) {
    matrix<T> square(reduced.rows(), reduced.rows());
    exec::gemm(exec::serial{}, reduced, exec::transposed(reduced), square);
    square = (0.5 * (square + square.transpose())).eval();
    vector<T> const values = symmetric_eigen(square);
    axes.resize(reduced.rows(), reduced.cols());
    exec::gemm(exec::serial{}, square, reduced, axes);
    for (index k = 0; k < axes.rows(); ++k)
        if (double const length = axes.row(k).norm(); length > 0)
            axes.row(k) /= length;
    return values;
}

}  // namespace detail

/// Principal components (Pearson, 1901; Hotelling, 1933) of the features of `table`, as scikit-learn's PCA; the
/// entry of each axis that is largest in magnitude is positive (the first of several).
///
///     auto const reduce = data::pca(train, {.components = 20});
///     reduce(train), reduce(test);
///
/// Directions in which the data does not vary (a variance below the rounding error of the largest one) are no
/// components: there may be fewer than asked for. All in double, one thread. Features in different units should
/// be standardized first. Throws descent::error for fewer than 2 rows, NaN or Inf, rows that are all equal, an
/// overflow, and components, oversample or iterations out of range.
template <class T>
principal_components pca(dataset<T> const& table, pca_options const& options = {}) {
    check_features(table, "pca");
    index const n = table.samples(), d = table.features(), most = std::min(n, d);
    expect(n >= 2, "pca: 1 row: must be 2 or more");
    expect(options.components >= 0 && options.components <= most, "pca: components = ", options.components,
           ": must be in [0, ", most, "], 0 for all");
    expect(options.oversample >= 0 && options.iterations >= 0, "pca: oversample = ", options.oversample,
           ", iterations = ", options.iterations, ": must be >= 0");
    index const wanted = options.components ? options.components : most;

    principal_components fitted{vector<double>::Zero(d), {}, {}, {}, options.whiten};
    for (index row = 0; row < n; ++row)
        fitted.mean += table.x.row(row).template cast<double>().transpose();
    fitted.mean /= double(n);
    // Rounding of the mean must not show variance in constant columns.
    for (index column = 0; column < d; ++column)
        if ((table.x.col(column).array() == table.x(0, column)).all())
            fitted.mean[column] = double(table.x(0, column));
    detail::centered_rows<T> const rows{table.x, fitted.mean};
    double total = 0;
    rows([&](index, matrix<double> const& some) { total += some.squaredNorm(); });
    expect(std::isfinite(total), "pca: the variance overflows");
    expect(total > 0, "pca: all rows are equal");

    vector<double> squares;
    bool const subspace = options.method == pca_method::randomized ||
                          (options.method == pca_method::automatic && most > 1000 && wanted < most / 10);
    if (subspace) {
        index const width = std::min(wanted + options.oversample, most);
        generator const draws{options.seed, detail::pca_stream};
        matrix<double> basis(d, width);
        for (index i = 0; i < basis.size(); ++i)
            basis.data()[i] = draws.normal<double>(std::uint64_t(i));
        matrix<double> range = rows.times(basis);
        detail::orthonormalize(range);
        for (int k = 0; k < options.iterations; ++k) {
            basis = rows.transposed_times(range);
            detail::orthonormalize(basis);
            range = rows.times(basis);
            detail::orthonormalize(range);
        }
        basis = rows.transposed_times(range).transpose();
        squares = detail::axes_of(basis, fitted.axes);
    } else if (n < d) {
        matrix<double> centered(n, d);
        rows([&](index row, matrix<double> const& some) { centered.middleRows(row, some.rows()) = some; });
        squares = detail::axes_of(centered, fitted.axes);
    } else {
        matrix<double> covariance = matrix<double>::Zero(d, d), part(d, d);
        rows([&](index, matrix<double> const& some) {
            exec::gemm(exec::serial{}, exec::transposed(some), some, part);
            covariance += part;
        });
        fitted.axes = 0.5 * (covariance + covariance.transpose());
        squares = detail::symmetric_eigen(fitted.axes);
    }

    index count = 0;
    double const least = squares[0] * double(std::max(n, d)) * std::numeric_limits<double>::epsilon();
    while (count < wanted && count < squares.size() && squares[count] > least)
        ++count;
    fitted.axes = fitted.axes.topRows(count).eval();
    fitted.variance = squares.head(count) / double(n - 1);
    fitted.ratio = squares.head(count) / total;
    for (index k = 0; k < count; ++k) {
        index at = 0;
        fitted.axes.row(k).cwiseAbs().maxCoeff(&at);
        if (fitted.axes(k, at) < 0)
            fitted.axes.row(k) *= -1;
    }
    return fitted;
}

}  // namespace descent::data
