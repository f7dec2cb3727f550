// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include <descent/optim/adafactor.hpp>
#include <descent/optim/optimizer.hpp>

#include "optim/rows.hpp"

using descent::adafactor;
using descent::optimizer;
using descent::params;

namespace {

/// The paper's algorithm 4 on one matrix, or on a vector as algorithm 5, in double.
struct oracle {
    adafactor rule;
    std::size_t rows, columns;  // a vector has no rows
    double machine_epsilon;
    std::vector<double> r, c;
    int t = 0;

    void step(std::vector<double>& w, std::vector<double> const& g) {
        r.resize(rows);
        c.resize(columns);
        double const gain = std::pow(++t, -rule.beta2_decay), epsilon = machine_epsilon;
        std::vector<double> update(w.size());
        if (rows == 0) {
            for (std::size_t i = 0; i < w.size(); ++i) {
                c[i] = (1 - gain) * c[i] + gain * g[i] * g[i];
                update[i] = g[i] / std::sqrt(std::max(c[i], epsilon * epsilon));
            }
        } else {
            std::vector<double> row(rows), column(columns);
            for (std::size_t i = 0; i < w.size(); ++i) {
                row[i / columns] += g[i] * g[i] / double(columns);
                column[i % columns] += g[i] * g[i] / double(rows);
            }
            double mean = 0;
            for (std::size_t i = 0; i < rows; ++i)
                mean += (r[i] = (1 - gain) * r[i] + gain * row[i]) / double(rows);
            for (std::size_t j = 0; j < columns; ++j)
                c[j] = (1 - gain) * c[j] + gain * column[j];
            for (std::size_t i = 0; i < w.size(); ++i)
                update[i] = g[i] / std::sqrt(std::max(r[i / columns] * c[i % columns] / std::max(mean, epsilon),
                                                      epsilon * epsilon));
        }
        double const rho = std::min(rule.rate, 1 / std::sqrt(double(t)));
        double const alpha = std::max(rule.epsilon2, rms(w)) * rho,
                     clipped = std::max(1.0, rms(update) / rule.clip);
        for (std::size_t i = 0; i < w.size(); ++i)
            w[i] = w[i] * (1 - rule.rate * rule.decay) - alpha / clipped * update[i];
    }

    static double rms(std::vector<double> const& x) {
        double total = 0;
        for (double const value : x)
            total += value * value;
        return std::sqrt(total / double(x.size()));
    }
};

template <class T>
std::vector<double> numbers(params<T> const& from) {
    auto const view = from["w"];
    return {view.data, view.data + view.size()};
}

std::string complaint(adafactor rule) {
    params<float> w{{"w", {2, 2}}};
    try {
        optimizer opt{rule, w};
    } catch (descent::error const& e) {
        return e.what();
    }
    return {};
}

}  // namespace

TEMPLATE_TEST_CASE("optim adafactor: the paper's formula, for matrices and vectors", "", float, double) {
    using T = TestType;
    adafactor const rules[] = {{.rate = 0.1},
                               {.rate = 0.9, .beta2_decay = 0.5, .epsilon2 = 2, .clip = 0.3, .decay = 0.05}};
    for (adafactor const& rule : rules)
        for (auto const& extents :
             {descent::shape{}, {1}, {9}, {1, 1}, {1, 7}, {7, 1}, {13, 6}, {300, 70}, {3, 9000}, {20'000}}) {
            params<T> w{{"w", extents}}, g = w.like();
            rows::fill(w, 5);
            bool const factored = extents.rank() == 2;
            oracle reference{rule,
                             factored ? std::size_t(extents[0]) : 0,
                             std::size_t(factored ? extents[1] : extents.size()),
                             double(std::numeric_limits<T>::epsilon()),
                             {},
                             {}};
            auto expected = numbers(w);
            optimizer opt{rule, w};
            for (int step = 1; step <= 3; ++step) {
                rows::fill(g, 90'000 * std::uint64_t(step));
                opt.step(g);
                reference.step(expected, numbers(g));
            }
            double worst = 0;
            for (std::size_t i = 0; i < expected.size(); ++i)
                worst = std::max(worst, std::abs(double(w["w"].data[i]) - expected[i]));
            CHECK(worst <= (sizeof(T) == 4 ? 5e-6 : 1e-13));
            CHECK(opt.state().tensor_state.at(0).size() == reference.r.size() + reference.c.size());
        }
}

TEST_CASE("optim adafactor: a stack of matrices has means for each, the same update as one by one") {
    params<double> stack{{"w", {2, 2, 3, 5}}}, g = stack.like();
    rows::fill(g, 4);
    // Weights of 0 and a clip out of reach, since both root mean squares are of the whole tensor.
    adafactor const rule{.rate = 0.1, .epsilon2 = 1, .clip = 1e9};
    optimizer opt{rule, stack};
    opt.step(g);
    CHECK(opt.state().tensor_state.at(0).size() == 4 * (3 + 5));
    for (int k = 0; k < 4; ++k) {
        params<double> one{{"w", {3, 5}}}, own = one.like();
        std::copy_n(g["w"].data + 15 * k, 15, own["w"].data);
        optimizer single{rule, one};
        single.step(own);
        for (int i = 0; i < 15; ++i)
            CHECK(std::abs(stack["w"].data[15 * k + i] - one["w"].data[i]) <= 1e-15);
    }
}

TEST_CASE("optim adafactor: the factors of a gradient of rank one are exact") {
    params<double> w{{"w", {4, 6}}}, g = w.like();
    for (descent::index i = 0; i < 4; ++i)
        for (descent::index j = 0; j < 6; ++j)
            g["w"].matrix()(i, j) = (i % 2 ? -1.0 : 1.0) * double(i + 1) * std::pow(3.0, double(j));
    optimizer opt{adafactor{.rate = 0.5, .epsilon2 = 0.25}, w};
    opt.step(g);
    for (descent::index i = 0; i < 24; ++i)  // u = sign(g), so its root mean square is the clip, 1
        CHECK(std::abs(w["w"].data[i] - (g["w"].data[i] > 0 ? -0.125 : 0.125)) <= 1e-15);
}

TEST_CASE("optim adafactor: the same bits for every number of threads") {
    auto const trained = [](int threads) {
        params<float> w{{"matrix", {700, 301}}, {"vector", {50'001}}, {"cube", {2, 90, 170}}, {"one", {1}}};
        params<float> g = w.like();
        rows::fill(w, 1);
        optimizer opt{adafactor{.decay = 0.01}, w, rows::executor{threads}};
        for (int step = 1; step <= 3; ++step) {
            rows::fill(g, 600'000 * std::uint64_t(step));
            opt.step(g);
        }
        return w;
    };
    auto const serial = trained(0);
    for (int const threads : {1, 2, 3, 7})
        CHECK(std::memcmp(trained(threads).data(), serial.data(),
                          std::size_t(serial.arena_size()) * sizeof(float)) == 0);
}

TEST_CASE("optim adafactor: a gradient of zeros moves nothing; tensors without numbers pass") {
    params<float> w{{"matrix", {3, 4}}, {"vector", {5}}, {"none", {0, 4}}, {"nothing", {3, 0}}}, g = w.like();
    rows::fill(w, 1);
    params<float> const before = w;
    optimizer opt{adafactor{}, w};
    opt.step(g);
    CHECK(std::memcmp(w.data(), before.data(), std::size_t(w.arena_size()) * sizeof(float)) == 0);
}

TEST_CASE("optim adafactor: members out of range are named") {
    CHECK(complaint({.rate = 0}) == "adafactor: rate = 0: must be finite and > 0");
    CHECK(complaint({.beta2_decay = -0.8}) == "adafactor: beta2_decay = -0.8: must be finite and > 0");
    CHECK(complaint({.epsilon1 = -1}) == "adafactor: epsilon1 = -1: must be finite and >= 0");
    CHECK(complaint({.epsilon2 = -1}) == "adafactor: epsilon2 = -1: must be finite and >= 0");
    CHECK(complaint({.clip = 0}) == "adafactor: clip = 0: must be finite and > 0");
    CHECK(complaint({.decay = -1}) == "adafactor: decay = -1: must be finite and >= 0");
    CHECK(complaint({}) == "");
}
