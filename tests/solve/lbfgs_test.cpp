// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include <descent/solve/barzilai_borwein.hpp>
#include <descent/solve/bfgs.hpp>
#include <descent/solve/conjugate_gradient.hpp>
#include <descent/solve/gradient_descent.hpp>
#include <descent/solve/lbfgs.hpp>
#include <solve/solvers.hpp>
#include "message.hpp"

using namespace descent;
using solve::conjugacy;
using solve::conjugate_gradient;

namespace {

/// A named problem with the evaluations of SciPy 1.17 to a gradient norm of 1e-6 (L-BFGS-B with 10 pairs, BFGS,
/// CG).
struct named {
    char const* name;
    any_problem<double> f;
    vector<double> start;
    int lbfgs, bfgs, cg;
};

vector<double> point(std::initializer_list<double> numbers) {
    return Eigen::Map<vector<double> const>(numbers.begin(), std::ssize(numbers));
}

std::vector<named> problems_with_counts() {
    using namespace problems;
    return {{"rosenbrock 2", problem_of<double>(rosenbrock{}), rosenbrock::start(2), 45, 40, 80},
            {"rosenbrock 10", problem_of<double>(rosenbrock{}), rosenbrock::start(10), 93, 84, 578},
            {"rosenbrock 100", problem_of<double>(rosenbrock{}), rosenbrock::start(100), 617, 644, 2115},
            {"beale", problem_of<double>(beale{}), point({1, 1}), 16, 17, 51},
            {"himmelblau", problem_of<double>(himmelblau{}), point({0, 0}), 16, 17, 24},
            {"powell singular", problem_of<double>(powell_singular{}), point({3, -1, 0, 1}), 52, 46, 137},
            {"wood", problem_of<double>(wood{}), point({-3, -1, -3, -1}), 119, 107, 138},
            {"quadratic 1e2", problem_of<double>(quadratic{1e2}), vector<double>::Zero(100), 98, 89, 159},
            {"quadratic 1e4", problem_of<double>(quadratic{1e4}), vector<double>::Zero(100), 933, 117, 2416}};
}

/// Where m needs more than `share` of the reference's evaluations, or does not reach the optimum: 0, or
/// 3.98657911..., a local one of Rosenbrock's chain.
template <class M>
std::string slower(M const& m, int named::*reference, double share) {
    std::string all;
    for (named& each : problems_with_counts()) {
        vector<double> x = each.start;
        auto const r = solve_by<double>(m, each.f, x);
        bool const there = r.value < 1e-8 || std::fabs(r.value - 3.98657911) < 1e-7;
        if (r.status != status::converged || !there || double(r.evaluations) > share * each.*reference)
            all += text(each.name, ": ", to_text(r.status), " at ", r.value, " after ", r.evaluations, "; ");
    }
    return all;
}

}  // namespace

TEST_CASE("solve lbfgs: the named problems in about the evaluations of the references") {
    CHECK(slower(solve::lbfgs{}, &named::lbfgs, 1.4) == "");
    CHECK(slower(solve::bfgs{}, &named::bfgs, 1.4) == "");
    CHECK(slower(conjugate_gradient{}, &named::cg, 4) == "");
    CHECK(slower(conjugate_gradient{.formula = conjugacy::hager_zhang}, &named::cg, 8) == "");
    CHECK(slower(conjugate_gradient{.formula = conjugacy::dai_yuan}, &named::cg, 60) == "");
    CHECK(slower(solve::barzilai_borwein{}, &named::cg, 20) == "");
}

TEST_CASE("solve lbfgs: one pair and many pairs, a quadratic in n steps") {
    // With exact line searches and n pairs L-BFGS is the method of conjugate gradients (Nocedal, 1980).
    auto q = problem_of<double>(problems::quadratic{50});
    vector<double> x = vector<double>::Zero(6);
    auto const exact = solve_by<double>(
        solve::lbfgs{.memory = 6, .tolerance = 1e-8, .line_search = {.decrease = 1e-10, .curvature = 1e-9}}, q,
        x);
    CHECK((exact.status == status::converged && exact.iterations <= 7));
    for (int const memory : {1, 100}) {
        auto f = problem_of<double>(problems::rosenbrock{});
        vector<double> y = problems::rosenbrock::start(5);
        CHECK(solve_by<double>(solve::lbfgs{.memory = memory}, f, y).status == status::converged);
    }
}

TEST_CASE("solve lbfgs: numbers far from 1") {
    for (double const unit : {1e-12, 1e12}) {  // of the value
        any_problem<double> f{[unit](auto const& x, auto& g) {
            double const value = problems::quadratic{10}(x, g);
            g *= unit;
            return unit * value;
        }};
        vector<double> x = vector<double>::Constant(4, -7);
        auto const r = solve_by<double>(solve::lbfgs{.tolerance = 1e-6 * unit}, f, x);
        CHECK((r.status == status::converged && (x.array() - 1).abs().maxCoeff() < 1e-5));
    }
    any_problem<float> steep{[](auto const& x, auto& g) {  // squares of its gradient overflow in float
        g = 1e25F * x;
        return 0.5e25 * double(x.squaredNorm());
    }};
    vector<float> y = vector<float>::Constant(3, 2);
    CHECK(solve_by<float>(solve::lbfgs{}, steep, y).value < 1e10);
}

TEST_CASE("solve gradient_descent: both conditions") {
    for (auto const accept :
         {solve::gradient_descent::condition::armijo, solve::gradient_descent::condition::wolfe}) {
        auto f = problem_of<double>(problems::quadratic{10});
        vector<double> x = vector<double>::Zero(8);
        auto const r = solve_by<double>(solve::gradient_descent{.accept = accept}, f, x);
        CHECK((r.status == status::converged && r.iterations < 200));
    }
}

TEST_CASE("solve barzilai_borwein: values may rise within the memory, the lowest point is kept") {
    std::vector<double> values;
    auto f = problem_of<double>(problems::rosenbrock{});
    vector<double> x = problems::rosenbrock::start(2);
    auto const r =
        solve_by<double>(solve::barzilai_borwein{.iterations = 40}, f, x, [&](solve::progress const& p) {
            values.push_back(p.value);
            return verdict{};
        });
    bool rose = false;
    for (std::size_t i = 1; i < values.size(); ++i) {
        rose = rose || values[i] > values[i - 1];
        CHECK(values[i] <
              *std::max_element(values.begin() + std::max(0, int(i) - 10), values.begin() + int(i)));
    }
    CHECK(rose);
    CHECK(r.value == *std::min_element(values.begin(), values.end()));
    vector<double> g(2);
    CHECK(problems::rosenbrock{}(x, g) == r.value);
}

TEST_CASE("solve lbfgs: settings out of range are named") {
    auto const message = [](auto const& m) { return message_of([&] { m.check(1); }); };
    CHECK(message(solve::lbfgs{.memory = 0}) == "lbfgs: memory = 0: must be >= 1");
    CHECK(message(solve::lbfgs{.line_search = {.curvature = 2}}) ==
          "strong_wolfe: curvature = 2: must be in (decrease, 1)");
    CHECK(message(solve::barzilai_borwein{.memory = -3}) == "barzilai_borwein: memory = -3: must be >= 1");
    CHECK(message_of([] { solve::bfgs{}.check(20'001); }) ==
          "bfgs: x has 20001 numbers: must be <= 20000; lbfgs takes more");
}
