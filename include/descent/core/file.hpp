// SPDX-License-Identifier: MIT
#pragma once

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>

#include <descent/core/error.hpp>

namespace descent {

/// Writes a file whole or not at all: into a temporary beside it, which then takes its place, so that a failure
/// leaves the old file as it was. Throws descent::error: "run.csv: cannot write: No such file or directory".
inline void write_file(std::string const& path, std::string_view bytes) {
    std::string const temporary = path + ".tmp";
    std::FILE* const file = std::fopen(temporary.c_str(), "wb");
    expect(file != nullptr, path, ": cannot write: ", std::string_view(std::strerror(errno)));
    errno = 0;
    bool const written = std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size();
    bool const closed = std::fclose(file) == 0;
    if (!written || !closed || std::rename(temporary.c_str(), path.c_str()) != 0) {
        int const reason = errno;
        std::remove(temporary.c_str());
        fail(path, ": cannot write: ", std::string_view(std::strerror(reason)));
    }
}

}  // namespace descent
