// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include <catch2/catch_test_macros.hpp>

#include "optim/rows.hpp"

// Each rule beside a few lines of plain double arithmetic, written from the paper or torch's documentation with
// the formulas as they stand there: 20 steps on one weight, with the hyperparameters of the rule's row.
namespace {

/// State that starts at 0; t counts from 1.
struct scalar {
    std::array<double, 4> s{};
    double t = 0;
};

double const pi = 3.14159265358979323846;

/// Gradients of every sign and size, one exact zero among them.
double gradient(int step) { return step == 7 ? 0 : std::sin(1.7 * step) * std::pow(2, step % 5 - 2); }

/// The new weight from the old one, the gradient and the state: what an oracle is.
template <class Oracle>
void compare(char const* name, Oracle const& oracle) {
    INFO(name);
    descent::params<double> weights{{"w", {1}}};
    auto gradients = weights.like();
    double expected = weights.data()[0] = 0.75;
    scalar state;
    auto const subject = rows::named<double>(name).make(weights, 0);
    for (int step = 1; step <= 20; ++step) {
        gradients.data()[0] = gradient(step);
        subject->step(gradients);
        state.t = step;
        expected = oracle(expected, gradient(step), state);
        CHECK(std::abs(weights.data()[0] - expected) <= 1e-12 * std::max(1.0, std::abs(expected)));
    }
}

double sign(double x) { return x > 0 ? 1 : x < 0 ? -1 : 0; }

/// The step of Adam without the rate.
double adam(double g, scalar& k, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8) {
    k.s[0] = beta1 * k.s[0] + (1 - beta1) * g;
    k.s[1] = beta2 * k.s[1] + (1 - beta2) * g * g;
    double const m_hat = k.s[0] / (1 - std::pow(beta1, k.t)), v_hat = k.s[1] / (1 - std::pow(beta2, k.t));
    return m_hat / (std::sqrt(v_hat) + epsilon);
}

}  // namespace

TEST_CASE("optim oracle: momentum and descent") {
    compare("sgd", [](double w, double g, scalar&) { return w - 0.1 * g; });
    compare("momentum", [](double w, double g, scalar& k) {
        k.s[0] = k.t == 1 ? g : 0.9 * k.s[0] + (1 - 0.3) * g;
        return w - 0.05 * k.s[0];
    });
    compare("momentum averaged", [](double w, double g, scalar& k) {
        k.s[0] = 0.9 * k.s[0] + (1 - 0.9) * g;
        return w - 0.3 * k.s[0];
    });
    compare("nesterov", [](double w, double g, scalar& k) {
        k.s[0] = 0.9 * k.s[0] + g;
        return w - 0.05 * (g + 0.9 * k.s[0]);
    });
    compare("sign_sgd", [](double w, double g, scalar&) { return w - 0.01 * sign(g); });
    compare("lion", [](double w, double g, scalar& k) {
        double const u = sign(0.9 * k.s[0] + (1 - 0.9) * g);
        k.s[0] = 0.99 * k.s[0] + (1 - 0.99) * g;
        return w - 0.02 * u;
    });
    compare("l2", [](double w, double g, scalar&) { return w - 0.1 * (g + 0.01 * w); });
    compare("decay", [](double w, double g, scalar& k) {
        k.s[0] = 0.9 * k.s[0] + g;
        return w * (1 - 0.05 * 0.01) - 0.05 * k.s[0];
    });
    compare("clip", [](double w, double g, scalar&) { return w - 0.1 * std::clamp(g, -0.5, 0.5); });
    compare("clip_norm",
            [](double w, double g, scalar&) { return w - 0.1 * g * std::min(1.0, 1 / std::abs(g)); });
}

TEST_CASE("optim oracle: the family of Adam") {
    compare("adam", [](double w, double g, scalar& k) { return w - 0.05 * adam(g, k); });
    compare("adamw", [](double w, double g, scalar& k) { return w * (1 - 0.05 * 0.01) - 0.05 * adam(g, k); });
    compare("amsgrad", [](double w, double g, scalar& k) {
        k.s[0] = 0.9 * k.s[0] + 0.1 * g;
        k.s[1] = 0.95 * k.s[1] + (1 - 0.95) * g * g;
        k.s[2] = std::max(k.s[2], k.s[1]);
        double const denominator = std::sqrt(k.s[2]) / std::sqrt(1 - std::pow(0.95, k.t)) + 1e-8;
        return w - 0.05 / (1 - std::pow(0.9, k.t)) * k.s[0] / denominator;
    });
    compare("adamax", [](double w, double g, scalar& k) {
        k.s[0] = 0.9 * k.s[0] + (1 - 0.9) * g;
        k.s[1] = std::max(0.999 * k.s[1], std::abs(g) + 1e-8);
        return w - 0.05 / (1 - std::pow(0.9, k.t)) * k.s[0] / k.s[1];
    });
    auto const nadam = [](double w, double g, scalar& k, double beta2) {
        auto const mu = [](double t) { return 0.9 * (1 - 0.5 * std::pow(0.96, t * 0.004)); };
        double product = 1;
        for (int t = 1; t <= int(k.t); ++t)
            product *= mu(t);
        k.s[0] = 0.9 * k.s[0] + (1 - 0.9) * g;
        k.s[1] = beta2 * k.s[1] + (1 - beta2) * g * g;
        double const denominator = std::sqrt(k.s[1] / (1 - std::pow(beta2, k.t))) + 1e-8;
        return w - 0.05 * (1 - mu(k.t)) / (1 - product) * g / denominator -
               0.05 * mu(k.t + 1) / (1 - product * mu(k.t + 1)) * k.s[0] / denominator;
    };
    compare("nadam", [&](double w, double g, scalar& k) { return nadam(w, g, k, 0.999); });
    compare("vary nadam", [&](double w, double g, scalar& k) { return nadam(w, g, k, 0.99); });
    compare("radam", [](double w, double g, scalar& k) {
        double const b = std::pow(0.99, k.t), limit = 2 / (1 - 0.99) - 1, r = limit - 2 * k.t * b / (1 - b);
        k.s[0] = 0.9 * k.s[0] + (1 - 0.9) * g;
        k.s[1] = 0.99 * k.s[1] + (1 - 0.99) * g * g;
        double const m_hat = k.s[0] / (1 - std::pow(0.9, k.t));
        if (r <= 5)
            return w - 0.05 * m_hat;
        double const rect = std::sqrt((r - 4) * (r - 2) * limit / ((limit - 4) * (limit - 2) * r));
        return w - 0.05 * m_hat * rect * std::sqrt(1 - b) / (std::sqrt(k.s[1]) + 1e-8);
    });
    compare("yogi", [](double w, double g, scalar& k) {
        if (k.t == 1)
            k.s[0] = k.s[1] = 1e-6;
        k.s[0] = 0.9 * k.s[0] + (1 - 0.9) * g;
        k.s[1] = k.s[1] - (1 - 0.999) * sign(k.s[1] - g * g) * g * g;
        double const v_hat = k.s[1] / (1 - std::pow(0.999, k.t));
        return w - 0.05 * k.s[0] / (1 - std::pow(0.9, k.t)) / (std::sqrt(v_hat) + 1e-3);
    });
    compare("vary", [](double w, double g, scalar& k) {
        double const beta1 = 0.9 * std::pow(0.999, k.t - 1);
        return w - 0.05 * adam(g, k, beta1);
    });
    compare("clip_norm adam decay rate", [](double w, double g, scalar& k) {
        double const rate = 0.1 * (1 + std::cos(pi * (k.t - 1) / 300)) / 2;
        double const u = adam(g * std::min(1.0, 1 / std::abs(g == 0 ? 1 : g)), k, 0.9, 0.95);
        return w - rate * (u + 0.01 * w);
    });
    compare("lamb", [](double w, double g, scalar& k) {
        double const u = adam(g, k, 0.9, 0.999, 1e-6) + 1e-4 * w;
        return w - 0.01 * std::abs(w) / std::abs(u) * u;
    });
    compare("lars", [](double w, double g, scalar& k) {
        double const u = g + 1e-4 * w;
        k.s[0] = 0.9 * k.s[0] + 0.01 * std::abs(w) / std::abs(u) * u;
        return w - k.s[0];
    });
}

TEST_CASE("optim oracle: rates of their own for each weight") {
    compare("adagrad", [](double w, double g, scalar& k) {
        k.s[0] = (k.t == 1 ? 0.1 : k.s[0]) + g * g;
        return w - 0.5 / (1 + (k.t - 1) * 0.01) * g / (std::sqrt(k.s[0]) + 1e-10);
    });
    compare("adadelta", [](double w, double g, scalar& k) {
        k.s[0] = 0.9 * k.s[0] + (1 - 0.9) * g * g;
        double const d = std::sqrt(k.s[1] + 1e-3) / std::sqrt(k.s[0] + 1e-3) * g;
        k.s[1] = 0.9 * k.s[1] + (1 - 0.9) * d * d;
        return w - d;
    });
    compare("rmsprop", [](double w, double g, scalar& k) {
        k.s[0] = 0.9 * k.s[0] + (1 - 0.9) * g * g;
        return w - 0.01 * g / (std::sqrt(k.s[0]) + 1e-8);
    });
    compare("rmsprop centered momentum", [](double w, double g, scalar& k) {
        k.s[0] = 0.9 * k.s[0] + (1 - 0.9) * g * g;
        k.s[1] = 0.9 * k.s[1] + (1 - 0.9) * g;
        k.s[2] = 0.5 * k.s[2] + g / (std::sqrt(k.s[0] - k.s[1] * k.s[1]) + 1e-8);
        return w - 0.005 * k.s[2];
    });
    compare("rprop", [](double w, double g, scalar& k) {
        double& step = k.s[0];
        double& before = k.s[1];
        if (k.t == 1)
            step = 0.01;
        if (g * before > 0)
            step = std::min(step * 1.2, 50.0);
        else if (g * before < 0)
            step = std::max(step * 0.5, 1e-6), g = 0;
        before = g;
        return w - sign(g) * step;
    });
    compare("asgd", [](double w, double g, scalar& k) {
        double const eta = 0.1 / std::pow(1 + 1e-4 * 0.1 * (k.t - 1), 0.75);
        return w * (1 - 1e-4 * eta) - eta * g;
    });
}

TEST_CASE("optim oracle: accumulation waits and takes the mean") {
    compare("accumulate", [](double w, double g, scalar& k) {
        k.s[3] += g;
        if (int(k.t) % 3)
            return w;
        scalar inner{{k.s[0], k.s[1]}, k.t / 3};
        double const u = adam(k.s[3] / 3, inner);
        k.s = {inner.s[0], inner.s[1], 0, 0};
        return w - 0.05 * u;
    });
}

namespace {

/// The average after 20 steps of the row whose weights follow `weight`, beside `expected`.
void compare_average(char const* name, int slot, double expected) {
    INFO(name);
    descent::params<double> weights{{"w", {1}}};
    auto gradients = weights.like();
    weights.data()[0] = 0.75;
    auto const subject = rows::named<double>(name).make(weights, 0);
    for (int step = 1; step <= 20; ++step) {
        gradients.data()[0] = gradient(step);
        subject->step(gradients);
    }
    CHECK(std::abs(subject->state().slots[std::size_t(slot)].data()[0] - expected) <= 1e-12);
}

}  // namespace

TEST_CASE("optim oracle: averages of the weights") {
    std::vector<double> path{0.75};  // of plain descent at rate 0.1
    for (int step = 1; step <= 20; ++step)
        path.push_back(path.back() - 0.1 * gradient(step));

    double average = path[1];
    for (std::size_t step = 2; step <= 20; ++step)
        average = 0.9 * average + (1 - 0.9) * path[step];
    compare_average("ema", 0, average);

    average = 0;
    for (std::size_t step = 3; step <= 20; step += 2)
        average += path[step] / 9;
    compare_average("swa", 0, average);

    double slow = 0.75, fast = 0.75;
    for (int step = 1; step <= 20; ++step) {
        fast -= 0.1 * gradient(step);
        if (step % 3 == 0)
            fast = slow += 0.5 * (fast - slow);
    }
    compare_average("lookahead", 0, slow);
    compare("lookahead", [](double w, double g, scalar& k) {
        if (k.t == 1)
            k.s[0] = w;
        w -= 0.1 * g;
        return int(k.t) % 3 ? w : k.s[0] += 0.5 * (w - k.s[0]);
    });

    // torch.optim.ASGD: the mean of the weights after steps 12, 13, ... for t0 = 10.
    double w = 0.75;
    average = 0;
    for (int step = 1; step <= 20; ++step) {
        double const eta = 0.1 / std::pow(1 + 1e-5 * (step - 1), 0.75);
        w = w * (1 - 1e-4 * eta) - eta * gradient(step);
        if (step >= 12)
            average += w / 9;
    }
    compare_average("asgd", 0, average);
}
