// SPDX-License-Identifier: MIT
#include <descent/cuda.cuh>

#include <exec/emulated.hpp>
#include <exec/int8_products.hpp>

#include <catch2/catch_test_macros.hpp>

#include <string>

#include "message.hpp"

// Cases tagged [host] need no device; tests/cuda/main.cpp leaves the others out where none answers.
using namespace descent;

TEST_CASE("exec device_int8: nvcc's host code sums the same", "[host]") {
    CHECK(test::wrong_int8_sums(test::emulated{}) == 0);
}

TEST_CASE("exec device_int8: what cuBLASLt is asked can be written down without a device", "[host]") {
    CHECK(message_of([] { exec::detail::cuda_int8_products{}; }) == "(no error)");
}

TEST_CASE("exec device_int8: a device sums exactly, on streams of its own, too") {
    CHECK(test::wrong_int8_sums(exec::cuda{}) == 0);
    exec::cuda_stream const stream;
    CHECK(test::wrong_int8_sums(exec::cuda{stream.get()}) == 0);
}

TEST_CASE("exec device_int8: more shapes than an engine remembers") {
    auto const engine = exec::cuda{}.engine();
    descent::index const k = 32, n = 16, most = 32 * 150;
    auto const a = test::some_codes(most, k, k, 1), b = test::some_codes(n, k, k, 2);
    exec::cuda_buffer<std::int8_t> there_a(a.size()), there_b(b.size());
    exec::cuda_buffer<std::int32_t> there_c(std::size_t(most * n));
    engine.upload(a.data(), descent::index(a.size()), there_a.data());
    engine.upload(b.data(), descent::index(b.size()), there_b.data());
    exec::block<std::int8_t const> const w{there_b.data(), n, k, k};
    descent::index wrong = 0;
    for (int round = 0; round < 2; ++round)
        for (descent::index m = 32; m <= most; m += 32) {
            exec::gemm_int8(engine, {there_a.data(), m, k, k}, exec::transposed(w), {there_c.data(), m, n, n});
            std::int32_t last = 0, sum = 0;
            engine.download(there_c.data() + m * n - 1, 1, &last);
            for (descent::index i = 0; i < k; ++i)
                sum += a[std::size_t((m - 1) * k + i)] * b[std::size_t((n - 1) * k + i)];
            wrong += last != sum;
        }
    CHECK(wrong == 0);
}
