// SPDX-License-Identifier: MIT
#include <catch2/catch_test_macros.hpp>

#include <exec/emulated.hpp>
#include <exec/int8_products.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <type_traits>

#include "message.hpp"

using namespace descent;
using descent::test::emulated;

TEST_CASE("exec device_int8: sums of products of codes, and nothing between the rows") {
    CHECK(test::wrong_int8_sums(emulated{}) == 0);
    for (descent::index const m : {1, 2, 31})
        CHECK(test::wrong_int8_sums(m, 32, 16, 0, emulated{}) == 0);
    CHECK(test::wrong_int8_sums(1, 131'056, 4, 0, emulated{}) == 0);
}

TEST_CASE("exec device_int8: the largest sums") {
    auto const engine = emulated{}.engine();
    descent::index const k = 131'056;  // below 2^17, whole lumps
    emulated::memory<std::int8_t> a{std::size_t(k)}, b{std::size_t(4 * k)};
    emulated::memory<std::int32_t> c(4);
    std::fill_n(a.data(), k, std::int8_t(-128)), std::fill_n(b.data(), 4 * k, std::int8_t(-128));
    exec::block<std::int8_t const> const w{b.data(), 4, k, k};
    exec::gemm_int8(engine, {a.data(), 1, k, k}, exec::transposed(w), {c.data(), 1, 4, 4});
    CHECK(c.data()[3] == k * 16384);
}

TEST_CASE("exec device_int8: what it refuses") {
    auto const engine = emulated{}.engine();
    emulated::memory<std::int8_t> a(1024), b(1024);
    emulated::memory<std::int32_t> c(1024);
    std::fill_n(c.data(), 1024, 3);
    exec::block<std::int8_t const> const x{a.data(), 2, 32, 32}, w{b.data(), 8, 32, 32};
    exec::block<std::int32_t> const y{c.data(), 2, 8, 8};
    auto const said = [&](auto const& l, auto const& r, auto const& to) {
        return message_of([&] { exec::gemm_int8(engine, l, r, to); });
    };
    auto const turned = [](auto const& m) { return exec::transposed(m); };
    CHECK(said(x, turned(w), y) == "(no error)");
    std::fill_n(c.data(), 1024, 3);
    CHECK(said(x, w, y) == "gemm_int8: a is [2, 32], b is [8, 32]: inner extents must be equal");
    auto narrow = y;
    narrow.cols = 4;
    CHECK(said(x, turned(w), narrow) == "gemm_int8: c is [2, 4]: must be [2, 8]");
    exec::block<std::int8_t const> const by_rows{b.data(), 32, 8, 32}, by_columns{a.data(), 2, 32, 32, true};
    CHECK(said(x, by_rows, y) == "gemm_int8: b lies by rows: a and c must lie by rows, b by columns");
    CHECK(said(by_columns, turned(w), y) ==
          "gemm_int8: a lies by columns: a and c must lie by rows, b by columns");
    auto y_turned = y;
    y_turned.turned = true;
    CHECK(said(x, turned(w), y_turned) ==
          "gemm_int8: c lies by columns: a and c must lie by rows, b by columns");
    auto x_part = x, w_part = w;
    x_part.cols = w_part.cols = 24;
    CHECK(said(x_part, turned(w_part), y) == "gemm_int8: a is [2, 24]: 24 must be a multiple of 16");
    auto w_few = w;
    auto y_few = y;
    w_few.rows = y_few.cols = 6;
    CHECK(said(x, turned(w_few), y_few) == "gemm_int8: c is [2, 6]: 6 must be a multiple of 4");
    auto x_step = x;
    x_step.stride = 40;
    CHECK(said(x_step, turned(w), y) == "gemm_int8: a: stride = 40: must be a multiple of 16 and at least 32");
    auto w_step = w;
    w_step.stride = 16;
    CHECK(said(x, turned(w_step), y) == "gemm_int8: b: stride = 16: must be a multiple of 16 and at least 32");
    auto x_off = x;
    x_off.data += 3;
    CHECK(said(x_off, turned(w), y) == "gemm_int8: a begins 3 bytes behind a multiple of 16");
    CHECK(std::count(c.data(), c.data() + 1024, 3) == 1024);
}

TEST_CASE("exec device_int8: can be recorded") {
    auto const engine = emulated{}.engine();
    emulated::memory<std::int8_t> a(32), b(128);
    emulated::memory<std::int32_t> c(4);
    exec::block<std::int8_t const> const w{b.data(), 4, 32, 32};
    auto recording = std::remove_const_t<decltype(engine)>::recording{};
    CHECK(engine.record(recording, [&] {
        exec::gemm_int8(engine, {a.data(), 1, 32, 32}, exec::transposed(w), {c.data(), 1, 4, 4});
    }));
    std::fill_n(a.data(), 32, std::int8_t(2)), std::fill_n(b.data(), 128, std::int8_t(-3));
    CHECK(c.data()[2] == 0);
    engine.play(recording);
    CHECK(c.data()[2] == -192);
}
