// SPDX-License-Identifier: MIT
#include <catch2/catch_test_macros.hpp>

#include <cmath>

#include <descent/solve/path.hpp>

#include "linear_table.hpp"

namespace descent::linear_table {

TEST_CASE("solve path: the lasso path equals scikit-learn's lasso_path") {
    data::dataset<double> table;
    table.x.resize(30, 60);
    table.y.resize(30);
    for (index i = 0; i < 30; ++i) {
        for (index j = 0; j < 60; ++j)
            table.x(i, j) = double((i * 7 + j * 13 + i * i * (j + 2) + j * j * i) % 101 - 50) / 40;
        table.y[i] =
            2 * table.x(i, 0) - table.x(i, 5) + 0.5 * table.x(i, 17) + double((i * 5) % 7 - 3) / 10 + 1.5;
    }
    auto const p = solve::linear_problem{data::all_of(table), loss::squared{}};
    auto const path = solve::lasso_path{.points = 5, .reach = 1e-2, .tolerance = 1e-13}.run(p);
    // lasso_path(X - mean, y - mean, eps=1e-2, n_alphas=5, tol=1e-13): alphas, non-zeros, sums of |w|.
    double const alpha[] = {0.9084270833333332, 0.28726986715169184, 0.09084270833333333, 0.028726986715169187,
                            0.009084270833333333};
    double const size[] = {0, 2.054296686536525, 3.060576283806679, 3.6002811741485314, 4.170400942402881};
    index const count[] = {0, 3, 4, 14, 21};
    bool equal = true;
    for (index k = 0; k < 5; ++k)
        equal = equal && std::abs(path.alpha[std::size_t(k)] - alpha[k]) < 1e-12 &&
                std::abs(path.w.row(k).lpNorm<1>() - size[k]) < 1e-6 &&
                path.nonzeros[std::size_t(k)] == count[k] && path.gap[std::size_t(k)] < 1e-12;
    CHECK(equal);
    // Each point is the solution that is found without the ones before it.
    auto const alone = run(solve::coordinate_descent{.l1 = alpha[3], .tolerance = 1e-13}, p, true);
    CHECK((path.w.row(3).transpose() - alone.w).norm() < 1e-6);
    CHECK(std::abs(path.bias[3] - alone.b) < 1e-6);
    auto const net = solve::lasso_path{.points = 3, .mix = 0.5, .tolerance = 1e-12}.run(p);
    CHECK(std::abs(net.alpha[0] - 2 * alpha[0]) < 1e-12);
    CHECK(net.w.row(0).norm() == 0);

    CHECK(message_of([&] { solve::lasso_path{.mix = 0}.run(p); }) == "lasso_path: mix = 0: must be in (0, 1]");
    CHECK(message_of([&] { solve::lasso_path{.points = 0}.run(p); }) ==
          "geometric_grid: points = 0: must be >= 1");
    CHECK(message_of([&] { solve::lasso_path{.reach = 2}.run(p); }) ==
          "geometric_grid: reach = 2: must be in (0, 1]");
    CHECK(message_of([] { solve::geometric_grid(-1, 0.5, 3); }) ==
          "geometric_grid: first = -1: must be finite and > 0");
    table.y.setZero();
    CHECK(message_of([&] { solve::lasso_path{}.run(p); }) ==
          "lasso_path: the largest product of a column and the targets is 0: must be finite and > 0");
}

TEST_CASE("solve path: follow calls in order and collects") {
    double stood = 0;
    auto const seen = solve::follow(solve::geometric_grid(8, 0.125, 4), [&](double value) {
        stood = stood * 10 + value;
        return stood;
    });
    REQUIRE(seen.size() == 4);
    CHECK(std::abs(seen[3] - 8421) < 1e-9);
}

}  // namespace descent::linear_table
