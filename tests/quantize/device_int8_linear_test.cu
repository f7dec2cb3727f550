// SPDX-License-Identifier: MIT
#include <descent/cuda.cuh>

#include <exec/emulated.hpp>
#include <quantize/int8_device_cases.hpp>

#include <catch2/catch_test_macros.hpp>

// Cases tagged [host] need no device; tests/cuda/main.cpp leaves the others out where none answers.
using namespace descent;

TEST_CASE("quantize device_int8_linear: nvcc's host code gives the same bits", "[host]") {
    CHECK(test::unlike_host(test::emulated{}) == 0);
}

TEST_CASE("quantize device_int8_linear: a device gives the host's bits") {
    CHECK(test::unlike_host(exec::cuda{}) == 0);
    CHECK(test::unlike_host(100, 3000, 500, exec::cuda{}) == 0);
    CHECK(test::unlike_host(70, 1, 140'000, exec::cuda{}) == 0);
    exec::cuda_stream const stream;
    CHECK(test::unlike_host(65, 133'000, 3, exec::cuda{stream.get()}) == 0);
}

TEST_CASE("quantize device_int8_linear: a device repeats bit for bit, batch after batch") {
    quantize::device_int8_linear there{quantize::int8_linear{test::normal_numbers(500, 3000, 1)}, exec::cuda{}};
    for (descent::index const samples : {1, 16, 100, 7}) {
        matrix<float> const x = test::normal_numbers(samples, 3000, 2);
        matrix<float> first, again;
        there(x, first), there(x, again);
        CHECK(test::other_bits(first, again) == 0);
    }
}
