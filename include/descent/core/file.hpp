// SPDX-License-Identifier: MIT
#pragma once

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>

#include <descent/core/error.hpp>

#if __has_include(<fcntl.h>) && __has_include(<unistd.h>)
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#define DESCENT_CAN_SYNC 1
#else
#define DESCENT_CAN_SYNC 0
#endif

namespace descent {

/// How write_file writes.
struct write_options {
    /// Waits until the bytes, and then the file's name, are on the disk, so that a loss of power leaves the old
    /// or the new file too (fsync, where the system has it). The end of the program alone never harms a file.
    bool sync = false;
};

namespace detail {

/// Puts what was written to the open file on the disk.
inline bool sync_file([[maybe_unused]] std::FILE* file) {
#if DESCENT_CAN_SYNC
    return std::fflush(file) == 0 && ::fsync(::fileno(file)) == 0;
#else
    return true;
#endif
}

/// Is there something that a file must not take the place of: a device, a pipe, a folder?
inline bool is_special([[maybe_unused]] std::string const& path) {
#if DESCENT_CAN_SYNC
    struct ::stat found;
    return ::stat(path.c_str(), &found) == 0 && !S_ISREG(found.st_mode);
#else
    return false;
#endif
}

/// Puts the names in the file's folder on the disk, as far as the file system knows how to.
inline void sync_folder([[maybe_unused]] std::string const& path) {
#if DESCENT_CAN_SYNC
    std::size_t const slash = path.rfind('/');
    std::string const folder = slash == path.npos ? "." : path.substr(0, slash + 1);
    int const opened = ::open(folder.c_str(), O_RDONLY | O_CLOEXEC);
    if (opened >= 0) {
        ::fsync(opened);
        ::close(opened);
    }
#endif
}

}  // namespace detail

/// Writes a file whole or not at all: into a temporary beside it, "<path>.tmp", which then takes its place, so
/// that a failure leaves the old file as it was. Throws descent::error: "run.csv: cannot write: No such file or
/// directory". A device or a pipe ("/dev/stdout") is written to as it is.
inline void write_file(std::string const& path, std::string_view bytes, write_options const& options = {}) {
    bool const in_place = detail::is_special(path);
    std::string const temporary = in_place ? path : path + ".tmp";
    std::FILE* const file = std::fopen(temporary.c_str(), "wb");
    expect(file != nullptr, path, ": cannot write: ", std::string_view(std::strerror(errno)));
    errno = 0;
    int reason = 0;
    auto const told = [&](bool done) {  // keeps the first reason
        if (!done && reason == 0)
            reason = errno ? errno : EIO;
        return done;
    };
    bool written = told(std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size());
    if (written && options.sync && !in_place)
        written = told(detail::sync_file(file));
    bool const closed = told(std::fclose(file) == 0);
    bool const moved =
        written && closed && (in_place || told(std::rename(temporary.c_str(), path.c_str()) == 0));
    if (!moved) {
        if (!in_place)
            std::remove(temporary.c_str());
        fail(path, ": cannot write: ", std::string_view(std::strerror(reason)));
    }
    if (options.sync && !in_place)
        detail::sync_folder(path);
}

/// The whole file as bytes. Reads in pieces, so that pipes work too. Throws descent::error: "net.bin: cannot
/// open: No such file or directory".
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

}  // namespace descent
