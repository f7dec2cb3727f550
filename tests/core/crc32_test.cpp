// SPDX-License-Identifier: MIT
#include <descent/core/crc32.hpp>

#include <string>

#include <catch2/catch_test_macros.hpp>

using namespace descent;

TEST_CASE("core crc32: the examples of RFC 3720") {
    CHECK(crc32c(std::string(32, '\0')) == 0x8a9136aau);
    CHECK(crc32c(std::string(32, '\xff')) == 0x62a8ab43u);
    std::string up;
    for (char i = 0; i < 32; ++i)
        up += i;
    CHECK(crc32c(up) == 0x46dd794eu);
    CHECK(crc32c(std::string(up.rbegin(), up.rend())) == 0x113fdb5cu);
    CHECK(crc32c("123456789") == 0xe3069283u);
    CHECK(crc32c("") == 0);
    for (std::size_t cut = 0; cut <= 32; ++cut)
        CHECK(crc32c(up.substr(cut), crc32c(up.substr(0, cut))) == 0x46dd794eu);
}

TEST_CASE("core crc32: the check value of CRC-32/ISO-HDLC, in parts") {
    std::string const digits = "123456789";
    CHECK(crc32(digits) == 0xcbf43926u);
    CHECK(crc32("") == 0u);
    for (std::size_t cut = 0; cut <= 9; ++cut)
        CHECK(crc32(digits.substr(cut), crc32(digits.substr(0, cut))) == 0xcbf43926u);
}
