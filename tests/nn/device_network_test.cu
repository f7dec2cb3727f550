// SPDX-License-Identifier: MIT
#include <descent/cuda.cuh>

#include <exec/emulated.hpp>
#include <nn/device_network_cases.hpp>

#include <catch2/catch_test_macros.hpp>

// Cases tagged [host] need no device; tests/cuda/main.cpp leaves the others out where none answers.
TEST_CASE("nn device_network: nvcc's host code trains there what it trains here", "[host]") {
    CHECK(descent::test::worst_apart(descent::test::emulated{}) <= 1e-11);
}

TEST_CASE("nn device_network: a GPU trains what the host trains") {
    CHECK(descent::test::worst_apart(descent::exec::cuda{}) <= 1e-9);
}

TEST_CASE("nn device_network: a GPU rounds the factors of products to bfloat16 as the emulated device does") {
    using descent::exec::precision;
    auto const there = descent::test::float_slopes(descent::exec::cuda{.products = precision::bfloat16});
    auto const emulated = descent::test::float_slopes(descent::test::emulated{.products = precision::bfloat16});
    double worst = 0;
    for (std::size_t i = 0; i < there.size(); ++i)
        worst = std::max(worst, std::abs(double(there[i]) - double(emulated[i])));
    CHECK(worst <= 1e-3);
}

TEST_CASE("nn device_network: a GPU records a step as a graph, and plays it") {
    using namespace descent;
    auto const train = clouds<float>(64, 12, 1);
    auto net = test::convnet<float>();
    nn::device_network there{net, exec::cuda{}};
    descent::index const size = net.params().arena_size();
    exec::cuda::memory<float> weights{std::size_t(size)}, slopes{std::size_t(size)};
    exec::cuda{}.upload(net.params().data(), size, weights.data());
    there.train_at(weights.data());
    params<float> expected = net.params().like(), got = expected;
    for (descent::index first = 0; first < 64; first += 16) {
        auto const batch = data::all_of(train).part(first, 16);
        there.gradient(batch, slopes);
        --net.steps();
        net.gradient(batch, expected);
        exec::cuda{}.download(slopes.data(), size, got.data());
        CHECK(test::apart(got, expected) <= 1e-4);
    }
    CHECK(there.played() == 3);
}
