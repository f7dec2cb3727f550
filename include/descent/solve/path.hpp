// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstdint>
#include <type_traits>
#include <vector>

#include <descent/core/error.hpp>
#include <descent/solve/coordinate_descent.hpp>
#include <descent/solve/linear_problem.hpp>

namespace descent::solve {

/// `points` numbers from `first` to `first * reach`, each the same factor below the one before. Throws
/// descent::error unless first > 0, 0 < reach <= 1 and points >= 1.
inline std::vector<double> geometric_grid(double first, double reach, int points) {
    expect(first > 0 && first <= 1e300, "geometric_grid: first = ", first, ": must be finite and > 0");
    expect(reach > 0 && reach <= 1, "geometric_grid: reach = ", reach, ": must be in (0, 1]");
    expect(points >= 1, "geometric_grid: points = ", points, ": must be >= 1");
    std::vector<double> grid(static_cast<std::size_t>(points), first);
    for (int k = 1; k < points; ++k)
        grid[std::size_t(k)] = first * std::pow(reach, double(k) / (points - 1));
    return grid;
}

/// fit(value) for each value of the grid in its order; the results. fit starts from where it stood: it holds
/// the model by reference.
///
///     auto const errors = follow(geometric_grid(1, 1e-3, 20), [&](double l2) { ...; return error; });
template <class Fit>
auto follow(std::vector<double> const& grid, Fit&& fit) {
    std::vector<std::decay_t<decltype(fit(0.0))>> results;
    results.reserve(grid.size());
    for (double const value : grid)
        results.push_back(fit(value));
    return results;
}

/// The solutions of an elastic net over a grid of penalties.
template <class T>
struct lasso_path_result {
    std::vector<double> alpha = {};  ///< penalty of each point, falling
    matrix<T> w = {};                ///< points x features
    vector<T> bias = {};             ///< one a point; 0 without a bias
    std::vector<index> nonzeros = {};
    std::vector<double> gap = {};  ///< duality gap of each point
};

/// The regularization path of the lasso and the elastic net: penalties alpha from the smallest that makes all
/// weights 0 down to `reach` times it, with l1 = alpha mix and l2 = alpha (1 - mix), each solved by
/// coordinate_descent from the solution before it (Friedman, Hastie & Tibshirani, 2010). Same grid as
/// scikit-learn's lasso_path and enet_path.
struct lasso_path {
    int points = 100;
    double reach = 1e-3;  ///< last alpha over the first; in (0, 1]
    double mix = 1;       ///< share of l1: 1 is the lasso; in (0, 1]
    double tolerance = 1e-4;
    std::int64_t passes = 10000;

    /// Solves the path of p, whose own l2 is added to that of each point. Throws descent::error for bad
    /// settings, empty data, and where no column goes with the targets, so that all weights are 0 for every
    /// penalty.
    template <class Rows>
    auto run(linear_problem<Rows, loss::squared> const& p, bool with_bias = true) const {
        using T = typename Rows::scalar;
        expect(mix > 0 && mix <= 1, "lasso_path: mix = ", mix, ": must be in (0, 1]");
        vector<T> w = vector<T>::Zero(p.features());
        T bias = 0;
        vector_view<T> const weights(w.data(), w.size()), offset(&bias, with_bias);
        coordinate_descent{.l1 = 1, .tolerance = tolerance, .passes = passes}.check(p, weights, offset);

        detail::design<Rows> columns(p.rows, with_bias);
        double largest = 0;
        for (index j = 0; j < p.features(); ++j)
            if (columns.square(j) > T(0))
                largest = std::fmax(largest, std::fabs(double(columns.correlation(j))));
        expect(largest > 0 && std::isfinite(largest),
               "lasso_path: the largest product of a column and the targets is ", largest,
               ": must be finite and > 0");
        lasso_path_result<T> found{.alpha = geometric_grid(largest / mix, reach, points)};
        found.w.resize(points, p.features());
        found.bias.resize(points);
        follow(found.alpha, [&](double alpha) {
            auto const at = index(found.gap.size());
            coordinate_descent const method{.l1 = alpha * mix, .tolerance = tolerance, .passes = passes};
            auto const end = method.run_on(columns, p.l2 + alpha * (1 - mix), weights, offset, unwatched{});
            found.w.row(at) = w;
            found.bias[at] = bias;
            found.gap.push_back(end.gap);
            index count = 0;
            for (T const weight : w)
                count += weight != T(0);
            found.nonzeros.push_back(count);
            return 0;
        });
        return found;
    }
};

}  // namespace descent::solve
