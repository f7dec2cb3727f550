// SPDX-License-Identifier: MIT
#include <descent/io/crc32c.hpp>

#include <string>

#include <catch2/catch_test_macros.hpp>

using namespace descent;

TEST_CASE("io crc32c: the examples of RFC 3720") {
    CHECK(io::crc32c(std::string(32, '\0')) == 0x8a9136aau);
    CHECK(io::crc32c(std::string(32, '\xff')) == 0x62a8ab43u);
    std::string up;
    for (char i = 0; i < 32; ++i)
        up += i;
    CHECK(io::crc32c(up) == 0x46dd794eu);
    CHECK(io::crc32c(std::string(up.rbegin(), up.rend())) == 0x113fdb5cu);
    CHECK(io::crc32c("123456789") == 0xe3069283u);
    CHECK(io::crc32c("") == 0);
    for (std::size_t cut = 0; cut <= 32; ++cut)
        CHECK(io::crc32c(up.substr(cut), io::crc32c(up.substr(0, cut))) == 0x46dd794eu);
}
