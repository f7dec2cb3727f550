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
