// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>

#include <descent/core/tensor.hpp>

/// 101 samples by formula, for which scikit-learn 1.9.1 gave the reference numbers of the metrics' tests: many
/// ties, classes that occur only in the targets (none predicted) or only in the predictions, a weight of 0.
template <class T>
struct metric_problem {
    using vector = descent::vector<T>;
    static constexpr descent::index n = 101;

    vector score = vector(n);                                   ///< k / 8, k in 0 .. 25
    vector binary = vector(n);                                  ///< 0 or 1
    vector said = vector(n);                                    ///< 1 where score > 1.5
    vector sparse = vector(n);                                  ///< classes 0, 1 and 4
    vector sparse_said = vector(n);                             ///< classes 0, 1, 3, 4 and 5
    vector three = vector(n);                                   ///< classes 0, 1 and 2
    vector weight = vector(n);                                  ///< multiples of 1/2
    descent::matrix<T> probability = descent::matrix<T>(n, 3);  ///< of `three`

    metric_problem() {
        for (descent::index i = 0; i < n; ++i) {
            score[i] = T((i * 37 + 11) % 101 / 4) / 8;
            binary[i] = T((i * i + 3 * i) % 7 < 3);
            said[i] = T(score[i] > T(1.5));
            auto const four = (i * i * 5 + i) % 7 % 4, five = (i * 37 + 11) % 101 % 5;
            sparse[i] = T(four == 2 ? 4 : four);
            sparse_said[i] = i % 3 == 0 ? sparse[i] : T(five == 2 ? 5 : five);
            three[i] = T((i * i + i) % 5 % 3);
            weight[i] = i == 5 ? T(0) : T(1) + T(i % 4) / 2;
            double const part[] = {i == 3 ? 0.0 : double(1 + i * 13 % 5), i == 3 ? 4.0 : double(1 + i * 7 % 11),
                                   i == 3 ? 4.0 : double(1 + i * 29 % 3)};
            for (int c = 0; c < 3; ++c)
                probability(i, c) = T(part[c] / (part[0] + part[1] + part[2]));
        }
    }
};

/// Equal but for rounding.
inline bool close(double a, double b, double slack = 1e-13) {
    return std::fabs(a - b) <= slack * std::fmax(1, std::fabs(b));
}
