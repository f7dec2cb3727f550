// SPDX-License-Identifier: MIT
#include <catch2/catch_test_macros.hpp>

#include <cmath>
#include <limits>

#include <descent/solve/sampled_newton.hpp>

#include "linear_table.hpp"

namespace descent::linear_table {

namespace {

/// The mean of (x - c_i)^2 / 2 over samples c_i = 0, 1, 2, ...: the optimum is their mean.
struct middle {
    index count = 0, stride = 1;
    double spoiled = 0;

    index samples() const { return count; }
    middle sampled(index n, std::uint64_t) const { return {n, count * stride / n, spoiled}; }

    double operator()(vector_view<double const> x, vector_view<double> g) const {
        double value = 0, slope = 0;
        for (index i = 0; i < count; ++i) {
            double const off = x[0] - double(i * stride);
            value += off * off / 2 / double(count);
            slope += off / double(count);
        }
        g[0] = slope;
        return value + spoiled;
    }
    void hessian_product(vector_view<double const> v, vector_view<double> out) const { out[0] = v[0]; }
};

struct met {
    double x;
    solve::outcome end;
};
met solved_by(solve::sampled_newton const& method, middle f, index size = 1) {
    vector<double> x = vector<double>::Zero(size);
    auto const end = method.run<middle, double>(f, vector_view<double>(x.data(), size), solve::unwatched{});
    return {size ? x[0] : 0, end};
}

}  // namespace

TEST_CASE("solve sampled_newton: from a sample to all, the optimum of all") {
    for (index const count : {1, 2, 999, 20000}) {
        auto const made = solved_by({.tolerance = 1e-10}, {count});
        CHECK(made.end.status == status::converged);
        CHECK(std::abs(made.x - double(count - 1) / 2) <= 1e-4 * double(count - 1));
    }
}

TEST_CASE("solve sampled_newton: bad settings by name, a value that is not finite is a status") {
    auto const complaint = [](solve::sampled_newton const& method, index size = 1) {
        return message_of([&] { solved_by(method, {5}, size); });
    };
    double const infinite = std::numeric_limits<double>::infinity();
    CHECK(complaint({.tolerance = 0}) == "sampled_newton: tolerance = 0: must be finite and > 0");
    CHECK(complaint({.tolerance = infinite}) == "sampled_newton: tolerance = inf: must be finite and > 0");
    CHECK(complaint({.iterations = -1}) == "sampled_newton: iterations = -1: must be >= 0");
    CHECK(complaint({.growth = 1}) == "sampled_newton: growth = 1: must be in [1.5, 1e6]");
    CHECK(complaint({.growth = 2e6}) == "sampled_newton: growth = 2e+06: must be in [1.5, 1e6]");
    CHECK(complaint({.share = 0}) == "sampled_newton: share = 0: must be in (0, 1]");
    CHECK(complaint({.share = 1.5}) == "sampled_newton: share = 1.5: must be in (0, 1]");
    CHECK(complaint({}, 0) == "sampled_newton: x is empty");
    CHECK(solved_by({}, {5, 1, infinite}).end.status == status::diverged);
    CHECK(solved_by({.iterations = 0}, {5}).end.status == status::finished);
}

}  // namespace descent::linear_table
