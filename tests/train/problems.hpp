// SPDX-License-Identifier: MIT
#pragma once

#include <descent/core/random.hpp>
#include <descent/data/dataset.hpp>

#include <cmath>
#include <cstring>

/// Three overlapping clouds of points, one for each class, from a counter-based generator.
template <class T>
descent::data::dataset<T> clouds(descent::index rows, descent::index features, std::uint64_t seed = 1) {
    descent::generator const draw{seed};
    descent::data::dataset<T> table{descent::matrix<T>(rows, features), descent::vector<T>(rows)};
    for (descent::index row = 0; row < rows; ++row) {
        table.y[row] = T(row % 3);
        for (descent::index j = 0; j < features; ++j) {
            double const noise = 2 * draw.uniform<double>(std::uint64_t(row * features + j)) - 1;
            table.x(row, j) = T(noise + (j % 3 == row % 3 ? 0.7 : 0));
        }
    }
    return table;
}

template <class T>
bool same_bits(descent::params<T> const& a, descent::params<T> const& b) {
    return a.arena_size() == b.arena_size() &&
           std::memcmp(a.data(), b.data(), std::size_t(a.arena_size()) * sizeof(T)) == 0;
}
