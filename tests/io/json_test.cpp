// SPDX-License-Identifier: MIT
#include <descent/io/json.hpp>

#include <string>

#include <catch2/catch_test_macros.hpp>

#include "message.hpp"

using namespace descent;

namespace {

std::string string_of(std::string const& json) {
    std::string read;
    std::string const fault = message_of([&] {
        io::json_reader reader(json, "j");
        read = reader.string();
        reader.end();
    });
    return fault == "(no error)" ? read : fault;
}

std::string number_of(std::string const& json) {
    std::string read;
    std::string const fault = message_of([&] {
        io::json_reader reader(json, "j");
        read = text(reader.natural());
        reader.end();
    });
    return fault == "(no error)" ? read : fault;
}

void read_nested(io::json_reader& json) {
    json.array([&] { read_nested(json); });
}

std::string list_fault(std::string const& json) {
    return message_of([&] {
        io::json_reader reader(json, "j");
        reader.array([&] { reader.natural(); });
        reader.end();
    });
}

}  // namespace

TEST_CASE("io json: strings") {
    CHECK(string_of(" \"a\\\"\\\\\\/\\b\\f\\n\\r\\t\" ") == "a\"\\/\b\f\n\r\t");
    CHECK(string_of("\"\\u0041\\u00e9\\u20AC\\ud83d\\ude00\"") == "A\u00e9\u20ac\U0001f600");
    CHECK(string_of("\"\\u0000\"") == std::string(1, '\0'));
    CHECK(string_of(io::to_json("a\"\\\n\x01z\u00e9")) == "a\"\\\n\x01z\u00e9");
    CHECK(string_of("\"ab") == "j: byte 3: the string has no end");
    CHECK(string_of("\"a\n\"") == "j: byte 3: a control character in a string");
    CHECK(string_of("\"\\x\"") == "j: byte 2: an unknown escape");
    CHECK(string_of("\"\\") == "j: byte 2: an unknown escape");
    CHECK(string_of("\"\\u12g4\"") == "j: byte 5: expected four hexadecimal digits");
    CHECK(string_of("\"\\ud800\"") == "j: byte 7: half a surrogate pair");
    CHECK(string_of("\"\\udc00\"") == "j: byte 7: half a surrogate pair");
    CHECK(string_of("\"\\ud800\\u0041\"") == "j: byte 13: half a surrogate pair");
    CHECK(string_of("\"a\" b") == "j: byte 4: more text behind the end");
    CHECK(string_of(std::string("\"a\"\0", 4)) == "j: byte 3: more text behind the end");
}

TEST_CASE("io json: whole numbers and lists") {
    CHECK(number_of("0") == "0");
    CHECK(number_of("9223372036854775807") == "9223372036854775807");
    CHECK(number_of("9223372036854775808") == "j: byte 18: the number is too large");
    CHECK(number_of("01") == "j: byte 1: a number begins with 0");
    CHECK(number_of("00") == "j: byte 1: a number begins with 0");
    CHECK(number_of("-1") == "j: byte 0: expected a whole number");
    CHECK(number_of("1.5") == "j: byte 1: more text behind the end");
    CHECK(list_fault("[]") == "(no error)");
    CHECK(list_fault("[ 1 , 2 ]") == "(no error)");
    CHECK(list_fault("[1,]") == "j: byte 3: expected a whole number");
    CHECK(list_fault("[1 2]") == "j: byte 3: expected ']'");
    CHECK(list_fault("[1") == "j: byte 2: expected ']'");
    auto const nested = [](std::size_t deep) {
        return message_of([&] {
            std::string const json = std::string(deep, '[') + std::string(deep, ']');
            io::json_reader reader(json, "j");
            read_nested(reader);
        });
    };
    CHECK(nested(16) == "(no error)");
    CHECK(nested(17) == "j: byte 17: nested too deep");
    CHECK(nested(1000000) == "j: byte 17: nested too deep");
}

TEST_CASE("io json: numbers, and values as they stand") {
    auto const read = [](std::string_view json) {
        double number = 0;
        std::string const fault = message_of([&] {
            io::json_reader reader(json, "j");
            number = reader.number();
            reader.end();
        });
        return fault == "(no error)" ? text(number) : fault;
    };
    CHECK((read("0") == "0" && read(" -1.5e-3 ") == "-0.0015" && read("2E+2") == "200" &&
           read("0.25") == "0.25"));
    CHECK(read("01") == "j: byte 2: a number begins with 0");
    CHECK(read("1.") == "j: byte 2: expected a number");
    CHECK(read("1e") == "j: byte 2: expected a number");
    CHECK(read("-") == "j: byte 1: expected a number");
    CHECK(read("NaN") == "j: byte 0: expected a number");
    CHECK(read("1e999") == "j: byte 5: the number is too large or too small");
    auto const raw = [](std::string_view json) {
        std::string value;
        std::string const fault = message_of([&] {
            io::json_reader reader(json, "j");
            value = reader.raw();
            reader.end();
        });
        return fault == "(no error)" ? value : fault;
    };
    for (std::string_view const json :
         {"null", "true", "false", "-1.5", "\"a\\\"b\"", "{\"a\": [1, {}], \"b\": null}"})
        CHECK(raw(text(" ", json, " ")) == json);
    CHECK(raw("nul") == "j: byte 0: expected a value");
    CHECK(raw("") == "j: byte 0: expected a value");
    CHECK(raw("{\"a\": }") == "j: byte 6: expected a value");
}

TEST_CASE("io json: text that is not UTF-8 is told") {
    CHECK(io::is_utf8("a\u00e9\u20ac\U0001f600\U0010ffff"));
    for (char const* bad : {"\x80", "\xc3", "\xc1\x81", "\xe0\x80\x80", "\xed\xa0\x80", "\xf0\x80\x80\x80",
                            "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "a\xe2\x82"})
        CHECK_FALSE(io::is_utf8(bad));
}
