// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include <descent/optim/chain.hpp>
#include <descent/optim/muon.hpp>
#include <descent/optim/optimizer.hpp>
#include <descent/optim/rate.hpp>

#include "optim/rows.hpp"

using descent::chain;
using descent::muon;
using descent::muon_scale;
using descent::optimizer;
using descent::params;
using descent::rate;

namespace {

using real = descent::matrix<double>;

/// Muon as its authors write it, on one matrix in double.
struct oracle {
    muon rule;
    double eta;
    real momentum;

    void step(real& w, real const& g) {
        if (momentum.size() == 0)
            momentum = real::Zero(g.rows(), g.cols());
        momentum = rule.beta * momentum + (1 - rule.beta) * g;
        real x = rule.nesterov ? real((1 - rule.beta) * g + rule.beta * momentum) : momentum;
        x /= std::max(x.norm(), rule.epsilon);
        for (int k = 0; k < rule.steps; ++k) {
            real const gram = x * x.transpose();
            x = real(rule.a * x + (rule.b * gram + rule.c * gram * gram) * x);
        }
        double const m = double(w.rows()), n = double(w.cols());
        double const scale = rule.scale == muon_scale::original             ? std::sqrt(std::max(1.0, m / n))
                             : rule.scale == muon_scale::match_rms_adamw    ? 0.2 * std::sqrt(std::max(m, n))
                             : rule.scale == muon_scale::spectral_unclamped ? std::sqrt(m / n)
                                                                            : 1;
        w = real(w - eta * rule.decay * w - eta * scale * x);
    }
};

std::string complaint(muon rule) {
    params<float> w{{"w", {2, 2}}};
    try {
        optimizer opt{rule, w};
    } catch (descent::error const& e) {
        return e.what();
    }
    return {};
}

template <class T>
bool same_bits(params<T> const& a, params<T> const& b) {
    return std::memcmp(a.data(), b.data(), std::size_t(a.arena_size()) * sizeof(T)) == 0;
}

}  // namespace

TEMPLATE_TEST_CASE("optim muon: the authors' formula, for every shape and scale", "", float, double) {
    using T = TestType;
    muon const rules[] = {{},
                          {.beta = 0.5, .decay = 0, .nesterov = false, .scale = muon_scale::match_rms_adamw},
                          {.scale = muon_scale::spectral_unclamped, .steps = 4},
                          {.scale = muon_scale::none, .a = 3, .b = -3.2, .c = 1.2, .steps = 1},
                          {.steps = 0}};
    for (muon const& rule : rules)
        for (auto const& extents :
             {descent::shape{1, 1}, {1, 7}, {7, 1}, {5, 3}, {3, 5}, {33, 33}, {41, 130}, {130, 41}}) {
            params<T> w{{"w", extents}}, g = w.like();
            rows::fill(w, 5);
            real expected = w["w"].matrix().template cast<double>();
            oracle reference{rule, 0.05, {}};
            optimizer opt{chain(rule, rate{0.05}), w};
            for (int step = 1; step <= 3; ++step) {
                rows::fill(g, 9000 * std::uint64_t(step));
                opt.step(g);
                reference.step(expected, g["w"].matrix().template cast<double>());
            }
            double const worst = (w["w"].matrix().template cast<double>() - expected).cwiseAbs().maxCoeff();
            CHECK(worst <= (sizeof(T) == 4 ? 2e-5 : 1e-12));
        }
}

TEST_CASE("optim muon: a diagonal gradient goes through the polynomial of the singular values") {
    params<double> w{{"w", {3, 4}}}, g = w.like();
    double const d[] = {3, -0.5, 0.01};
    for (descent::index i = 0; i < 3; ++i)
        g["w"].matrix()(i, i) = d[i];
    optimizer opt{muon{.beta = 0, .decay = 0}, w};
    opt.step(g);
    double const norm = std::sqrt(3.0 * 3 + 0.5 * 0.5 + 0.01 * 0.01);
    for (descent::index i = 0; i < 3; ++i)
        for (descent::index j = 0; j < 4; ++j) {
            double x = i == j ? d[i] / norm : 0;
            for (int k = 0; k < 5; ++k)
                x = 3.4445 * x - 4.7750 * x * x * x + 2.0315 * x * x * x * x * x;
            CHECK(std::abs(w["w"].matrix()(i, j) + x) <= 1e-13);
        }
}

TEST_CASE("optim muon: the same bits for every number of threads") {
    auto const trained = [](int threads) {
        params<float> w{{"wide", {150, 420}}, {"tall", {500, 130}}, {"small", {3, 2}}}, g = w.like();
        rows::fill(w, 1);
        optimizer opt{chain(muon{}, rate{0.02}), w, rows::executor{threads}};
        for (int step = 1; step <= 3; ++step) {
            rows::fill(g, 200'000 * std::uint64_t(step));
            opt.step(g);
        }
        return w;
    };
    auto const serial = trained(0);
    for (int const threads : {1, 2, 3, 7})
        CHECK(same_bits(trained(threads), serial));
}

TEST_CASE("optim muon: a gradient of zeros leaves the decay alone; one of NaN is not hidden") {
    params<double> w{{"w", {4, 3}}, {"empty", {0, 3}}}, g = w.like();
    rows::fill(w, 3);
    double const first = w["w"].data[0];
    optimizer opt{chain(muon{}, rate{0.5}), w};
    opt.step(g);
    CHECK(std::abs(w["w"].data[0] - first * (1 - 0.5 * 0.1)) <= 1e-15);
    g["w"].data[5] = std::numeric_limits<double>::quiet_NaN();
    opt.step(g);
    CHECK(std::isnan(w["w"].data[0]));
}

TEST_CASE("optim muon: tensors that are not matrices are named, unless they are frozen") {
    params<float> w{{"layer.weight", {4, 3}}, {"layer.bias", {4}}, {"kernel", {2, 3, 3}}}, g = w.like();
    rows::fill(g, 3);
    optimizer opt{chain(muon{}, rate{0.1}), w};
    auto const attempt = [&] {
        try {
            opt.step(g);
        } catch (descent::error const& e) {
            return std::string(e.what());
        }
        return std::string();
    };
    for (int again = 0; again < 2; ++again)  // an error leaves nothing half done
        CHECK(attempt() ==
              "muon: tensor 'layer.bias' [4]: must be a matrix (freeze it, and give it to another optimizer)");
    opt.freeze("*.bias");
    CHECK(attempt() ==
          "muon: tensor 'kernel' [2, 3, 3]: must be a matrix (freeze it, and give it to another optimizer)");
    CHECK(opt.steps() == 0);
    CHECK(same_bits(w, w.like()));
    opt.freeze("kernel");
    CHECK(attempt() == "");
    CHECK(opt.steps() == 1);
    CHECK(w["layer.weight"].data[0] != 0);
    CHECK(w["layer.bias"].data[0] == 0);
}

TEST_CASE("optim muon: goes on from a saved state bit for bit") {
    params<float> w{{"w", {6, 5}}}, g = w.like();
    rows::fill(w, 1);
    optimizer opt{chain(muon{}, rate{0.1}), w};
    auto const train = [&](auto& which, int step) {
        rows::fill(g, 777 * std::uint64_t(step));
        which.step(g);
    };
    for (int step = 1; step <= 3; ++step)
        train(opt, step);
    auto const saved = opt.state();
    params<float> const then = w;
    train(opt, 4);
    params<float> const expected = w;
    w = then;
    optimizer resumed{chain(muon{}, rate{0.1}), w};
    resumed.restore(saved);
    train(resumed, 4);
    CHECK(same_bits(w, expected));
}

TEST_CASE("optim muon: members out of range are named") {
    double const inf = std::numeric_limits<double>::infinity();
    CHECK(complaint({.beta = 1}) == "muon: beta = 1: must be in [0, 1)");
    CHECK(complaint({.decay = -1}) == "muon: decay = -1: must be finite and >= 0");
    CHECK(complaint({.b = inf}) == "muon: a, b, c = 3.4445, inf, 2.0315: must be finite");
    CHECK(complaint({.epsilon = -1e-7}) == "muon: epsilon = -1e-07: must be finite and >= 0");
    CHECK(complaint({.steps = 100}) == "muon: steps = 100: must be in [0, 100)");
    CHECK(complaint({.steps = -1}) == "muon: steps = -1: must be in [0, 100)");
    CHECK(complaint({}) == "");
}
