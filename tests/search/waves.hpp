// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>

#include <descent/data/dataset.hpp>

/// Numbers that Python gives too: y = x . (1, -2, 0.5, 0, 0, 3) + 0.4 cos(7.1 i^2), x_j = sin((1.3 + 0.7 j) i + j^2).
inline descent::data::dataset<double> waves(descent::index n) {
    descent::data::dataset<double> table{descent::matrix<double>(n, 6), descent::vector<double>(n)};
    double const w[] = {1, -2, 0.5, 0, 0, 3};
    for (descent::index i = 0; i < n; ++i) {
        table.y[i] = 0.4 * std::cos(7.1 * double(i * i));
        for (descent::index j = 0; j < 6; ++j)
            table.y[i] += w[j] * (table.x(i, j) = std::sin((1.3 + 0.7 * double(j)) * double(i) + double(j * j)));
    }
    return table;
}

/// Class 1 lies around class 0.
inline descent::data::dataset<float> circles(descent::index n) {
    descent::data::dataset<float> table{descent::matrix<float>(n, 2), descent::vector<float>(n)};
    for (descent::index i = 0; i < n; ++i) {
        double const turn = 2.4 * double(i), away = (i % 2 ? 1.0 : 0.4) + 0.1 * std::sin(17.0 * double(i));
        table.x(i, 0) = float(away * std::cos(turn)), table.x(i, 1) = float(away * std::sin(turn));
        table.y[i] = float(i % 2);
    }
    return table;
}
