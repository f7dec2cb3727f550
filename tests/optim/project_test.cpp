// SPDX-License-Identifier: MIT
#include <cmath>

#include <catch2/catch_test_macros.hpp>

#include <descent/core/random.hpp>
#include <descent/optim/adam.hpp>
#include <descent/optim/chain.hpp>
#include <descent/optim/ema.hpp>
#include <descent/optim/momentum.hpp>
#include <descent/optim/optimizer.hpp>
#include <descent/optim/project.hpp>
#include <descent/optim/rate.hpp>
#include <descent/regularize/box.hpp>
#include <descent/regularize/max_norm.hpp>
#include <descent/regularize/simplex.hpp>

#include "message.hpp"

using namespace descent;

TEST_CASE("optim project: a step, then the nearest point of the constraint") {
    // w - u = (0.5, 3, -4) by rows of a 3 x 1 matrix, clipped into [-1, 1]; the bias of one axis stays free.
    params<double> w{{"w", {3, 1}}, {"b", {1}}};
    w["w"].flat() << 1, 1, -1;
    params<double> g = w.like();
    g["w"].flat() << 0.5, -2, 3;
    g["b"].flat() << -7;
    params<double> all = w;
    optimizer opt{chain(rate{1.0}, project{regularize::box{-1, 1}}), w};
    opt.step(g);
    CHECK((w["w"].flat()[0] == 0.5 && w["w"].flat()[1] == 1 && w["w"].flat()[2] == -1));
    CHECK(w["b"].flat()[0] == 7);
    optimizer every{chain(rate{1.0}, project{regularize::box{-1, 1}, true}), all};
    every.step(g);
    CHECK(all["b"].flat()[0] == 1);
}

TEST_CASE("optim project: max_norm bounds each row of each tensor, whatever stands around it") {
    params<float> w{{"a", {5, 7}}, {"c", {4, 2, 3, 3}}, {"bias", {4}}};
    generator const draws{1};
    params<float> g = w.like();
    optimizer opt{chain(adam{}, rate{0.1}, project{regularize::max_norm{0.5}}, ema{.beta = 0.9}), w};
    for (int step = 0; step < 30; ++step) {
        for (descent::index i = 0; i < w.arena_size(); ++i)
            g.data()[i] = draws.normal<float>(std::uint64_t(i + 1000 * (step / 10)));
        opt.step(g);
        for (auto const* name : {"a", "c"})
            for (descent::index row = 0; row < w[name].matrix().rows(); ++row)
                CHECK(w[name].matrix().row(row).norm() <= 0.5f * (1 + 1e-5f));
    }
    CHECK(w["a"].matrix().row(0).norm() > 0.49f);
    CHECK(w["bias"].flat().norm() > 0.5f);
    CHECK(opt.averaged()["a"].matrix().row(0).norm() <= 0.5f * (1 + 1e-5f));
}

TEST_CASE("optim project: minimizes on the simplex, and refuses what its constraint refuses") {
    // argmin |w - (0.9, 0.6, -1)|^2 / 2 on the simplex: (0.65, 0.35, 0).
    params<double> w{{"w", {3, 1}}}, g = w.like();
    optimizer opt{chain(momentum{0.5}, rate{0.1}, project{regularize::simplex{}}), w};
    for (int step = 0; step < 400; ++step) {
        double const goal[] = {0.9, 0.6, -1};
        for (int i = 0; i < 3; ++i)
            g["w"].flat()[i] = w["w"].flat()[i] - goal[i];
        opt.step(g);
    }
    CHECK(std::fabs(w["w"].flat()[0] - 0.65) + std::fabs(w["w"].flat()[1] - 0.35) +
              std::fabs(w["w"].flat()[2]) <
          1e-9);
    CHECK(message_of([&] {
              optimizer{chain(rate{1.0}, project{regularize::max_norm{-1}}), w};
          }) == message_of([] { regularize::max_norm{-1}.check(); }));
}
