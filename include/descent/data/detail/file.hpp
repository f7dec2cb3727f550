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

}  // namespace descent::data::detail
