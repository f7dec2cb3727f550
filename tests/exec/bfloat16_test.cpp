// SPDX-License-Identifier: MIT
#include <descent/exec/bfloat16.hpp>

#include <descent/core/random.hpp>
#include <descent/exec/device.hpp>
#include <descent/io/dtype.hpp>

#include <exec/emulated.hpp>

#include <bit>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "message.hpp"

using namespace descent;
using descent::exec::bfloat16;

TEST_CASE("exec bfloat16: the nearest one of every kind of float, ties to even") {
    int wrong = 0;
    generator const draws{3, 4};
    for (std::uint32_t i = 0; i < 200'000; ++i) {
        // Every upper half, with low halves at, below and above the tie; then any bits.
        std::uint32_t const low[] = {0, 1, 0x7fff, 0x8000, 0x8001, 0xffff};
        std::uint32_t const bits = i < 65536 ? i << 16 | low[i % 6] : draws.bits<std::uint32_t>(i);
        float const number = std::bit_cast<float>(bits);
        bfloat16 const got = bfloat16::of(number);
        if (std::isnan(number))
            wrong += !std::isnan(float(got));
        else
            wrong += got.bits != io::detail::bfloat::from(double(number)).bits;
        wrong += !std::isnan(number) && bfloat16::of(float(got)).bits != got.bits;
    }
    CHECK(wrong == 0);
}

TEST_CASE("exec bfloat16: a device's products read rounded numbers, and sum floats") {
    test::emulated const rounding{.products = exec::precision::bfloat16};
    auto const engine = rounding.engine();
    generator const draws{5, 6};
    for (bool const turned_a : {false, true})
        for (bool const turned_b : {false, true})
            for (bool const turned_c : {false, true}) {
                descent::index const m = 5, k = 11, n = 3, wide = 17;
                std::vector<float> a(wide * wide), b(wide * wide), c(wide * wide, -1), expected = c;
                for (std::size_t i = 0; i < a.size(); ++i)
                    a[i] = draws.normal<float>(2 * i), b[i] = draws.normal<float>(2 * i + 1);
                auto const block = [&](auto* data, descent::index rows, descent::index cols, bool turned) {
                    return exec::block<std::remove_pointer_t<decltype(data)>>{data, rows, cols, wide, turned};
                };
                auto const round = [](std::vector<float> numbers) {
                    for (float& x : numbers)
                        x = float(io::detail::bfloat::from(double(x)));
                    return numbers;
                };
                auto const ra = round(a), rb = round(b);
                exec::gemm(engine, block(a.data(), m, k, turned_a), block(b.data(), k, n, turned_b),
                           block(c.data(), m, n, turned_c));
                test::emulated{}.engine().product(block(ra.data(), m, k, turned_a),
                                                  block(rb.data(), k, n, turned_b),
                                                  block(expected.data(), m, n, turned_c));
                CHECK(c == expected);
            }
    CHECK(message_of([&] {
              double one = 1, out = 0;
              exec::gemm(engine, exec::block<double>{&one, 1, 1, 1}, exec::block<double>{&one, 1, 1, 1},
                         exec::block<double>{&out, 1, 1, 1});
          }) == "gemm: products in bfloat16 are of floats alone");
}
