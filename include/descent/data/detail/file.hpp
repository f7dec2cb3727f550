// SPDX-License-Identifier: MIT
#pragma once

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>

#include <descent/core/error.hpp>

namespace descent::data::detail {

/// The whole file as bytes. Reads in pieces, so that pipes work too.
inline std::string read_file(std::string const& path) {
    std::FILE* file = std::fopen(path.c_str(), "rb");
    expect(file != nullptr, path, ": cannot open: ", std::string_view(std::strerror(errno)));
    std::string bytes;
    std::size_t used = 0, got = 0;
    do {
        used += got;
        if (bytes.size() - used < (std::size_t(1) << 16))
            bytes.resize(bytes.size() * 2 + (std::size_t(1) << 18));
        got = std::fread(bytes.data() + used, 1, bytes.size() - used, file);
    } while (got > 0);
    int const reason = std::ferror(file) ? errno : 0;
    std::fclose(file);
    expect(reason == 0, path, ": cannot read: ", std::string_view(std::strerror(reason)));
    bytes.resize(used);
    return bytes;
}

/// Writes a temporary beside the target and renames it, so that a failure leaves the old file whole.
inline void write_file(std::string const& path, std::string_view bytes) {
    std::string const temporary = path + ".tmp";
    std::FILE* file = std::fopen(temporary.c_str(), "wb");
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

}  // namespace descent::data::detail
