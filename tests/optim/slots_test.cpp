// SPDX-License-Identifier: MIT
#include <cmath>
#include <cstring>
#include <limits>

#include <catch2/catch_test_macros.hpp>

#include <descent/optim.hpp>

#include "optim/rows.hpp"

using namespace descent;

namespace {

/// Weights after 300 steps of noisy gradients of a quadratic with minima in [1, 3].
template <class Storage, class Recipe>
params<float> trained(Recipe recipe, int threads = 0, int saved_after = -1) {
    params<float> weights{{"w", {1000}}, {"b", {7}}};
    auto gradients = weights.like();
    optimizer opt{recipe, weights, rows::executor{threads}, Storage{}};
    for (int step = 0; step < 300; ++step) {
        for (auto const& entry : weights.entries())
            for (std::ptrdiff_t i = entry.offset; i < entry.offset + entry.size(); ++i)
                gradients.data()[i] = weights.data()[i] - float(2 + rows::draw(std::uint64_t(i))) +
                                      0.3f * float(rows::draw(std::uint64_t(5000 * (step + 1) + i)));
        if (step == saved_after) {
            optimizer other{recipe, weights, rows::executor{threads}, Storage{}};
            other.restore(opt.state());
            opt.restore(optimizer_state<float>{});
            opt.restore(other.state());
        }
        opt.step(gradients);
    }
    return weights;
}

double distance(params<float> const& a, params<float> const& b) {
    double worst = 0;
    for (std::ptrdiff_t i = 0; i < a.arena_size(); ++i)
        worst = std::max(worst, std::abs(double(a.data()[i]) - double(b.data()[i])));
    return worst;
}

}  // namespace

TEST_CASE("optim slots: bf16 rounds to one of the two neighbours, up with the probability of the rest") {
    auto const back = [](std::uint16_t code) { return from_bits<float>(std::uint32_t(code) << 16); };
    for (float const exact : {0.0f, -0.0f, 1.0f, -2.5f, std::numeric_limits<float>::infinity()})
        for (std::uint32_t const random : {0u, 0x7fffu, 0xffffu}) {
            float const kept = back(slots::bf16::round(exact, random));
            CHECK(std::memcmp(&kept, &exact, sizeof exact) == 0);
        }
    CHECK(std::isnan(back(slots::bf16::round(std::numeric_limits<float>::quiet_NaN(), 0xffff))));
    CHECK(std::isnan(back(slots::bf16::round(from_bits<float>(0x7f800001u), 0))));  // not Inf
    // 1 + 1/4 of the spacing 2^-7.
    float const between = 1 + 0x1p-9f;
    int up = 0;
    for (std::uint32_t random = 0; random < 0x10000; ++random) {
        float const kept = back(slots::bf16::round(between, random));
        CHECK_FALSE((kept != 1 && kept != 1 + 0x1p-7f));
        up += kept > 1;
    }
    CHECK(up == 0x4000);
}

TEST_CASE("optim slots: rules with bf16 slots end where float slots do") {
    auto const close = [](auto recipe) {
        return distance(trained<slots::bf16>(recipe), trained<slots::full>(recipe));
    };
    CHECK(close(chain(momentum{}, rate{0.02})) < 0.03);
    CHECK(close(chain(adam{}, rate{0.03})) < 0.05);
    CHECK(close(chain(rprop{}, rate{0.5})) == 0);  // exact slots
    CHECK(close(chain(clip_norm{50.0}, rmsprop{}, rate{0.02}, ema{0.9})) < 0.05);
}

TEST_CASE("optim slots: codes are the same for every number of threads, and after a state was put back") {
    auto const same = []<class Storage>(Storage) {
        auto const recipe = chain(adam{}, rate{0.03});
        auto const serial = trained<Storage>(recipe);
        CHECK(distance(serial, trained<Storage>(recipe, 3)) == 0);
        CHECK(distance(serial, trained<Storage>(recipe, 0, 150)) == 0);
    };
    same(slots::bf16{}), same(slots::block8{}), same(slots::block4{});
}
