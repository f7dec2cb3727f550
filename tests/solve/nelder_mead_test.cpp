// SPDX-License-Identifier: MIT
#include <cmath>
#include <functional>
#include <limits>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include <descent/solve/nelder_mead.hpp>
#include <solve/solvers.hpp>
#include "message.hpp"

using namespace descent;
using solve::nelder_mead;

namespace {

template <class T>
using plain = std::function<double(vector_view<T const> const&)>;

template <class T, class P>
plain<T> values_of(P p) {
    return [p](auto const& x) mutable {
        vector<T> g(x.size());
        return p(x, g);
    };
}

template <class T>
vector<T> point(std::initializer_list<double> numbers) {
    vector<T> x(std::ssize(numbers));
    for (descent::index i = 0; i < x.size(); ++i)
        x[i] = T(numbers.begin()[i]);
    return x;
}

}  // namespace

TEST_CASE("solve nelder_mead: the named problems in SciPy's evaluations") {
    // SciPy 1.17, adaptive, xatol = fatol = 1e-8.
    auto const wrong = [](auto p, vector<double> x, int scipy) {
        auto f = values_of<double>(p);
        auto const r = solve_by<double>(nelder_mead{.tolerance = 1e-8}, f, x);
        return r.status == status::converged && r.value < 1e-15 && std::isnan(r.gradient_norm) &&
                       double(r.evaluations) <= 1.1 * scipy
                   ? ""
                   : text(to_text(r.status), " ", r.value, " ", r.evaluations);
    };
    CHECK(wrong(problems::rosenbrock{}, point<double>({-1.2, 1}), 219) == std::string());
    CHECK(wrong(problems::beale{}, point<double>({1, 1}), 162) == std::string());
    CHECK(wrong(problems::himmelblau{}, point<double>({0, 0}), 214) == std::string());
    CHECK(wrong(problems::powell_singular{}, point<double>({3, -1, 0, 1}), 1077) == std::string());
    CHECK(wrong(problems::wood{}, point<double>({-3, -1, -3, -1}), 907) == std::string());
}

TEMPLATE_TEST_CASE("solve nelder_mead: one variable, an optimum far away, kinks, what is not finite, watchers",
                   "", float, double) {
    using T = TestType;
    auto const ends_at = [](plain<T> f, vector<T> x, double at, double within) {
        auto const r = solve_by<T>(nelder_mead{}, f, x);
        return r.status == status::converged && (x.array() - T(at)).abs().maxCoeff() <= T(within) &&
               !r.reason.empty();
    };
    CHECK(ends_at([](auto const& x) { return double(std::fabs(x[0] - 3)); }, point<T>({0}), 3, 1e-4));
    CHECK(ends_at([](auto const& x) { return double((x.array() - 1000).square().sum()); }, point<T>({1, 2, 3}),
                  1000, 1e-2));
    CHECK(ends_at(
        [](auto const& x) { return x.minCoeff() > 0 ? double((x.array() - x.array().log()).sum()) : NAN; },
        point<T>({0.001, 30}), 1, 1e-2));
    CHECK(ends_at([](auto const& x) { return double(T(1e6) + x.squaredNorm()); }, point<T>({1, 1}), 0, 1));

    plain<T> nothing = [](auto const&) { return std::numeric_limits<double>::quiet_NaN(); };
    vector<T> x = point<T>({4, 5});
    CHECK((solve_by<T>(nelder_mead{}, nothing, x).status == status::diverged && x == point<T>({4, 5})));

    plain<T> valley = values_of<T>(problems::rosenbrock{});
    vector<T> seen;
    auto const r = solve_by<T>(nelder_mead{}, valley, x, [&](solve::progress const& p) {
        vector<T> g(2);
        seen = x;
        CHECK(problems::rosenbrock{}(x, g) == p.value);  // the best corner
        return verdict{p.iteration == 7, status::stopped, "enough"};
    });
    CHECK((r.status == status::stopped && r.iterations == 7 && r.reason == "enough" && seen == x));
    auto const cut = solve_by<T>(nelder_mead{.iterations = 0}, valley, x);
    CHECK((cut.status == status::finished && cut.iterations == 0));
}

TEST_CASE("solve nelder_mead: settings out of range are named") {
    auto const message = [](nelder_mead const& m, descent::index n) { return message_of([&] { m.check(n); }); };
    CHECK(message({}, 0) == "nelder_mead: x is empty");
    CHECK(message({.size = 0}, 1) == "nelder_mead: size = 0: must be finite and > 0");
    CHECK(message({.tolerance = -1}, 1) == "nelder_mead: tolerance = -1: must be >= 0");
}
