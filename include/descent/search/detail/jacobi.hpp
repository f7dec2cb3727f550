// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstddef>
#include <vector>

namespace descent::search::detail {

/// Eigenvalues and vectors (columns) of a symmetric n x n matrix, by Jacobi's rotations.
inline void symmetric_eigen(std::vector<double> a, std::size_t n, std::vector<double>& values,
                            std::vector<double>& vectors) {
    vectors.assign(n * n, 0);
    for (std::size_t i = 0; i < n; ++i)
        vectors[i * n + i] = 1;
    for (int sweep = 0; sweep < 60; ++sweep) {
        double off = 0, on = 0;
        for (std::size_t i = 0; i < n; ++i) {
            on += a[i * n + i] * a[i * n + i];
            for (std::size_t j = 0; j < i; ++j)
                off += a[i * n + j] * a[i * n + j];
        }
        if (!(off > 1e-30 * on))
            break;
        for (std::size_t p = 0; p < n; ++p)
            for (std::size_t q = p + 1; q < n; ++q) {
                double const apq = a[p * n + q];
                if (apq == 0)
                    continue;
                double const theta = (a[q * n + q] - a[p * n + p]) / (2 * apq);
                double const t = (theta < 0 ? -1 : 1) / (std::fabs(theta) + std::sqrt(theta * theta + 1));
                double const c = 1 / std::sqrt(t * t + 1), s = t * c;
                for (std::size_t k = 0; k < n; ++k) {
                    double const x = a[k * n + p], y = a[k * n + q];
                    a[k * n + p] = c * x - s * y;
                    a[k * n + q] = s * x + c * y;
                }
                for (std::size_t k = 0; k < n; ++k) {
                    double const x = a[p * n + k], y = a[q * n + k];
                    a[p * n + k] = c * x - s * y;
                    a[q * n + k] = s * x + c * y;
                    double const v = vectors[k * n + p], w = vectors[k * n + q];
                    vectors[k * n + p] = c * v - s * w;
                    vectors[k * n + q] = s * v + c * w;
                }
            }
    }
    values.resize(n);
    for (std::size_t i = 0; i < n; ++i)
        values[i] = a[i * n + i];
}

}  // namespace descent::search::detail
