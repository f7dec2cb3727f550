// SPDX-License-Identifier: MIT
// Minimize your own function, three ways: with its gradient, without one, and as a sum over samples.
#include <cstdio>

#include <descent/descent.hpp>

using namespace descent;

int main() {
    // Rosenbrock's banana valley, (1 - x)^2 + 100 (y - x^2)^2: easy to enter, hard to follow to its minimum at
    // (1, 1). An objective returns the value at x and writes the gradient to g; x and g are Eigen vectors.
    auto const banana = [](auto const& x, auto& g) {
        double const a = 1 - x[0], b = x[1] - x[0] * x[0];
        g[0] = -2 * a - 400 * x[0] * b;
        g[1] = 200 * b;
        return a * a + 100 * b * b;
    };

    // 1. With the gradient. A recipe is a chain of rules: what to do with the gradient (adam), how far to go
    // (rate).
    //    Any rule can stand there, and any schedule can stand for the rate.
    Eigen::Vector2d x{-1.2, 1.0};
    auto report = minimize(banana, x, chain(adam{}, rate{cosine{0.1, 2000}}), {.epochs = 2000});
    std::printf("with a gradient     (%.4f, %.4f)  f = %.1e  %s\n", x[0], x[1], report.loss,
                report.reason.c_str());

    // Plain gradient descent needs a small rate here, and still many more steps.
    x = {-1.2, 1.0};
    report = minimize(banana, x, chain(sgd{}, rate{1e-3}), {.epochs = 20'000});
    std::printf("gradient descent    (%.4f, %.4f)  f = %.1e  %s\n", x[0], x[1], report.loss,
                report.reason.c_str());

    // A rate that is too large is no exception: the report says so, and x is the best point that was seen.
    x = {-1.2, 1.0};
    report = minimize(banana, x, chain(sgd{}, rate{0.1}), {.epochs = 100});
    std::printf("rate too large      (%.4f, %.4f)  f = %.1e  %s: %s\n", x[0], x[1], report.best_loss,
                std::string(to_text(report.status)).c_str(), report.reason.c_str());

    // 2. Without a gradient. differentiate() carries derivatives through your formula (exactly, by dual
    // numbers), and
    //    numeric_gradient() takes differences of any function, even one that it cannot look into.
    auto const value = [](auto const& at) {
        auto const a = 1.0 - at[0], b = at[1] - at[0] * at[0];
        return a * a + 100.0 * b * b;
    };
    x = {-1.2, 1.0};
    report = minimize(differentiate(value), x, chain(adam{}, rate{cosine{0.1, 2000}}), {.epochs = 2000});
    std::printf("dual numbers        (%.4f, %.4f)  f = %.1e  %s\n", x[0], x[1], report.loss,
                report.reason.c_str());
    x = {-1.2, 1.0};
    report = minimize(numeric_gradient(value), x, chain(adam{}, rate{cosine{0.1, 2000}}), {.epochs = 2000});
    std::printf("differences         (%.4f, %.4f)  f = %.1e  %s\n", x[0], x[1], report.loss,
                report.reason.c_str());

    // 3. A sum over samples: the gradient of sample i is ADDED to g. Now every batch policy works. Here the
    // mean of
    //    1000 normal draws around 3, found one mini-batch at a time.
    generator const draws{.seed = 1};
    auto const distance = [=](long i, auto const& at, auto& g) {
        double const error = at[0] - (3 + draws.normal<double>(std::uint64_t(i)));
        g[0] += error;
        return error * error / 2;
    };
    Eigen::VectorXd mean = Eigen::VectorXd::Zero(1);
    report = minimize(sum_over{1000, distance}, mean, chain(sgd{}, rate{cosine{0.1, 320}}),
                      {.epochs = 10, .batch = mini_batch{32}});
    std::printf("mean of 1000 draws  %.3f after %td updates\n", mean[0], report.steps);
}
