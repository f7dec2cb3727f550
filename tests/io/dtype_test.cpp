// SPDX-License-Identifier: MIT
#include <descent/io/dtype.hpp>

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include <catch2/catch_test_macros.hpp>

using namespace descent;

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();

/// The bits of a double rounded to that dtype; -1 where it does not fit.
int rounded(double number, io::dtype as) {
    char bytes[8];
    return io::encode(as, &number, 1, bytes) == 1 ? io::detail::load<std::uint16_t>(bytes) : -1;
}

/// Can every bit pattern of the dtype be read and written back? NaN may become another NaN.
bool all_bits_return(io::dtype type) {
    for (unsigned bits = 0; bits < 65536; ++bits) {
        char bytes[2], back[2];
        io::detail::store(bytes, std::uint16_t(bits));
        float number;
        if (io::decode(type, bytes, 1, &number) != 1 || io::encode(type, &number, 1, back) != 1)
            return false;
        if (!std::isnan(number) && std::memcmp(bytes, back, 2) != 0)
            return false;
    }
    return true;
}

template <class To, class From>
bool fits(From number) {
    char bytes[8];
    io::encode(io::dtype_of<From>, &number, 1, bytes);
    To read;
    return io::decode(io::dtype_of<From>, bytes, 1, &read) == 1 &&
           (read == To(number) || (number != number && read != read));
}

}  // namespace

TEST_CASE("io dtype: short floats round to nearest, ties to even") {
    CHECK(all_bits_return(io::dtype::f16));
    CHECK(all_bits_return(io::dtype::bf16));
    auto const half = [](double number) { return rounded(number, io::dtype::f16); };
    // IEEE 754-2019, table 3.5: largest 65504, smallest normal 2^-14, smallest 2^-24.
    CHECK(half(1) == 0x3c00);
    CHECK(half(-2) == 0xc000);
    CHECK(half(65504) == 0x7bff);
    CHECK(half(65519.99) == 0x7bff);
    CHECK(half(65520) == -1);
    CHECK(half(-inf) == 0xfc00);
    CHECK(half(0x1p-14) == 0x0400);
    CHECK(half(0x1p-24) == 0x0001);
    CHECK(half(0x1p-25) == 0x0000);
    CHECK(half(0x1.8p-24) == 0x0002);
    CHECK(half(-0.0) == 0x8000);
    CHECK(half(1 + 0x1p-11) == 0x3c00);
    CHECK(half(1 + 0x3p-11) == 0x3c02);
    // Rounded once: float would first make a tie of it.
    CHECK(half(1 + 0x1p-11 + 0x1p-40) == 0x3c01);
    CHECK(half(0x1.ffcp-15 + 0x1p-26) == 0x0400);
    auto const brain = [](double number) { return rounded(number, io::dtype::bf16); };
    CHECK(brain(1) == 0x3f80);
    CHECK(brain(1 + 0x1p-8) == 0x3f80);
    CHECK(brain(1 + 0x3p-8) == 0x3f82);
    CHECK(brain(0x1.fep127) == 0x7f7f);
    CHECK(brain(0x1.ffp127) == -1);
    CHECK(brain(0x1p-133) == 0x0001);
    CHECK(brain(std::nan("")) == 0x7fc0);
    CHECK(io::to_text(io::dtype::bf16) == "BF16");
    CHECK(io::size_of(io::dtype::bf16) == 2);
    CHECK(io::size_of(io::dtype::boolean) == 1);
}

TEST_CASE("io dtype: numbers that the other type cannot hold are told") {
    CHECK(fits<float>(1e38));
    CHECK(fits<float>(double(std::numeric_limits<float>::max())));
    CHECK(fits<float>(0x1.fffffeffp127));
    CHECK_FALSE(fits<float>(0x1.ffffffp127));
    CHECK(fits<float>(inf));
    CHECK(fits<float>(std::nan("")));
    CHECK(fits<float>(std::int64_t(16777217)));  // rounded
    CHECK(fits<std::int8_t>(-128.0));
    CHECK_FALSE(fits<std::int8_t>(128.0));
    CHECK_FALSE(fits<std::int8_t>(0.5f));
    CHECK_FALSE(fits<std::int32_t>(inf));
    CHECK_FALSE(fits<std::uint8_t>(-1.0));
    CHECK(fits<std::int64_t>(-0x1p63));
    CHECK_FALSE(fits<std::int64_t>(0x1p63));
    CHECK_FALSE(fits<std::uint64_t>(std::int32_t(-1)));
    CHECK(fits<std::int32_t>(std::uint64_t(2147483647)));
    CHECK_FALSE(fits<std::int32_t>(std::uint64_t(2147483648)));
    CHECK_FALSE(fits<std::int8_t>(std::int32_t(-129)));
    // A signalling NaN keeps its bits where the type is the same.
    auto const bits = std::uint32_t(0x7f800001);
    char bytes[4];
    float number;
    io::detail::store(bytes, bits);
    CHECK(io::decode(io::dtype::f32, bytes, 1, &number) == 1);
    CHECK(std::memcmp(&number, bytes, 4) == 0);
}
