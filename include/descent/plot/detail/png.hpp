// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include <descent/core/crc32.hpp>

namespace descent::plot::detail {

inline void append_big_endian(std::string& to, std::uint32_t number) {
    for (int shift = 24; shift >= 0; shift -= 8)
        to += static_cast<char>(number >> shift & 255);
}

/// A PNG file (RFC 2083) of 8-bit pixels, row by row: gray ones, or red, green, blue. Not packed: pictures in a
/// chart are small.
inline std::string png(std::string_view pixels, std::size_t height, std::size_t width, bool colored) {
    std::size_t const line = width * (colored ? 3 : 1);
    std::string lines;
    std::uint32_t low = 1, high = 0;  // Adler-32 (RFC 1950)
    for (std::size_t y = 0; y < height; ++y) {
        lines += '\0';  // no filter
        lines += pixels.substr(y * line, line);
    }
    for (char const c : lines) {
        low = (low + static_cast<unsigned char>(c)) % 65521;
        high = (high + low) % 65521;
    }
    std::string packed = "\x78\x01";
    for (std::size_t at = 0; at < lines.size(); at += 65535) {  // stored blocks (RFC 1951, 3.2.4)
        std::size_t const size = std::min<std::size_t>(65535, lines.size() - at);
        packed += at + size == lines.size() ? '\1' : '\0';
        for (std::size_t const number : {size, ~size})
            packed += {static_cast<char>(number & 255), static_cast<char>(number >> 8 & 255)};
        packed.append(lines, at, size);
    }
    append_big_endian(packed, high << 16 | low);

    std::string file = "\x89PNG\r\n\x1a\n";
    auto const chunk = [&](std::string const& kind, std::string const& content) {
        append_big_endian(file, std::uint32_t(content.size()));
        file += kind + content;
        append_big_endian(file, crc32(kind + content));
    };
    std::string header;
    append_big_endian(header, std::uint32_t(width));
    append_big_endian(header, std::uint32_t(height));
    header += {'\x08', colored ? '\2' : '\0', '\0', '\0', '\0'};
    chunk("IHDR", header);
    chunk("IDAT", packed);
    chunk("IEND", "");
    return file;
}

/// The bytes as text (RFC 4648, section 4).
inline std::string base64(std::string_view bytes) {
    constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string written;
    for (std::size_t at = 0; at < bytes.size(); at += 3) {
        auto const byte = [&](std::size_t i) {
            return at + i < bytes.size() ? std::uint32_t(static_cast<unsigned char>(bytes[at + i])) : 0;
        };
        std::uint32_t const three = byte(0) << 16 | byte(1) << 8 | byte(2);
        std::size_t const used = std::min<std::size_t>(3, bytes.size() - at);
        for (std::size_t i = 0; i < 4; ++i)
            written += i <= used ? digits[three >> (18 - 6 * i) & 63] : '=';
    }
    return written;
}

}  // namespace descent::plot::detail
