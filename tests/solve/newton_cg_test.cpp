// SPDX-License-Identifier: MIT
#include <cmath>
#include <utility>

#include <catch2/catch_test_macros.hpp>

#include <descent/solve/newton_cg.hpp>
#include <solve/solvers.hpp>
#include "message.hpp"

using namespace descent;
using solve::newton_cg;

namespace {

/// Quadratic whose products and, on wish, diagonal are asked for and counted.
template <bool Diagonal>
struct counted_quadratic {
    problems::quadratic q;
    int products = 0;

    template <class X, class G>
    double operator()(X const& x, G& g) const {
        return q(x, g);
    }
    template <class V, class O>
    void hessian_product(V const& v, O& out) {
        ++products;
        q.hessian_product(v, out);
    }
    template <class O>
    void hessian_diagonal(O& out) const requires Diagonal {
        for (descent::index i = 0; i < out.size(); ++i)
            out[i] = q.curvature(i, out.size());
    }
};

/// x^4 / 4 - x^2 / 2 + y^2 / 2: a saddle at 0, minima of -1/4 at (-1, 0) and (1, 0).
struct saddle {
    double last = 0;

    template <class X, class G>
    double operator()(X const& x, G& g) {
        last = x[0];
        g[0] = x[0] * x[0] * x[0] - x[0];
        g[1] = x[1];
        return 0.25 * std::pow(x[0], 4) - 0.5 * x[0] * x[0] + 0.5 * x[1] * x[1];
    }
    template <class V, class O>
    void hessian_product(V const& v, O& out) const {
        out[0] = (3 * last * last - 1) * v[0];
        out[1] = v[1];
    }
};

}  // namespace

TEST_CASE("solve newton_cg: Rosenbrock in about the evaluations of a plain trust region") {
    // SciPy 1.17, trust-ncg: 30 and 463 evaluations for n = 2 and 100 (gradient norm 1e-6).
    for (auto const& [n, most] : {std::pair{2, 60}, {10, 120}, {100, 463}}) {
        problems::rosenbrock f;
        vector<double> x = problems::rosenbrock::start(n);
        auto const r = solve_by<double>(newton_cg{}, f, x);
        bool const there = r.value < 1e-10 || std::fabs(r.value - 3.9866) < 1e-4;  // the local one near x0 = -1
        CHECK((r.status == status::converged && there && r.evaluations <= most));
    }
}

TEST_CASE("solve newton_cg: one step solves a quadratic whose diagonal is known") {
    auto const products = [](auto f) {
        vector<double> x = vector<double>::Zero(200);
        auto const r = solve_by<double>(newton_cg{}, f, x);
        CHECK((r.status == status::converged && r.value < 1e-9));
        return f.products;
    };
    int const plain = products(counted_quadratic<false>{{1e6}}),
              helped = products(counted_quadratic<true>{{1e6}});
    CHECK(helped <= 20);
    CHECK(plain > 10 * helped);
}

TEST_CASE("solve newton_cg: negative curvature leads away from a saddle") {
    saddle f;
    vector<double> x(2);
    x << 1e-3, 2;
    auto const r = solve_by<double>(newton_cg{}, f, x);
    CHECK((r.status == status::converged && std::fabs(r.value + 0.25) < 1e-9 && std::fabs(x[0] - 1) < 1e-5));
}

TEST_CASE("solve newton_cg: settings out of range are named") {
    auto const message = [](newton_cg const& m) { return message_of([&] { m.check(1); }); };
    CHECK(message({.forcing = 1}) == "newton_cg: forcing = 1: must be in (0, 1)");
    CHECK(message({.products = 0}) == "newton_cg: products = 0: must be >= 1");
}
