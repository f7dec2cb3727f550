// SPDX-License-Identifier: MIT
#include <cmath>

#include <catch2/catch_test_macros.hpp>

#include "optim/rows.hpp"

// Named problems in two unknowns, from their usual start points.
namespace {

struct point {
    double x, y;
};

struct problem {
    char const* name;
    point start;
    double (*value)(point);
    point (*slope)(point);
};

double const pi = 3.14159265358979323846;

problem const sphere{"sphere",
                     {3, -4},
                     [](point p) { return p.x * p.x + p.y * p.y; },
                     [](point p) {
                         return point{2 * p.x, 2 * p.y};
                     }};

// Rosenbrock, 1960; minimum 0 at (1, 1).
problem const rosenbrock{"Rosenbrock",
                         {-1.2, 1},
                         [](point p) {
                             double const a = 1 - p.x, b = p.y - p.x * p.x;
                             return a * a + 100 * b * b;
                         },
                         [](point p) {
                             double const b = p.y - p.x * p.x;
                             return point{-2 * (1 - p.x) - 400 * p.x * b, 200 * b};
                         }};

// Beale, 1958; minimum 0 at (3, 0.5).
problem const beale{"Beale",
                    {1, 1},
                    [](point p) {
                        double sum = 0, power = p.y;
                        for (double const c : {1.5, 2.25, 2.625}) {
                            double const r = c - p.x + p.x * power;
                            sum += r * r;
                            power *= p.y;
                        }
                        return sum;
                    },
                    [](point p) {
                        point slope{0, 0};
                        double power = p.y, n = 1;
                        for (double const c : {1.5, 2.25, 2.625}) {
                            double const r = c - p.x + p.x * power;
                            slope.x += 2 * r * (power - 1);
                            slope.y += 2 * r * p.x * n * power / p.y;
                            power *= p.y;
                            n += 1;
                        }
                        return slope;
                    }};

// Himmelblau, 1972; four minima of value 0.
problem const himmelblau{"Himmelblau",
                         {0, 0},
                         [](point p) {
                             double const a = p.x * p.x + p.y - 11, b = p.x + p.y * p.y - 7;
                             return a * a + b * b;
                         },
                         [](point p) {
                             double const a = p.x * p.x + p.y - 11, b = p.x + p.y * p.y - 7;
                             return point{4 * p.x * a + 2 * b, 2 * a + 4 * p.y * b};
                         }};

// Rastrigin, 1974, from inside the basin of the global minimum 0 at (0, 0).
problem const rastrigin{
    "Rastrigin",
    {0.3, -0.4},
    [](point p) {
        return 20 + p.x * p.x - 10 * std::cos(2 * pi * p.x) + p.y * p.y - 10 * std::cos(2 * pi * p.y);
    },
    [](point p) {
        return point{2 * p.x + 20 * pi * std::sin(2 * pi * p.x), 2 * p.y + 20 * pi * std::sin(2 * pi * p.y)};
    }};

/// The value where the rule of that row arrives.
double reached(problem const& f, char const* rule, double rate, int steps) {
    descent::params<double> weights{{"p", {2}}};
    auto gradients = weights.like();
    double *const w = weights.data(), *const g = gradients.data();
    w[0] = f.start.x;
    w[1] = f.start.y;
    auto const subject = rows::named<double>(rule).make(weights, 0);
    if (rate > 0)
        subject->rate(rate);
    for (int step = 0; step < steps; ++step) {
        point const slope = f.slope({w[0], w[1]});
        g[0] = slope.x;
        g[1] = slope.y;
        subject->step(gradients);
    }
    return f.value({w[0], w[1]});
}

}  // namespace

TEST_CASE("optim problems: the slopes are the slopes") {
    for (problem const& f : {sphere, rosenbrock, beale, himmelblau, rastrigin}) {
        INFO(f.name);
        point const at{f.start.x + 0.1, f.start.y + 0.2}, slope = f.slope(at);
        double const h = 1e-6;
        CHECK(std::abs((f.value({at.x + h, at.y}) - f.value({at.x - h, at.y})) / (2 * h) - slope.x) < 1e-4);
        CHECK(std::abs((f.value({at.x, at.y + h}) - f.value({at.x, at.y - h})) / (2 * h) - slope.y) < 1e-4);
    }
}

// Rules that divide by a running size of the gradient never come to rest at a constant rate: near the minimum,
// where both vanish, they take a step of the rate's length now and then, and rounding decides when.
TEST_CASE("optim problems: sphere") {
    CHECK(reached(sphere, "sgd", 0.1, 200) < 1e-12);
    CHECK(reached(sphere, "momentum", 0.05, 500) < 1e-12);
    CHECK(reached(sphere, "nesterov", 0.05, 500) < 1e-12);
    CHECK(reached(sphere, "adam", 0.1, 1000) < 1e-3);
    CHECK(reached(sphere, "nadam", 0.1, 1000) < 1e-3);
    CHECK(reached(sphere, "rprop", 0, 1000) < 1e-10);
    CHECK(reached(sphere, "adagrad", 2.0, 2000) < 1e-12);
}

TEST_CASE("optim problems: Rosenbrock") {
    CHECK(reached(rosenbrock, "momentum", 5e-4, 20'000) < 1e-8);
    CHECK(reached(rosenbrock, "nesterov", 1e-3, 20'000) < 1e-8);
    CHECK(reached(rosenbrock, "adam", 1e-2, 20'000) < 1e-3);
    CHECK(reached(rosenbrock, "amsgrad", 1e-1, 20'000) < 1e-3);
    CHECK(reached(rosenbrock, "sgd", 1e-3, 50'000) < 1e-8);
}

TEST_CASE("optim problems: Beale") {
    CHECK(reached(beale, "momentum", 1e-3, 20'000) < 1e-10);
    CHECK(reached(beale, "adam", 1e-2, 20'000) < 1e-3);
    CHECK(reached(beale, "nadam", 1e-3, 20'000) < 1e-3);
    CHECK(reached(beale, "adamax", 1e-2, 20'000) < 1e-3);
    CHECK(reached(beale, "rprop", 0, 2000) < 1e-10);
}

TEST_CASE("optim problems: Himmelblau") {
    CHECK(reached(himmelblau, "sgd", 1e-2, 1000) < 1e-12);
    CHECK(reached(himmelblau, "momentum", 2e-3, 2000) < 1e-12);
    CHECK(reached(himmelblau, "adam", 5e-2, 5000) < 1e-3);
    CHECK(reached(himmelblau, "radam", 5e-2, 5000) < 1e-3);
    CHECK(reached(himmelblau, "rmsprop", 1e-2, 2000) < 1e-2);  // circles within its rate
    CHECK(reached(himmelblau, "lion", 1e-3, 5000) < 1e-3);     // likewise
}

TEST_CASE("optim problems: Rastrigin") {
    CHECK(reached(rastrigin, "sgd", 1e-3, 2000) < 1e-12);
    CHECK(reached(rastrigin, "nesterov", 1e-3, 2000) < 1e-12);
    CHECK(reached(rastrigin, "adam", 1e-2, 5000) < 1e-3);
    CHECK(reached(rastrigin, "yogi", 1e-2, 5000) < 1e-3);
}
