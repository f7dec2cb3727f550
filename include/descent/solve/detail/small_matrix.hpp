// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace descent::solve::detail {

/// A square matrix of some tens of rows, in double.
struct small_matrix {
    int n = 0;
    std::vector<double> a = {};

    explicit small_matrix(int rows) : n(rows), a(std::size_t(rows) * std::size_t(rows)) {}

    double& operator()(int i, int j) { return a[std::size_t(i * n + j)]; }
    double operator()(int i, int j) const { return a[std::size_t(i * n + j)]; }

    /// out = this v.
    void times(double const* v, double* out) const {
        for (int i = 0; i < n; ++i) {
            out[i] = 0;
            for (int j = 0; j < n; ++j)
                out[i] += (*this)(i, j) * v[j];
        }
    }

    /// u . this v.
    double between(double const* u, double const* v) const {
        double sum = 0;
        for (int i = 0; i < n; ++i)
            for (int j = 0; j < n; ++j)
                sum += u[i] * (*this)(i, j) * v[j];
        return sum;
    }

    /// Turns the columns of b (n rows) into this^-1 b by elimination with row exchanges, which overwrites this.
    /// False where it is singular.
    bool solve(double* b, int columns) {
        for (int k = 0; k < n; ++k) {
            int pivot = k;
            for (int i = k + 1; i < n; ++i)
                if (std::fabs((*this)(i, k)) > std::fabs((*this)(pivot, k)))
                    pivot = i;
            if (!(std::fabs((*this)(pivot, k)) > 0))
                return false;
            if (pivot != k) {
                std::swap_ranges(&(*this)(k, 0), &(*this)(k, 0) + n, &(*this)(pivot, 0));
                std::swap_ranges(b + k * columns, b + (k + 1) * columns, b + pivot * columns);
            }
            for (int i = k + 1; i < n; ++i) {
                double const factor = (*this)(i, k) / (*this)(k, k);
                for (int j = k; j < n; ++j)
                    (*this)(i, j) -= factor * (*this)(k, j);
                for (int j = 0; j < columns; ++j)
                    b[i * columns + j] -= factor * b[k * columns + j];
            }
        }
        for (int i = n; i-- > 0;)
            for (int j = 0; j < columns; ++j) {
                double sum = b[i * columns + j];
                for (int k = i + 1; k < n; ++k)
                    sum -= (*this)(i, k) * b[k * columns + j];
                b[i * columns + j] = sum / (*this)(i, i);
            }
        return true;
    }
};

}  // namespace descent::solve::detail
