// SPDX-License-Identifier: MIT
#include <descent/optim/chain.hpp>
#include <descent/optim/decay.hpp>
#include <descent/optim/optimizer.hpp>
#include <descent/optim/rate.hpp>
#include <descent/optim/vary.hpp>

#include <cstdint>

#include <catch2/catch_test_macros.hpp>

using namespace descent;

TEST_CASE("optim rate: a lambda that captures is a schedule") {
    params<double> w{{"a", {1}}};
    auto gradient = w.like();
    gradient["a"].data[0] = 1;
    double eta = 0.5;
    auto const now = [&eta](std::int64_t done) { return eta / double(done + 1); };
    optimizer opt{chain(vary(&decay::lambda, now), rate{now}), w};
    opt.step(gradient);
    CHECK(w["a"].data[0] == -0.5);
    eta = 1;
    opt.step(gradient);
    CHECK(w["a"].data[0] == -0.5 - 0.5 * (1 + 0.5 * -0.5));
}
