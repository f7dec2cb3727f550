// SPDX-License-Identifier: MIT
#include <catch2/catch_test_macros.hpp>

#include <cmath>

#include <descent/linear/logistic_regression.hpp>
#include <descent/loss/logistic.hpp>
#include <descent/solve/coordinate_descent.hpp>
#include <descent/solve/dual_coordinate_descent.hpp>
#include <descent/solve/hogwild.hpp>
#include <descent/solve/saga.hpp>
#include <descent/solve/sampled_newton.hpp>

#include "linear_table.hpp"

// Column numbers of 16 bits: every method goes the same way, to the last bit.
namespace descent::linear_table {

namespace {

template <class Method, class Loss>
bool alike(Method const& method, Loss const& loss, data::sparse_dataset<float> const& wide,
           data::sparse_dataset<float, std::uint16_t> const& thin) {
    auto const a = run(method, solve::linear_problem{data::all_of(wide), loss, 0.01}, true);
    auto const b = run(method, solve::linear_problem{data::all_of(thin), loss, 0.01}, true);
    return a.w == b.w && a.b == b.b && a.value == b.value && a.end.iterations == b.end.iterations &&
           a.w.squaredNorm() > 0;
}

/// The objective of all rows, and of a copy of some.
template <class Method>
bool alike_by_passes(Method const& method, data::sparse_dataset<float> const& wide,
                     data::sparse_dataset<float, std::uint16_t> const& thin) {
    linear::logistic_regression<float> model{wide.features(), {.l2 = 0.01}};
    auto const end = [&](auto const& table) {
        auto f = model.objective(data::all_of(table));
        vector<float> x = vector<float>::Zero(model.params().arena_size());
        method.template run<decltype(f), float>(f, vector_view<float>(x.data(), x.size()), solve::unwatched{});
        return x;
    };
    vector<float> const x = end(wide);
    return x == end(thin) && x.squaredNorm() > 0;
}

}  // namespace

TEST_CASE("solve narrow: methods by rows and columns give the same bits for columns of 16 and 32 bits") {
    auto full = labelled<float>(301, 9);
    full.weights = vector<float>::LinSpaced(301, 0.5f, 2.f);
    auto const wide = sparse(full);
    auto const thin = data::narrow(wide);
    CHECK(alike(solve::dual_coordinate_descent{.tolerance = 1e-6}, loss::logistic{}, wide, thin));
    CHECK(alike(solve::saga{.l1 = 1e-3, .passes = 7}, loss::logistic{}, wide, thin));
    CHECK(alike(solve::hogwild<>{.passes = 3}, loss::logistic{}, wide, thin));
    CHECK(alike(solve::coordinate_descent{.l1 = 1e-3}, loss::squared{}, wide, thin));
}

TEST_CASE("solve narrow: methods by passes give the same bits for columns of 16 and 32 bits") {
    auto const wide = sparse(labelled<float>(1501, 9));
    auto const thin = data::narrow(wide);
    CHECK(alike_by_passes(solve::sampled_newton{}, wide, thin));
}

}  // namespace descent::linear_table
