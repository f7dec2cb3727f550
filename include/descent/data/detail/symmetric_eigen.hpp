// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>
#include <vector>

#include <descent/core/error.hpp>
#include <descent/core/tensor.hpp>

namespace descent::data::detail {

/// Makes a symmetric matrix tridiagonal by reflections (Householder, 1958; Golub & Van Loan, section 8.3): a
/// becomes Q with a = Q T Q^T, `diagonal` and `beside` hold T. On entry all of a must be given, of size
/// about 1.
template <class T>
void tridiagonalize(matrix<T>& a, vector<T>& diagonal, vector<T>& beside) {
    index const n = a.rows();
    diagonal = vector<double>::Zero(n);
    beside = vector<double>::Zero(n);
    matrix<double> reflector = matrix<double>::Zero(n, n);  // row k: of step k, of length sqrt(2), or 0
    vector<double> product(n);
    for (index k = 0; k + 1 < n; ++k) {
        index const m = n - k - 1;
        diagonal[k] = a(k, k);
        auto v = reflector.row(k).tail(m);
        v = a.row(k).tail(m);
        double const length = v.norm(), first = v[0];
        beside[k] = first;
        if (v.tail(m - 1).squaredNorm() < 1e-200) {
            v.setZero();  // tridiagonal here already: the rest is nothing beside a, and its square may be 0
            continue;
        }
        beside[k] = first > 0 ? -length : length;
        v[0] -= beside[k];
        v *= std::sqrt(2.0) / v.norm();
        // A <- H A H for H = I - v v^T: with p = A v, A - v w^T - w v^T where w = p - (v . p) v / 2.
        auto const rest = a.bottomRightCorner(m, m);
        auto p = product.head(m);
        p.noalias() = rest * v.transpose();
        p -= 0.5 * v.dot(p) * v.transpose();
        for (index i = 0; i < m; ++i)
            a.row(k + 1 + i).tail(m) -= v[i] * p.transpose() + p[i] * v;
    }
    if (n > 0)
        diagonal[n - 1] = a(n - 1, n - 1);
    a.setIdentity();
    for (index k = n - 2; k >= 0; --k) {
        index const m = n - k - 1;
        auto const v = reflector.row(k).tail(m);
        auto p = product.head(m);
        p.setZero();
        for (index i = 0; i < m; ++i)
            p += v[i] * a.row(k + 1 + i).tail(m).transpose();
        for (index i = 0; i < m; ++i)
            a.row(k + 1 + i).tail(m) -= v[i] * p.transpose();
    }
}

/// Eigenvalues, falling, and eigenvectors (the rows of a) of a symmetric matrix, all of which must be given and
/// finite: tridiagonal form, then the implicit QL iteration (Bowdler, Martin, Reinsch & Wilkinson, 1968). About
/// 10 n^3 operations; errors are of the size of the largest eigenvalue times epsilon.
template <class T>
vector<T> symmetric_eigen(matrix<T>& a) {
    static_assert(std::is_same_v<T, double>);  // a template compiles only where it is used
    index const n = a.rows();
    double const size = n > 0 ? a.cwiseAbs().maxCoeff() : 0;
    if (size > 0)
        a /= size;  // squares must not overflow
    vector<double> d, e;
    tridiagonalize(a, d, e);
    matrix<double> z = a.transpose();
    for (index low = 0; low < n; ++low) {
        for (int round = 0;; ++round) {
            index high = low;
            while (high + 1 < n &&
                   std::abs(e[high]) >
                       std::numeric_limits<double>::epsilon() * (std::abs(d[high]) + std::abs(d[high + 1])) &&
                   e[high] * e[high] > std::numeric_limits<double>::min())
                ++high;
            if (high == low)
                break;
            expect(round < 100, "symmetric_eigen: no convergence at eigenvalue ", low);
            // Wilkinson's shift: the eigenvalue of the first 2 x 2 block that lies nearer to its corner.
            double const half = (d[low + 1] - d[low]) / (2 * e[low]);
            double bulge = d[high] - d[low] + e[low] / (half + std::copysign(std::hypot(half, 1.0), half));
            double sine = 1, cosine = 1, shift = 0;
            index i = high - 1;
            for (; i >= low; --i) {
                double const f = sine * e[i], b = cosine * e[i], r = std::hypot(f, bulge);
                e[i + 1] = r;
                if (r == 0)
                    break;  // the block falls apart here
                sine = f / r;
                cosine = bulge / r;
                double const g = d[i + 1] - shift, t = (d[i] - g) * sine + 2 * cosine * b;
                shift = sine * t;
                d[i + 1] = g + shift;
                bulge = cosine * t - b;
                double* const lower = z.row(i).data();
                double* const upper = z.row(i + 1).data();
                for (index k = 0; k < n; ++k) {
                    double const x = lower[k], y = upper[k];
                    upper[k] = sine * x + cosine * y;
                    lower[k] = cosine * x - sine * y;
                }
            }
            if (i >= low) {
                d[i + 1] -= shift;
                e[high] = 0;
                continue;
            }
            d[low] -= shift;
            e[low] = bulge;
            e[high] = 0;
        }
    }
    std::vector<index> order(static_cast<std::size_t>(n));
    for (index i = 0; i < n; ++i)
        order[std::size_t(i)] = i;
    std::stable_sort(order.begin(), order.end(), [&](index i, index k) { return d[i] > d[k]; });
    vector<double> values(n);
    for (index i = 0; i < n; ++i) {
        values[i] = d[order[std::size_t(i)]] * size;
        a.row(i) = z.row(order[std::size_t(i)]);
    }
    return values;
}

}  // namespace descent::data::detail
