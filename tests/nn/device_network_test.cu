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
