// SPDX-License-Identifier: MIT
#include <descent/data/gzip.hpp>

#include <string>
#include <string_view>

#include <descent/core/file.hpp>
#include <descent/data/libsvm.hpp>

#include <catch2/catch_test_macros.hpp>

#include "message.hpp"

using namespace descent;

namespace {

// gzip.compress(b"1 1:2\n-1 3:0.5\n", mtime=0)
constexpr char bytes[] =
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x33\x54\x30\xb4\x32\xe2\xd2\x35\x54\x30\xb6\x32\xd0\x33\xe5\x02"
    "\x00"
    "\x91\xeb\x39\x30\x0f\x00\x00\x00";
std::string const packed(bytes, sizeof bytes - 1);
std::string const plain = "1 1:2\n-1 3:0.5\n";

}  // namespace

TEST_CASE("data gzip: a program without zlib says what to link") {
    CHECK(message_of([] { data::gunzip<false>(packed, "mnist.gz"); }) ==
          "mnist.gz: gzip: this program was built without zlib; link descent::zlib");
    CHECK(message_of([] { data::gzip<false>(plain); }) == "gzip: to pack needs zlib; link descent::zlib");
    std::string const path = "descent_data_gzip_test.txt";
    write_file(path, packed);
    CHECK(message_of([&] { data::read_libsvm<float, false>(path); }) ==
          path + ": gzip: this program was built without zlib; link descent::zlib");
    write_file(path, plain);
    CHECK(data::read_libsvm<float, false>(path).samples() == 2);
    std::remove(path.c_str());
    CHECK(data::is_gzip(packed));
    CHECK_FALSE(data::is_gzip(plain));
    CHECK_FALSE(data::is_gzip("\x1f"));
}

#if DESCENT_ZLIB_ENABLED
TEST_CASE("data gzip: members, files told by their content, much from little") {
    CHECK(data::gunzip(packed) == plain);
    CHECK(data::gunzip(packed + packed) == plain + plain);
    std::string const path = "descent_data_gzip_test.txt";
    write_file(path, packed);
    CHECK(data::read_libsvm(path).x.values == std::vector<float>{2, 0.5f});
    std::remove(path.c_str());
    // gzip.compress(b"\0" * 100000, mtime=0)
    std::string const zeros =
        std::string("\x1f\x8b\x08\0\0\0\0\0\x02\x03\xed\xc1\x31\x01\0\0\0\xc2\xa0\xf5\x4f\x6d\x0d\x0f\xa0",
                    25) +
        std::string(96, '\0') + std::string("\x80\x57\x03\x7d\x95\x11\xd4\xa0\x86\x01\0", 11);
    CHECK(data::gunzip(zeros) == std::string(100000, '\0'));
}

TEST_CASE("data gzip: what is packed is a gzip file of the same bytes") {
    for (std::size_t const n : {0u, 1u, 15u, 1000u, 100000u}) {
        std::string bytes(n, 'a');
        for (std::size_t i = 0; i < n; i += 3)
            bytes[i] = static_cast<char>(i * i >> 3);
        std::string const file = data::gzip(bytes);
        CHECK(data::is_gzip(file));
        CHECK(data::gunzip(file) == bytes);
        CHECK(file == data::gzip(bytes));
    }
    CHECK(data::gzip(std::string(100000, 'x')).size() < 200);
    // The parts that are no deflated bytes are those of Python's file, but for level and system.
    std::string const file = data::gzip(plain);
    CHECK(file.substr(0, 8) == packed.substr(0, 8));
    CHECK(file.substr(file.size() - 8) == packed.substr(packed.size() - 8));
}

TEST_CASE("data gzip: damage") {
    auto const error = [](std::string_view content) {
        return message_of([&] { data::gunzip(content, "f.gz"); });
    };
    for (std::size_t length = 0; length < packed.size(); ++length)
        CHECK(error(packed.substr(0, length)) ==
              text("f.gz: the packed data is cut short after ", length, " bytes"));
    CHECK(error(packed + packed.substr(0, 20)) == "f.gz: the packed data is cut short after 55 bytes");
    CHECK(error(packed + "x") == "f.gz: byte 35: 1 byte that does not belong to the packed data");
    CHECK(error(packed + "xyz") == "f.gz: byte 35: 3 bytes that do not belong to the packed data");
    auto const with = [](std::size_t at, char value) {
        std::string damaged = packed;
        damaged[at] = value;
        return damaged;
    };
    CHECK(error(with(1, 'x')) == "f.gz: byte 2: the packed data is damaged (incorrect header check)");
    CHECK(error(with(2, 'x')) == "f.gz: byte 4: the packed data is damaged (unknown compression method)");
    CHECK(error(with(10, '\x07')) == "f.gz: byte 11: the packed data is damaged (invalid block type)");
    CHECK(error(with(28, '\x07')) == "f.gz: byte 31: the packed data is damaged (incorrect data check)");
    CHECK(error(with(33, '\x07')) == "f.gz: byte 35: the packed data is damaged (incorrect length check)");
}
#endif
