// SPDX-License-Identifier: MIT
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include <catch2/catch_test_macros.hpp>

#include <descent/core/error.hpp>

#include "message.hpp"

using namespace descent;

TEST_CASE("core error: expect throws the joined parts, or nothing") {
    CHECK(message_of([] { expect(false, "plateau: factor = ", 1.5, ": must be in (0, 1)"); }) ==
          "plateau: factor = 1.5: must be in (0, 1)");
    CHECK(message_of([] { expect(true, "unseen"); }) == "(no error)");
    CHECK(message_of([] { fail("train.csv:", 17, ": column ", 3, " 'abc' is not a number"); }) ==
          "train.csv:17: column 3 'abc' is not a number");
}

TEST_CASE("core error: an error is a std::runtime_error") {
    bool caught = false;
    try {
        fail("x");
    } catch (std::runtime_error const&) {
        caught = true;
    }
    CHECK(caught);
}

TEST_CASE("core error: numbers are written in the shortest form that reads back") {
    CHECK(text(0.1) == "0.1");
    CHECK(text(0.1f) == "0.1");
    CHECK(text(-0.1) == "-0.1");
    CHECK(text(1.0) == "1");
    CHECK(text(1e-8) == "1e-08");
    CHECK(text(1.0 / 3) == "0.3333333333333333");
    CHECK(std::stod(text(1.0 / 3)) == 1.0 / 3);
    CHECK(text(-0.0) == "-0");
    CHECK(text(std::numeric_limits<double>::infinity()) == "inf");
    CHECK(text(-std::numeric_limits<float>::infinity()) == "-inf");
    CHECK(text(std::numeric_limits<double>::quiet_NaN()) == "nan");
    CHECK(text(std::numeric_limits<double>::max()) == "1.7976931348623157e+308");
    CHECK(text(std::numeric_limits<double>::denorm_min()) == "5e-324");
}

TEST_CASE("core error: integers, truth values, characters and text") {
    CHECK(text(std::numeric_limits<std::int64_t>::min()) == "-9223372036854775808");
    CHECK(text(std::numeric_limits<std::uint64_t>::max()) == "18446744073709551615");
    CHECK(text(std::int8_t(-5)) == "-5");
    CHECK(text(true, ' ', false) == "true false");
    CHECK(text('a', "bc", std::string("de"), std::string_view("fgh").substr(0, 2)) == "abcdefg");
    CHECK(text() == "");
}
