// SPDX-License-Identifier: MIT
#include <cmath>
#include <limits>
#include <vector>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include <descent/solve/barzilai_borwein.hpp>
#include <descent/solve/bfgs.hpp>
#include <descent/solve/conjugate_gradient.hpp>
#include <descent/solve/gradient_descent.hpp>
#include <descent/solve/lbfgs.hpp>
#include <descent/solve/lbfgsb.hpp>
#include <descent/solve/newton_cg.hpp>
#include <solve/solvers.hpp>
#include "message.hpp"

// What every smooth method promises, by one row each.

using namespace descent;
using solve::outcome;
using solve::progress;

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
constexpr double inf = std::numeric_limits<double>::infinity();

struct limits {
    std::int64_t iterations = 20'000;
    double tolerance = 1e-4;
};

template <class T>
struct row {
    std::string name;
    outcome (*run)(any_problem<T>&, vector<T>&, watcher const&, limits);
};

template <class M, class T>
outcome run_limited(any_problem<T>& f, vector<T>& x, watcher const& watch, limits most) {
    M m;
    m.iterations = most.iterations;
    m.tolerance = most.tolerance;
    return solve_by<T>(m, f, x, watch);
}

template <class T>
std::vector<row<T>> rows() {
    return {{"gradient_descent", run_limited<solve::gradient_descent, T>},
            {"barzilai_borwein", run_limited<solve::barzilai_borwein, T>},
            {"conjugate_gradient", run_limited<solve::conjugate_gradient, T>},
            {"lbfgs", run_limited<solve::lbfgs, T>},
            {"lbfgsb", run_limited<solve::lbfgsb, T>},
            {"bfgs", run_limited<solve::bfgs, T>},
            {"newton_cg", run_limited<solve::newton_cg, T>}};
}

verdict go_on(progress const&) { return {}; }

/// Names of the rows for which broken(row) says what is wrong.
template <class T, class Check>
std::string broken(Check const& check) {
    std::string all;
    for (row<T> const& each : rows<T>())
        if (std::string const what = check(each); !what.empty())
            all += each.name + ": " + what + "; ";
    return all;
}

template <class T>
vector<T> filled(descent::index n, double number) {
    return vector<T>::Constant(n, T(number));
}

/// Value at x, asked apart from the run.
template <class T>
double value_at(any_problem<T> f, vector<T> const& x) {
    vector<T> g(x.size());
    vector_view<T const> const at(x.data(), x.size());
    vector_view<T> out(g.data(), g.size());
    return f.value(at, out);
}

std::string told(outcome const& r) {
    return text(to_text(r.status), ", ", r.reason, ", value ", r.value, ", ", r.iterations, " iterations");
}

template <class T>
std::string solves(row<T> const& method, any_problem<T> f, vector<T> x, double at, double within) {
    std::int64_t watched = 0;
    bool same = true;
    auto const r = method.run(f, x,
                              [&](progress const& p) {
                                  same = same && p.iteration == ++watched && p.evaluations == f.calls &&
                                         value_at(f, x) == p.value;
                                  return verdict{};
                              },
                              {});
    bool const near = (x.array() - T(at)).abs().maxCoeff() <= T(within);
    bool const kept = value_at(f, x) == r.value && r.evaluations == f.calls && r.iterations == watched;
    bool const ended = r.status == status::converged && r.gradient_norm <= 1e-4 && !r.reason.empty();
    return near && kept && same && ended ? "" : told(r);
}

/// sum x - log x: nothing on the left of 0, the optimum is at 1.
template <class T>
any_problem<T> barrier() {
    auto const last = std::make_shared<vector<T>>();
    return {[last](auto const& x, auto& g) {
                *last = x;
                g = (1 - x.array().inverse()).matrix();
                return x.minCoeff() > 0 ? double((x.array() - x.array().log()).sum()) : not_a_number;
            },
            [last](auto const& v, auto& out) { out = (v.array() / last->array().square()).matrix(); }};
}

}  // namespace

TEMPLATE_TEST_CASE("solve contract: every method finds the optimum and tells of it", "", float, double) {
    using T = TestType;
    for (descent::index const n : {1, 5, 33})
        CHECK(broken<T>([&](auto const& m) {
                  return solves<T>(m, problem_of<T>(problems::quadratic{100}), filled<T>(n, -3), 1, 1e-4);
              }) == "");
    // A start whose gradient is 9999, with nothing beyond 0.
    CHECK(broken<T>([&](auto const& m) { return solves<T>(m, barrier<T>(), filled<T>(7, 1e-4), 1, 1e-3); }) ==
          "");
    CHECK(broken<T>([&](auto const& m) {
              return solves<T>(m, problem_of<T>(problems::rosenbrock{}), problems::rosenbrock::start<T>(2), 1,
                               1e-3);
          }) == "");
}

TEMPLATE_TEST_CASE("solve contract: a start at the optimum is kept, and so is one where f is not finite", "",
                   float, double) {
    using T = TestType;
    CHECK(broken<T>([&](auto const& m) {
              auto f = problem_of<T>(problems::quadratic{});
              auto x = filled<T>(3, 1);
              auto const r = m.run(f, x, go_on, {20, 0});
              return r.status == status::converged && r.iterations == 0 && r.evaluations == 1 && r.value == 0 &&
                             r.gradient_norm == 0 && x == filled<T>(3, 1)
                         ? ""
                         : told(r);
          }) == "");
    for (double const wrong : {not_a_number, inf, -inf})
        for (bool const in_gradient : {false, true})
            CHECK(broken<T>([&](auto const& m) {
                      any_problem<T> f{[&](auto const&, auto& g) {
                          g.setConstant(T(in_gradient ? wrong : 1));
                          return in_gradient ? 1 : wrong;
                      }};
                      auto x = filled<T>(3, 2);
                      auto const r = m.run(f, x, go_on, {});
                      return r.status == status::diverged && x == filled<T>(3, 2) && !r.reason.empty()
                                 ? ""
                                 : told(r);
                  }) == "");
}

TEMPLATE_TEST_CASE("solve contract: gradients that do not belong to the value stall at the start", "", float,
                   double) {
    using T = TestType;
    CHECK(broken<T>([&](auto const& m) {
              problems::quadratic const right{10};
              any_problem<T> f{[&](auto const& x, auto& g) {
                                   double const value = right(x, g);
                                   g = -g;
                                   return value;
                               },
                               [&](auto const& v, auto& out) { right.hessian_product(v, out); }};
              auto x = filled<T>(4, 3);
              double const before = value_at(f, x);
              auto const r = m.run(f, x, go_on, {200});
              return r.status == status::stalled && value_at(f, x) <= before * (1 + 1e-5) &&
                             r.value == value_at(f, x)
                         ? ""
                         : told(r);
          }) == "");
}

TEMPLATE_TEST_CASE("solve contract: values rounded away end in an honest stop at the optimum", "", float,
                   double) {
    using T = TestType;
    CHECK(broken<T>([&](auto const& m) {
              problems::quadratic const q{30, 1e6};
              any_problem<T> f{[&](auto const& x, auto& g) { return double(T(q(x, g))); },
                               [&](auto const& v, auto& out) { q.hessian_product(v, out); }};
              auto x = filled<T>(6, 40);
              auto const r = m.run(f, x, go_on, {5000, 0});
              // The optimum is 1e6; one ulp of it is 0.06 in float.
              return (r.status == status::stalled || r.status == status::converged) && r.value <= 1e6 + 1
                         ? ""
                         : told(r);
          }) == "");
}

TEMPLATE_TEST_CASE("solve contract: watchers and limits stop a run, functions without a bottom do not break it",
                   "", float, double) {
    using T = TestType;
    CHECK(broken<T>([&](auto const& m) {
              auto f = problem_of<T>(problems::rosenbrock{});
              auto x = problems::rosenbrock::start<T>(6);
              auto const r = m.run(f, x,
                                   [](progress const& p) {
                                       return verdict{p.iteration == 3, status::out_of_time, "enough"};
                                   },
                                   {});
              return r.status == status::out_of_time && r.reason == "enough" && r.iterations == 3 ? ""
                                                                                                  : told(r);
          }) == "");
    for (int const most : {0, 2})
        CHECK(broken<T>([&](auto const& m) {
                  auto f = problem_of<T>(problems::rosenbrock{});
                  auto x = problems::rosenbrock::start<T>(6);
                  auto const r = m.run(f, x, go_on, {most});
                  bool const moved = x != problems::rosenbrock::start<T>(6);
                  return r.status == status::finished && r.iterations == most && moved == (most > 0) &&
                                 r.value == value_at(f, x)
                             ? ""
                             : told(r);
              }) == "");
    CHECK(broken<T>([&](auto const& m) {
              any_problem<T> f{[](auto const& x, auto& g) {
                                   g.setOnes();
                                   return double(x.sum());
                               },
                               [](auto const&, auto& out) { out.setZero(); }};
              auto x = filled<T>(3, 0);
              auto const r = m.run(f, x, go_on, {300});
              return x.allFinite() && r.value < -1e3 && std::isfinite(r.value) ? "" : told(r);
          }) == "");
}

TEST_CASE("solve contract: settings out of range are named") {
    for (auto const& m : rows<double>()) {
        auto const message = [&](descent::index n, limits most) {
            return message_of([&] {
                auto f = problem_of<double>(problems::quadratic{});
                auto x = filled<double>(n, 0);
                m.run(f, x, go_on, most);
            });
        };
        CHECK(message(0, {}) == m.name + ": x is empty");
        CHECK(message(1, {-1}) == m.name + ": iterations = -1: must be >= 0");
        CHECK(message(1, {1, not_a_number}) == m.name + ": tolerance = nan: must be >= 0");
    }
}
