// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <descent/core/crc32.hpp>
#include <descent/core/error.hpp>

// What stands before the content of a packed file: a mark, the format's version, the CRC-32 of the content.
namespace descent::quantize::detail {

/// A format: its mark, its version, and what a file of it holds, in words.
struct packed_format {
    std::string_view mark;
    char version;
    std::string_view article, what;  ///< "a", "packed model"

    std::size_t front() const { return mark.size() + 5; }
};

/// The content behind its mark.
inline std::string seal(packed_format const& format, std::string_view content) {
    std::uint32_t const sum = crc32(content);
    std::string bytes(format.mark);
    bytes += format.version;
    for (int byte = 0; byte < 4; ++byte)
        bytes += static_cast<char>(sum >> (8 * byte) & 0xff);
    return bytes += content;
}

/// The content of what `seal` gave. Throws descent::error for bytes that are none of these, of another version,
/// or damaged; `file` stands for the file in messages.
inline std::string_view unseal(packed_format const& format, std::string_view bytes, std::string_view file) {
    std::size_t const front = format.front();
    expect(bytes.size() >= front, file, ": ", bytes.size(), " bytes: too short for ", format.article, ' ',
           format.what);
    expect(bytes.starts_with(format.mark), file, ": is no ", format.what);
    expect(bytes[format.mark.size()] == format.version, file, ": ", format.what,
           " of another version: this program reads version ", format.version);
    std::uint32_t sum = 0;
    for (std::size_t byte = 0; byte < 4; ++byte)
        sum |= std::uint32_t(static_cast<unsigned char>(bytes[front - 4 + byte])) << (8 * byte);
    expect(crc32(bytes.substr(front)) == sum, file, ": the data is damaged");
    return bytes.substr(front);
}

}  // namespace descent::quantize::detail
