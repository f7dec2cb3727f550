// SPDX-License-Identifier: MIT
#include <cmath>
#include <limits>
#include <string>

#include <catch2/catch_test_macros.hpp>

#include <descent/core/error.hpp>
#include <descent/solve/line_search.hpp>
#include "message.hpp"

// The test functions of More & Thuente, Line search algorithms with guaranteed sufficient decrease (1994), with
// the numbers of evaluations that their tables I to III report from steps 1e-3, 1e-1, 10 and 1000.

using namespace descent::solve;
using descent::text;

namespace {

double const pi = std::acos(-1.0);

line_point first(double a) {
    double const b = a * a + 2;
    return {a, -a / b, (a * a - 2) / (b * b)};
}

line_point second(double a) {
    double const t = a + 0.004;
    return {a, std::pow(t, 5) - 2 * std::pow(t, 4), 5 * std::pow(t, 4) - 8 * std::pow(t, 3)};
}

/// A valley with ripples: 39 half waves.
line_point third(double a) {
    double const beta = 0.01, l = 39;
    double const bowl = a <= 1 - beta   ? 1 - a
                        : a >= 1 + beta ? a - 1
                                        : (a - 1) * (a - 1) / (2 * beta) + beta / 2;
    double const slope = a <= 1 - beta ? -1 : a >= 1 + beta ? 1 : (a - 1) / beta;
    return {a, bowl + 2 * (1 - beta) / (l * pi) * std::sin(l * pi * a / 2),
            slope + (1 - beta) * std::cos(l * pi * a / 2)};
}

/// What is wrong with the search from `step`; "" if nothing is.
template <class Phi>
std::string wrong(Phi phi, strong_wolfe const& search, double step, int published) {
    int calls = 0;
    auto const counted = [&](double a) {
        ++calls;
        return phi(a);
    };
    line_point const start = phi(0.0);
    auto const r = search(counted, start, step);
    bool const low = r.at.value <= start.value + search.decrease * r.at.step * start.slope;
    bool const flat = std::fabs(r.at.slope) <= search.curvature * std::fabs(start.slope);
    bool const told = r.found && r.lower && r.at.value == phi(r.at.step).value;
    return low && flat && told && calls <= published + 3
               ? ""
               : text("from ", step, ": step ", r.at.step, " after ", calls, "; ");
}

template <class Phi>
std::string wrong(Phi phi, strong_wolfe const& search, int a, int b, int c, int d) {
    return wrong(phi, search, 1e-3, a) + wrong(phi, search, 0.1, b) + wrong(phi, search, 10, c) +
           wrong(phi, search, 1000, d);
}

}  // namespace

TEST_CASE("solve line_search: strong Wolfe steps of More and Thuente's functions, in about their evaluations") {
    CHECK(wrong(first, {.decrease = 1e-3, .curvature = 0.101}, 6, 3, 1, 4) == "");
    CHECK(wrong(second, {.decrease = 0.1, .curvature = 0.1001}, 12, 8, 8, 11) == "");
    CHECK(wrong(third, {.decrease = 0.1, .curvature = 0.1001}, 12, 12, 10, 13) == "");
}

TEST_CASE("solve line_search: what is not finite shortens the step") {
    auto const wall = [](double a) -> line_point {  // 1 at 0, lowest at 0.5, nothing from 0.7 on
        if (a > 0.7)
            return {a, std::numeric_limits<double>::quiet_NaN(), 0};
        return {a, (a - 0.5) * (a - 0.5), 2 * (a - 0.5)};
    };
    auto const r = strong_wolfe{.curvature = 0.1}(wall, wall(0), 1e6);
    CHECK((r.found && std::fabs(r.at.step - 0.5) <= 0.05));
    CHECK((armijo{}(wall, wall(0), 1e6).found));
    auto const never = [](double a) -> line_point { return {a, std::numeric_limits<double>::infinity(), 0}; };
    for (auto const& result :
         {strong_wolfe{}(never, line_point{0, 1, -1}, 1), armijo{}(never, line_point{0, 1, -1}, 1)})
        CHECK((!result.found && !result.lower && result.at.step == 0 && result.at.value == 1));
}

TEST_CASE("solve line_search: no descent, wrong slopes, few evaluations and functions without a bottom") {
    auto const up = [](double a) -> line_point { return {a, a, -1}; };  // the slope lies
    int calls = 0;
    auto const counted = [&](double a) {
        ++calls;
        return up(a);
    };
    CHECK(!strong_wolfe{}(counted, up(0), 1).lower);
    CHECK(calls <= 40);
    CHECK(!armijo{}(up, up(0), 1).lower);
    CHECK(!strong_wolfe{}(up, {0, 0, 1}, 1).lower);
    CHECK(!armijo{}(up, {0, 0, 0}, 1).lower);

    // Two evaluations are not enough for the conditions, but a lower point is kept, and asked for last.
    double last = 0;
    auto const bowl = [&](double a) -> line_point {
        last = a;
        return {a, (a - 1) * (a - 1), 2 * (a - 1)};
    };
    auto const cut = strong_wolfe{.decrease = 1e-6, .curvature = 1e-5, .evaluations = 2}(bowl, bowl(0), 1.7);
    CHECK((cut.found || (cut.lower && last == cut.at.step && cut.at.value < 1)));

    auto const endless = [](double a) -> line_point { return {a, -a, -1}; };
    auto const far = strong_wolfe{.longest = 1e6}(endless, endless(0), 1);
    CHECK((!far.found && far.lower && far.at.step == 1e6));
}

TEST_CASE("solve line_search: where rounding hides the decrease the slopes decide") {
    // Values in steps of 1e-3 around 1000; the minimum is at 1, 5e-7 below the start.
    auto const coarse = [](double a) -> line_point {
        double const exact = 1000 + 5e-7 * (a - 1) * (a - 1);
        return {a, std::floor(exact * 1e3 + 0.5) / 1e3, 1e-6 * (a - 1)};
    };
    auto const r = strong_wolfe{.curvature = 0.1}(coarse, coarse(0), 7, 1e-3);
    CHECK((r.found && !r.lower && std::fabs(r.at.step - 1) <= 0.1));
    CHECK(!strong_wolfe{.curvature = 0.1}(coarse, coarse(0), 7).found);
}

TEST_CASE("solve line_search: settings out of range are named") {
    CHECK(message_of([] { armijo{.decrease = 0.5}.check(); }) == "armijo: decrease = 0.5: must be in (0, 0.5)");
    CHECK(message_of([] { armijo{.evaluations = 0}.check(); }) == "armijo: evaluations = 0: must be >= 1");
    CHECK(message_of([] { strong_wolfe{.decrease = 0}.check(); }) ==
          "strong_wolfe: decrease = 0: must be in (0, 0.5)");
    CHECK(message_of([] { strong_wolfe{.decrease = 0.3, .curvature = 0.2}.check(); }) ==
          "strong_wolfe: curvature = 0.2: must be in (decrease, 1)");
    CHECK(message_of([] { strong_wolfe{.evaluations = 0}.check(); }) ==
          "strong_wolfe: evaluations = 0: must be >= 1");
    CHECK(message_of([] { strong_wolfe{.longest = 0}.check(); }) == "strong_wolfe: longest = 0: must be > 0");
}
