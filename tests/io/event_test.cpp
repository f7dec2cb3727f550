// SPDX-License-Identifier: MIT
#include <descent/io/event.hpp>

#include <cstdint>
#include <string>

#include <catch2/catch_test_macros.hpp>

using namespace descent;

namespace {

std::string hex(std::string const& bytes) {
    std::string digits;
    for (char const c : bytes) {
        digits += "0123456789abcdef"[static_cast<unsigned char>(c) >> 4];
        digits += "0123456789abcdef"[c & 15];
    }
    return digits;
}

}  // namespace

TEST_CASE("io protobuf: the wire format") {
    // The examples of the format's description: 150 in field 1, "testing" in field 2.
    CHECK(hex(io::protobuf().integer(1, 150).bytes) == "089601");
    CHECK(hex(io::protobuf().text(2, "testing").bytes) == "120774657374696e67");
    CHECK(hex(io::protobuf().message(3, io::protobuf().integer(1, 150)).bytes) == "1a03089601");
    CHECK(hex(io::protobuf().integer(1, -2).bytes) == "08feffffffffffffffff01");
    CHECK(hex(io::protobuf().integer(16, 0).bytes) == "800100");
    CHECK(hex(io::protobuf().number(1, 1.0f).number(2, -2.0).bytes) == "0d0000803f1100000000000000c0");
}

TEST_CASE("io event: the bytes of TensorBoard's own writer") {
    CHECK(hex(io::event_head(1700000000.5)) ==
          "1800000000000000a37f4b220900002040fc54d9411a0d627261696e2e4576656e743a322b353110");
    CHECK(hex(io::event_scalar(1700000000.5, 300, "loss/training", 0.25f)) ==
          "2400000000000000422b804d0900002040fc54d94110ac022a160a140a0d6c6f73732f747261696e696e67150000803e1a5c"
          "fd5f");
    CHECK(hex(io::event_resumed(1700000000.5, 300)) ==
          "100000000000000095fbfe180900002040fc54d94110ac023a020801b94512a3");
}
