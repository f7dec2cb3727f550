// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>

#include <descent/data/dataset.hpp>
#include <descent/data/sparse.hpp>

namespace descent::data {

/// How long a row is: the sum of |x|, the root of the sum of x^2, or the largest |x|.
enum class norm { l1, l2, max };

namespace detail {

/// Divides `count` numbers by their norm, taken in double. Divided by the largest first, no square overflows.
template <class T>
void to_unit(T* x, index count, norm kind) {
    double most = 0, sum = 0;
    for (index i = 0; i < count; ++i)
        most = std::max(most, std::abs(double(x[i])));
    if (most == 0)
        return;
    for (index i = 0; i < count; ++i) {
        double const share = std::abs(double(x[i])) / most;
        sum += kind == norm::l1 ? share : share * share;
    }
    double const length = kind == norm::max ? 1 : kind == norm::l1 ? sum : std::sqrt(sum);
    for (index i = 0; i < count; ++i)
        x[i] = T(double(x[i]) / most / length);
}

}  // namespace detail

/// Gives each row the length 1 in this norm, in place, as scikit-learn's normalize; needs no fitting. A row of
/// zeros stays. NaN and Inf spoil their own row only: fitting a model on it then throws.
template <class T>
void unit_rows(matrix<T>& x, norm kind = norm::l2) {
    for (index row = 0; row < x.rows(); ++row)
        detail::to_unit(x.data() + row * x.cols(), x.cols(), kind);
}
template <class T>
void unit_rows(sparse_matrix<T>& x, norm kind = norm::l2) {
    for (index row = 0; row < x.rows(); ++row) {
        auto const begin = x.offsets[std::size_t(row)];
        detail::to_unit(x.values.data() + begin, x.offsets[std::size_t(row) + 1] - begin, kind);
    }
}

/// The same on the rows of a dataset or sparse_dataset.
template <class T>
void unit_rows(dataset<T>& table, norm kind = norm::l2) {
    unit_rows(table.x, kind);
}
template <class T>
void unit_rows(sparse_dataset<T>& table, norm kind = norm::l2) {
    unit_rows(table.x, kind);
}

}  // namespace descent::data
