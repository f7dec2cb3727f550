// SPDX-License-Identifier: MIT
#pragma once

#include <descent/core/tensor.hpp>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

namespace descent::test {

/// Numbers in [-0.5, 0.5) that differ from place to place.
template <class T>
matrix<T> some_matrix(index rows, index cols, std::uint32_t seed) {
    matrix<T> made(rows, cols);
    std::uint32_t state = seed;
    for (index i = 0; i < rows; ++i)
        for (index j = 0; j < cols; ++j) {
            state = state * 1664525u + 1013904223u;
            made(i, j) = T(double(state >> 8) / double(1u << 24) - 0.5);
        }
    return made;
}

/// The most that a sum of n products of such numbers may be off, whatever its order (Higham, 2002,
/// section 3.1): gamma(n) sum |a| |b|, with |a| |b| <= 1/4, plus the rounding of the result.
template <class T>
double product_tolerance(index n) {
    double const u = double(std::numeric_limits<T>::epsilon()) / 2;
    return double(n + 2) * u / (1 - double(n + 2) * u) * double(n) / 4;
}

/// The largest difference from the oracle; NaN counts as infinite.
template <class M>
double worst(M const& got, matrix<double> const& oracle) {
    double most = 0;
    for (index i = 0; i < oracle.rows(); ++i)
        for (index j = 0; j < oracle.cols(); ++j) {
            double const off = std::abs(double(got(i, j)) - oracle(i, j));
            most = off < 1e300 ? std::fmax(most, off) : INFINITY;
        }
    return most;
}

/// Equal bit for bit?
template <class M>
bool same_bits(M const& a, M const& b) {
    return a.rows() == b.rows() && a.cols() == b.cols() &&
           (a.size() == 0 || std::memcmp(a.data(), b.data(), std::size_t(a.size()) * sizeof(*a.data())) == 0);
}

}  // namespace descent::test
