// SPDX-License-Identifier: MIT
#include <descent/cuda.cuh>

#include <exec/emulated.hpp>
#include <quantize/int4_device_cases.hpp>

#include <catch2/catch_test_macros.hpp>

// Cases tagged [host] need no device; tests/cuda/main.cpp leaves the others out where none answers.
using namespace descent;

TEST_CASE("quantize device_int4_linear: nvcc's host code gives the same", "[host]") {
    CHECK(test::far_from_host(test::emulated{}) <= 1e-6);
}

TEST_CASE("quantize device_int4_linear: a device gives the host's outputs, and again the same bits") {
    CHECK(test::far_from_host(exec::cuda{}) <= 1e-6);
    quantize::int4_linear const layer{test::normal(500, 3000, 1)};
    quantize::device_int4_linear there{layer, exec::cuda{}};
    for (descent::index const samples : {1, 16, 100}) {
        matrix<float> const x = test::normal(samples, 3000, 2);
        matrix<float> first, again;
        there(x, first), there(x, again);
        CHECK(first == again);
    }
}
