// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include <descent/core/config.hpp>
#include <descent/core/crc32.hpp>
#include <descent/core/error.hpp>
#include <descent/data/detail/file.hpp>
#include <descent/data/detail/inflate.hpp>

namespace descent::data {

/// Whether the bytes begin like a gzip file (RFC 1952). Readers ask the content, never the name.
inline bool is_gzip(std::string_view bytes) { return bytes.substr(0, 2) == "\x1f\x8b"; }

/// Unpacks a whole gzip file (one member or several) that is in memory; `name` stands for it in messages. Needs
/// zlib (CMake: link descent::zlib). Memory grows with what is really unpacked, not with what the file claims.
///
/// Throws descent::error: "mnist.gz: gzip: this program was built without zlib; link descent::zlib",
/// "mnist.gz: byte 4711: the packed data is damaged (invalid distance too far back)", "mnist.gz: the packed
/// data is cut short after 4711 bytes", "mnist.gz: byte 4711: 3 bytes that do not belong to the packed data".
template <bool zlib = DESCENT_ZLIB_ENABLED>
std::string gunzip(std::string_view packed, std::string_view name = "gzip") {
    detail::inflater<zlib> unpack(detail::deflated::gzip, name);
    std::string bytes;
    std::size_t used = 0, at = 0;
    for (;;) {
        if (used == bytes.size())
            bytes.resize(std::max(2 * used, 4 * packed.size() + 64));
        auto const done = unpack.run(packed.substr(at), bytes.data() + used, bytes.size() - used);
        at += done.taken;
        used += done.made;
        if (done.ended) {
            if (at == packed.size())
                break;
            expect(is_gzip(packed.substr(at)), name, ": byte ", at, ": ", packed.size() - at,
                   packed.size() - at == 1 ? " byte that does" : " bytes that do",
                   " not belong to the packed data");
            unpack.restart();
        } else {
            expect(done.taken > 0 || done.made > 0 || used == bytes.size(), name,
                   ": the packed data is cut short after ", packed.size(), " bytes");
        }
    }
    bytes.resize(used);
    return bytes;
}

/// The bytes as a gzip file of one member, by zlib at its default level; the same for the same bytes. Needs
/// zlib. Throws descent::error where it is missing, "gzip: to pack needs zlib; link descent::zlib", and for
/// 2^31 bytes and more.
template <bool zlib = DESCENT_ZLIB_ENABLED>
std::string gzip(std::string_view bytes, std::string_view name = "gzip") {
    // Deflated, no flags, no time, no such operating system.
    std::string file("\x1f\x8b\x08\0\0\0\0\0\0\xff", 10);
    file += detail::deflate_raw<zlib>(bytes, name);
    for (std::uint32_t const number : {crc32(bytes), std::uint32_t(bytes.size())})
        for (int byte = 0; byte < 4; ++byte)
            file += static_cast<char>(number >> (8 * byte) & 0xff);
    return file;
}

namespace detail {

/// The whole file, unpacked if its content is gzip.
template <bool zlib>
std::string read_unpacked(std::string const& path) {
    std::string bytes = read_file(path);
    return is_gzip(bytes) ? gunzip<zlib>(bytes, path) : bytes;
}

}  // namespace detail
}  // namespace descent::data
