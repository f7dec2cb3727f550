// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace descent {

namespace detail {

/// table[0] is the step of one byte; table[k] the same with k zero bytes behind it. Made when it is first used:
/// a compiler takes a tenth of a second for it.
inline std::array<std::array<std::uint32_t, 256>, 8> make_crc_table(std::uint32_t polynomial) {
    std::array<std::array<std::uint32_t, 256>, 8> table{};
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
        std::uint32_t rest = byte;
        for (int bit = 0; bit < 8; ++bit)
            rest = rest >> 1 ^ (rest & 1 ? polynomial : 0u);
        table[0][byte] = rest;
    }
    for (std::size_t k = 1; k < 8; ++k)
        for (std::size_t byte = 0; byte < 256; ++byte)
            table[k][byte] = table[k - 1][byte] >> 8 ^ table[0][table[k - 1][byte] & 255];
    return table;
}

/// The cyclic checksum of the bytes, eight at a time (Kounavis and Berry, 2005: "slicing by 8"). The
/// polynomial's lowest bit stands for its highest power. For bytes behind others, `before` is the sum of those.
template <std::uint32_t polynomial>
std::uint32_t crc(std::string_view bytes, std::uint32_t before) {
    static auto const table = make_crc_table(polynomial);
    std::uint32_t sum = ~before;
    auto const byte = [&](std::size_t i) { return std::uint32_t(static_cast<unsigned char>(bytes[i])); };
    std::size_t i = 0;
    for (; i + 8 <= bytes.size(); i += 8) {
        std::uint32_t const low = sum ^ (byte(i) | byte(i + 1) << 8 | byte(i + 2) << 16 | byte(i + 3) << 24);
        sum = table[7][low & 255] ^ table[6][low >> 8 & 255] ^ table[5][low >> 16 & 255] ^ table[4][low >> 24] ^
              table[3][byte(i + 4)] ^ table[2][byte(i + 5)] ^ table[1][byte(i + 6)] ^ table[0][byte(i + 7)];
    }
    for (; i < bytes.size(); ++i)
        sum = sum >> 8 ^ table[0][(sum ^ byte(i)) & 255];
    return ~sum;
}

}  // namespace detail

/// The CRC-32 of gzip, zip and PNG. For bytes behind others, `before` is the sum of those: crc32(b, crc32(a))
/// is that of a and then b.
inline std::uint32_t crc32(std::string_view bytes, std::uint32_t before = 0) {
    return detail::crc<0xedb88320u>(bytes, before);
}

/// The same with another polynomial (Castagnoli, 1993; RFC 3720, appendix B.4): CRC-32C.
inline std::uint32_t crc32c(std::string_view bytes, std::uint32_t before = 0) {
    return detail::crc<0x82f63b78u>(bytes, before);
}

}  // namespace descent
