// SPDX-License-Identifier: MIT
#include <descent/core/file.hpp>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>

#include "message.hpp"

namespace {

std::string content(std::string const& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("core file: written whole, over what was there, and no temporary is left") {
    char folder[] = "/tmp/descent_file_XXXXXX";
    REQUIRE(::mkdtemp(folder) != nullptr);
    std::string const path = std::string(folder) + "/a.bin", bytes("a\0b\r\n", 5);
    descent::write_file(path, "something that was longer before");
    descent::write_file(path, bytes);
    CHECK(content(path) == bytes);
    CHECK_FALSE(std::ifstream(path + ".tmp").good());
    descent::write_file(path, "");
    CHECK(content(path).empty());
    std::remove(path.c_str());
    ::rmdir(folder);
}

TEST_CASE("core file: a pipe or a device is written to, not replaced") {
    char folder[] = "/tmp/descent_file_XXXXXX";
    REQUIRE(::mkdtemp(folder) != nullptr);
    std::string const path = std::string(folder) + "/pipe";
    REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    int const reader = ::open(path.c_str(), O_RDONLY | O_NONBLOCK);
    REQUIRE(reader >= 0);
    descent::write_file(path, "abc", {.sync = true});
    char read[4] = {};
    CHECK(::read(reader, read, 4) == 3);
    CHECK(std::string(read) == "abc");
    ::close(reader);
    CHECK(descent::detail::is_special(path));
    CHECK(message_of([] { descent::write_file("/dev/full", "x"); }) ==
          "/dev/full: cannot write: No space left on device");
    CHECK(descent::detail::is_special("/dev/full"));
    std::remove(path.c_str());
    ::rmdir(folder);
}

TEST_CASE("core file: what cannot be written is named") {
    CHECK(message_of([] { descent::write_file("/no such folder/a.csv", "x"); }) ==
          "/no such folder/a.csv: cannot write: No such file or directory");
    char folder[] = "/tmp/descent_file_XXXXXX";
    REQUIRE(::mkdtemp(folder) != nullptr);
    CHECK(message_of([&] { descent::write_file(folder, "x"); }) ==
          std::string(folder) + ": cannot write: Is a directory");
    CHECK_FALSE(std::ifstream(std::string(folder) + ".tmp").good());
    ::rmdir(folder);
}
