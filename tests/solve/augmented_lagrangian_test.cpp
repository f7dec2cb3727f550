// SPDX-License-Identifier: MIT
#include <cmath>
#include <functional>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include <descent/solve/augmented_lagrangian.hpp>
#include <solve/solvers.hpp>
#include "message.hpp"

// Problems of Nocedal & Wright (2006, chapter 12) and of Hock & Schittkowski (1981), with their optima.

using namespace descent;
using solve::augmented_lagrangian;
using solve::constrained;
using solve::no_functions;
using solve::vector_function;

namespace {

/// Constraints as one type, so that the method is instantiated once per number type.
template <class T>
using functions =
    vector_function<std::function<void(vector_view<T const> const&, vector_view<T>&, matrix_view<T>*)>>;
template <class T>
using problem = constrained<any_problem<T>, functions<T>, functions<T>>;

template <class T>
functions<T> const nothing{0, {}};

template <class T>
vector<T> point(std::initializer_list<double> numbers) {
    vector<T> x(std::ssize(numbers));
    for (descent::index i = 0; i < x.size(); ++i)
        x[i] = T(numbers.begin()[i]);
    return x;
}

/// How the run ended, if not at `optimum` within `within`.
template <class T>
std::string wrong(problem<T> p, vector<T> x, std::initializer_list<double> optimum, double value,
                  double within) {
    auto const r = solve_by<T>(augmented_lagrangian{.tolerance = within / 10}, p, x);
    double const away = (x - point<T>(optimum)).cwiseAbs().maxCoeff();
    bool const good =
        r.status == status::converged && away <= within && std::fabs(r.value - value) <= 10 * within;
    return good ? "" : text(to_text(r.status), ", ", r.reason, ", value ", r.value, ", away ", away);
}

/// x^2 + y^2 - 2 and its negative.
template <class T, int Sign>
functions<T> circle() {
    return {1, [](auto const& x, auto& c, auto* J) {
                c[0] = T(Sign) * (x.squaredNorm() - 2);
                if (J)
                    *J = T(Sign * 2) * x.transpose();
            }};
}

template <class T>
any_problem<T> sum() {
    return {[](auto const& x, auto& g) {
        g.setOnes();
        return double(x.sum());
    }};
}

}  // namespace

TEMPLATE_TEST_CASE("solve augmented_lagrangian: equalities, inequalities, both and none", "", float, double) {
    using T = TestType;
    double const within = sizeof(T) == 4 ? 1e-2 : 1e-5;
    // min x + y on the circle, and in the disc (Nocedal & Wright, 12.1 and 12.2).
    CHECK(wrong<T>({sum<T>(), circle<T, 1>(), nothing<T>}, point<T>({1, 0.5}), {-1, -1}, -2, within) == "");
    CHECK(wrong<T>({sum<T>(), nothing<T>, circle<T, -1>()}, point<T>({1, 0.5}), {-1, -1}, -2, within) == "");
    // An inequality that does not bind.
    auto const q = problem_of<T>(problems::quadratic{5});
    functions<T> const far{1, [](auto const& x, auto& c, auto* J) {
                               c[0] = x[0] + 10;
                               if (J)
                                   *J << 1, 0;
                           }};
    CHECK(wrong<T>({q, nothing<T>, far}, point<T>({3, 4}), {1, 1}, 0, within) == "");
    CHECK(wrong<T>({q, nothing<T>, nothing<T>}, point<T>({3, 4}), {1, 1}, 0, within) == "");
    // HS 71: min x0 x3 (x0 + x1 + x2) + x2, x.x = 40, x0 x1 x2 x3 >= 25, 1 <= x <= 5.
    any_problem<T> const hs71{[](auto const& x, auto& g) {
        T const s = x[0] + x[1] + x[2];
        g[0] = x[3] * (s + x[0]);
        g[1] = x[0] * x[3];
        g[2] = x[0] * x[3] + 1;
        g[3] = x[0] * s;
        return double(x[0] * x[3] * s + x[2]);
    }};
    functions<T> const sphere{1, [](auto const& x, auto& c, auto* J) {
                                  c[0] = x.squaredNorm() - 40;
                                  if (J)
                                      *J = 2 * x.transpose();
                              }};
    functions<T> const bounds{9, [](auto const& x, auto& c, auto* J) {
                                  c[0] = x.prod() - 25;
                                  if (J)
                                      J->setZero();
                                  for (int k = 0; k < 4; ++k) {
                                      c[1 + k] = x[k] - 1;
                                      c[5 + k] = 5 - x[k];
                                      if (J) {
                                          (*J)(0, k) = x.prod() / x[k];
                                          (*J)(1 + k, k) = 1;
                                          (*J)(5 + k, k) = -1;
                                      }
                                  }
                              }};
    CHECK(wrong<T>({hs71, sphere, bounds}, point<T>({1, 5, 5, 1}), {1, 4.74299963, 3.82114998, 1.37940829},
                   17.0140173, within) == "");
}

TEST_CASE(
    "solve augmented_lagrangian: contradictions, what is not finite, watchers, the optimum as the start") {
    functions<double> const both{2, [](auto const& x, auto& c, auto* J) {
                                     c[0] = x[0] - 1;
                                     c[1] = x[0] + 1;
                                     if (J)
                                         J->col(0).setOnes();
                                 }};
    problem<double> impossible{problem_of<double>(problems::quadratic{5}), both, nothing<double>};
    vector<double> x = point<double>({3});
    auto const stuck = solve_by<double>(augmented_lagrangian{}, impossible, x);
    CHECK((stuck.status == status::stalled && stuck.gradient_norm > 1 && std::fabs(x[0]) < 1));

    problem<double> broken{any_problem<double>{[](auto const&, auto& g) {
                               g.setZero();
                               return std::nan("");
                           }},
                           both, nothing<double>};
    x = point<double>({3});
    CHECK((solve_by<double>(augmented_lagrangian{}, broken, x).status == status::diverged && x[0] == 3));

    problem<double> disc{sum<double>(), circle<double, 1>(), nothing<double>};
    vector<double> y = point<double>({1, 0.5});
    auto const stopped = solve_by<double>(augmented_lagrangian{}, disc, y, [](solve::progress const& p) {
        return verdict{p.iteration == 2, status::stopped, "enough"};
    });
    CHECK((stopped.status == status::stopped && stopped.iterations == 2 && stopped.reason == "enough"));

    auto free = constrained{problem_of<double>(problems::quadratic{5}), no_functions{}};
    vector<double> z = point<double>({1, 1, 1});
    auto const still = solve_by<double>(augmented_lagrangian{}, free, z);
    CHECK((still.status == status::converged && still.iterations == 0));
}

TEST_CASE("solve augmented_lagrangian: settings out of range are named") {
    auto const message = [](augmented_lagrangian const& m) { return message_of([&] { m.check(1); }); };
    CHECK(message({.penalty = 0}) == "augmented_lagrangian: penalty = 0: must be finite and > 0");
    CHECK(message({.growth = 1}) == "augmented_lagrangian: growth = 1: must be finite and > 1");
    CHECK(message({.inner = {.memory = 0}}) == "lbfgs: memory = 0: must be >= 1");
    CHECK(message_of([] { augmented_lagrangian{}.check(0); }) == "augmented_lagrangian: x is empty");
}
