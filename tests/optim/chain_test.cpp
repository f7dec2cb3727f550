// SPDX-License-Identifier: MIT
#include <cmath>

#include <catch2/catch_test_macros.hpp>

#include <descent/optim.hpp>

using namespace descent;

static_assert(passes<decltype(chain(adam{}, decay{}, rate{0.1}))> == 1);
static_assert(passes<decltype(chain(clip_norm{}, adam{}, decay{}, rate{0.1}))> == 2);
static_assert(passes<decltype(chain(l2{}, clip_norm{}, adam{}, rate{0.1}))> == 2);
static_assert(passes<decltype(chain(lamb{}, rate{0.1}))> == 2);
static_assert(passes<decltype(chain(lars{}, rate{0.1}))> == 2);
static_assert(passes<decltype(chain(clip_norm{}, lamb{}, rate{0.1}))> == 3);
static_assert(passes<decltype(chain(accumulate{4}, clip_norm{}, adamw{}, ema{}, rate{0.1}))> == 2);
static_assert(passes<recipe<>> == 1);

namespace {

/// The weights of one tensor {3, -4} after `steps` steps with the gradient {0.3, 0.4}.
template <class Recipe>
std::vector<double> after(Recipe recipe, int steps = 1) {
    params<double> weights{{"w", {2}}};
    weights["w"].flat() << 3, -4;
    auto gradients = weights.like();
    gradients["w"].flat() << 0.3, 0.4;
    optimizer opt{recipe, weights};
    for (int step = 0; step < steps; ++step)
        opt.step(gradients);
    return {weights.data()[0], weights.data()[1]};
}

bool close(std::vector<double> const& a, std::vector<double> const& b) {
    return std::abs(a[0] - b[0]) < 1e-14 && std::abs(a[1] - b[1]) < 1e-14;
}

}  // namespace

TEST_CASE("optim chain: rules run in order") {
    // |g| = 0.5; with l2 first the norm is taken of {3.3, -3.6}.
    double const norm = std::sqrt(3.3 * 3.3 + 3.6 * 3.6);
    CHECK(close(after(chain(clip_norm{0.25}, l2{1})), {3 - 0.15 - 3, -4 - 0.2 + 4}));
    CHECK(close(after(chain(l2{1}, clip_norm{0.25})), {3 - 3.3 * 0.25 / norm, -4 + 3.6 * 0.25 / norm}));
    CHECK(close(after(chain(clip{0.35}, rate{2.0})), {3 - 0.6, -4 - 0.7}));
    CHECK(close(after(chain(rate{2.0}, clip{0.35})), {3 - 0.35, -4 - 0.35}));
    CHECK(close(after(chain()), {2.7, -4.4}));
}

TEST_CASE("optim chain: a rule made of others is their chain") {
    CHECK(after(chain(adamw{.decay = 0.1}, rate{0.1}), 5) == after(chain(adam{}, decay{0.1}, rate{0.1}), 5));
    CHECK(after(chain(lamb{.decay = 0.1}, rate{0.1}), 5) ==
          after(chain(adam{.epsilon = 1e-6}, decay{0.1}, trust_ratio{}, rate{0.1}), 5));
    CHECK(after(chain(lars{.lambda = 0.1}), 5) == after(chain(l2{0.1}, trust_ratio{0.001}, momentum{}), 5));
    CHECK(after(chain(chain(adam{}, decay{0.1}), rate{0.1}), 5) ==
          after(chain(adam{}, chain(decay{0.1}, rate{0.1})), 5));
}

TEST_CASE("optim chain: a rule inside can be read and edited") {
    auto recipe = chain(adam{}, decay{0.1}, rate{0.1});
    CHECK(get<decay>(recipe).lambda == 0.1);
    get<decay>(recipe).lambda = 0;
    CHECK(after(recipe, 3) == after(chain(adam{}, decay{0}, rate{0.1}), 3));
}

TEST_CASE("optim chain: a trust ratio leaves tensors alone where a norm is 0") {
    params<double> weights{{"zero", {3}}, {"w", {2}}, {"still", {2}}};
    weights["w"].flat() << 3, -4;
    weights["still"].flat() << 1, 1;
    auto gradients = weights.like();
    gradients["zero"].flat() << 1, 2, 3;
    gradients["w"].flat() << 0.3, 0.4;
    optimizer opt{chain(trust_ratio{.coefficient = 0.1}), weights};
    opt.step(gradients);
    CHECK(weights["zero"].flat()[2] == -3);
    CHECK(std::abs(weights["w"].flat()[0] - (3 - 0.3 * 0.1 * 5 / 0.5)) < 1e-15);
    CHECK(weights["still"].flat()[0] == 1);
}

TEST_CASE("optim chain: vary changes a member with the steps done") {
    auto const twice = [](std::int64_t done) { return done < 2 ? 0.5 : 0.25; };
    params<double> weights{{"w", {1}}};
    auto gradients = weights.like();
    gradients.data()[0] = 1;
    optimizer opt{chain(vary(&clip::bound, twice, clip{})), weights};
    for (double const expected : {-0.5, -1.0, -1.25}) {
        opt.step(gradients);
        CHECK(weights.data()[0] == expected);
    }
    CHECK(after(chain(vary(&adam::beta1, constant{0.8}, adam{}), rate{0.1}), 5) ==
          after(chain(adam{.beta1 = 0.8}, rate{0.1}), 5));
}

TEST_CASE("optim chain: a schedule that leaves the range throws in the step and changes nothing") {
    params<double> weights{{"w", {1}}};
    auto gradients = weights.like();
    gradients.data()[0] = 1;
    auto const falls = [](std::int64_t done) { return 0.5 - double(done); };
    std::string seen;
    optimizer opt{chain(vary(&nadam::beta1, falls, nadam{}), rate{0.1}), weights};
    opt.step(gradients);
    auto const before = opt.state();
    auto const weight = weights.data()[0];
    try {
        opt.step(gradients);
    } catch (error const& caught) {
        seen = caught.what();
    }
    CHECK(seen == "nadam: beta1 = -0.5: must be in [0, 1)");
    CHECK(weights.data()[0] == weight);
    CHECK(opt.state().memory == before.memory);
    CHECK(opt.state().calls == before.calls);

    optimizer rates{chain(rate{falls}), weights};
    rates.step(gradients);
    try {
        rates.step(gradients);
    } catch (error const& caught) {
        seen = caught.what();
    }
    CHECK(seen == "rate: the schedule's value = -0.5: must be finite and >= 0");
}

TEST_CASE("optim chain: a varied rule keeps its memory and the schedule's apart") {
    auto const listens = plateau{.rate = 0.9, .factor = 0.5, .patience = 0};
    params<double> weights{{"w", {1}}}, others = weights;
    auto gradients = weights.like();
    gradients.data()[0] = 1;
    optimizer opt{chain(rate{0.1}, vary(&nadam::beta1, listens, nadam{})), weights};
    optimizer plain{chain(rate{0.1}, nadam{}), others};
    for (int step = 0; step < 3; ++step) {
        opt.step(gradients);
        plain.step(gradients);
        CHECK(weights.data()[0] == others.data()[0]);
    }
    opt.observe(1.0);
    opt.observe(2.0);  // no better: 0.45 from now on
    auto const product = opt.state().memory.back();
    opt.step(gradients);
    double const mu = 0.45 * (1 - 0.5 * std::pow(0.96, 4 * 0.004));
    CHECK(std::abs(opt.state().memory.back() - product * mu) < 1e-15);
}

TEST_CASE("optim chain: what a mask covers reaches no slot, wherever keep_zeros stands") {
    params<double> weights{{"w", {4}}};
    weights["w"].flat() << 1, 2, 3, 4;
    weights.set_mask("w", {true, false, true, false});
    auto gradients = weights.like();
    auto const check = [&](auto recipe) {
        auto mine = weights;
        optimizer opt{recipe, mine};
        for (int step = 0; step < 3; ++step)
            opt.step(gradients);
        for (std::ptrdiff_t const i : {1, 3}) {
            CHECK(mine.data()[i] == 0);
            for (auto const& slot : opt.state().slots)
                CHECK(slot.data()[i] == 0);
        }
        CHECK(mine.data()[0] != 1);
    };
    check(chain(noise{}, adam{}, rate{0.1}, keep_zeros{}));
    check(chain(keep_zeros{}, noise{}, clip_norm{1.0}, momentum{}, rate{0.1}));
    check(chain(adam{}, noise{}, keep_zeros{}, trust_ratio{}, momentum{}, rate{0.1}));

    // A mask that comes later, under slow weights that have not forgotten.
    auto mine = weights;
    mine.clear_masks();
    mine["w"].flat().setOnes();
    gradients["w"].flat().setOnes();
    optimizer opt{chain(rate{0.1}, lookahead{2, 0.5}, keep_zeros{}), mine};
    opt.step(gradients);
    mine.set_mask("w", {false, true, true, true});
    for (int step = 0; step < 3; ++step)
        opt.step(gradients);
    CHECK(mine.data()[0] == 0);
    CHECK(mine.data()[1] != 0);
}

TEST_CASE("optim chain: noise has the moments it claims, is drawn anew in each step and for each seed") {
    params<double> weights{{"w", {20'000}}};
    auto const draws = [&](noise rule, int steps) {
        auto mine = weights;
        optimizer opt{chain(rule), mine};
        for (int step = 0; step < steps; ++step) {
            mine.set_zero();
            opt.step(weights.like());
        }
        return Eigen::ArrayXd(mine["w"].flat());
    };
    auto const first = draws({.sigma = 0.5, .gamma = 2}, 1), fourth = draws({.sigma = 0.5, .gamma = 2}, 4);
    auto const other = draws({.sigma = 0.5, .gamma = 2, .seed = 1}, 1);
    double const n = 20'000;
    // Five standard errors.
    CHECK(std::abs(first.mean()) < 5 * 0.5 / std::sqrt(n));
    CHECK(std::abs(first.square().mean() / 0.25 - 1) < 5 * std::sqrt(2 / n));
    CHECK(std::abs(fourth.square().mean() / (0.25 / 16) - 1) < 5 * std::sqrt(2 / n));
    CHECK(std::abs((first * fourth).mean()) < 5 * 0.5 * 0.125 / std::sqrt(n));
    CHECK(std::abs((first * other).mean()) < 5 * 0.25 / std::sqrt(n));
    CHECK((first == draws({.sigma = 0.5, .gamma = 2}, 1)).all());
}
