// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <descent/core/crc32.hpp>
#include <descent/core/error.hpp>

// Whether an image file is whole. Decoders pass over much of what is wrong, and fill what is missing with gray.
namespace descent::data::detail {

inline bool is_png(std::string_view bytes) { return bytes.starts_with("\x89PNG\r\n\x1a\n"); }
inline bool is_jpeg(std::string_view bytes) { return bytes.starts_with("\xff\xd8\xff"); }

/// The bytes [at, at + count) as a number, highest byte first. There must be so many.
inline std::uint32_t big_endian(std::string_view bytes, std::size_t at, std::size_t count) {
    std::uint32_t number = 0;
    for (std::size_t i = 0; i < count; ++i)
        number = number << 8 | static_cast<unsigned char>(bytes[at + i]);
    return number;
}

/// What a header says; whether it is true is another matter.
struct image_extents {
    std::int64_t height = 0, width = 0;
};

/// Throws descent::error unless the chunks of a PNG file (RFC 2083, 3.2) are whole, from the header to the end.
inline image_extents check_png(std::string_view bytes, std::string_view name) {
    image_extents extents;
    for (std::size_t at = 8;;) {
        expect(bytes.size() - at >= 12 && big_endian(bytes, at, 4) <= bytes.size() - at - 12, name,
               ": the image is cut short after ", bytes.size(), " bytes");
        std::size_t const size = big_endian(bytes, at, 4);
        expect(crc32(bytes.substr(at + 4, size + 4)) == big_endian(bytes, at + 8 + size, 4), name, ": byte ",
               at, ": the image is damaged: a checksum is wrong");
        std::string_view const kind = bytes.substr(at + 4, 4);
        if (at == 8) {
            expect(kind == "IHDR" && size == 13, name, ": byte 8: the image is damaged: no header");
            extents = {big_endian(bytes, 20, 4), big_endian(bytes, 16, 4)};
        }
        if (kind == "IEND")
            return extents;
        at += size + 12;
    }
}

/// What the segments of a JPEG file (ITU-T T.81, annex B) have said so far. Decoders read memory that they have
/// not written, and write beyond theirs, where tables are missing or too long: those are refused here.
struct jpeg_tables {
    std::string_view name;
    image_extents extents = {};
    bool progressive = false;
    unsigned codes = 0;                    ///< bit 4 class + number: this Huffman table is there
    unsigned scales = 0, scales_used = 0;  ///< bit number: this quantization table

    void must(bool condition, std::size_t at, std::string_view what) const {
        expect(condition, name, ": byte ", at, ": the image is damaged: ", what);
    }
    static unsigned byte(std::string_view part, std::size_t i) { return static_cast<unsigned char>(part[i]); }

    void huffman(std::string_view part, std::size_t at) {
        while (!part.empty()) {
            std::size_t size = 17;
            for (std::size_t i = 1; i <= 16 && part.size() >= 17; ++i)
                size += byte(part, i);
            must(size <= part.size() && size <= 17 + 256 && (byte(part, 0) & ~0x13u) == 0, at,
                 "a Huffman table that cannot be");
            codes |= 1u << (byte(part, 0) / 16 * 4 + byte(part, 0) % 16);
            part.remove_prefix(size);
        }
    }
    void quantization(std::string_view part, std::size_t at) {
        while (!part.empty()) {
            std::size_t const size = byte(part, 0) < 16 ? 65 : 129;
            must(size <= part.size() && (byte(part, 0) & ~0x13u) == 0, at,
                 "a quantization table that cannot be");
            scales |= 1u << byte(part, 0) % 16;
            part.remove_prefix(size);
        }
    }
    void frame(std::string_view part, std::size_t at, bool is_progressive) {
        must(part.size() >= 6 && part.size() == 6 + 3 * byte(part, 5) && extents.height == 0, at,
             "a header that cannot be");
        extents = {big_endian(part, 1, 2), big_endian(part, 3, 2)};
        progressive = is_progressive;
        for (std::size_t i = 8; i < part.size(); i += 3)
            scales_used |= 1u << byte(part, i) % 16;
    }
    void scan(std::string_view part, std::size_t at) const {
        must(part.size() >= 4 && part.size() == 4 + 2 * byte(part, 0) && extents.height > 0, at,
             "a scan that cannot be");
        must((scales_used & ~scales) == 0, at, "a quantization table is missing");
        std::size_t const rest = part.size() - 3;
        bool const firsts = !progressive || (byte(part, rest) == 0 && byte(part, rest + 2) < 16),
                   others = !progressive || byte(part, rest) > 0;
        for (std::size_t i = 2; i < rest; i += 2) {
            unsigned const first = byte(part, i) / 16, other = byte(part, i) % 16;
            must((!firsts || (first < 4 && codes >> first & 1)) &&
                     (!others || (other < 4 && codes >> (4 + other) & 1)),
                 at, "a Huffman table is missing");
        }
    }
};

/// Throws descent::error unless the segments of a JPEG file follow one another up to the end of the image.
inline image_extents check_jpeg(std::string_view bytes, std::string_view name) {
    jpeg_tables tables{name};
    std::size_t at = 2;
    auto const need = [&](std::size_t count) {
        expect(bytes.size() - at >= count, name, ": the image is cut short after ", bytes.size(), " bytes");
    };
    auto const byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
    for (;;) {
        need(2);
        tables.must(byte(at) == 0xff, at, "no marker");
        while (byte(at + 1) == 0xff) {  // any number of them may stand before a marker
            ++at;
            need(2);
        }
        unsigned const marker = byte(at + 1);
        at += 2;
        if (marker == 0xd9)
            return tables.extents;
        if (marker == 0x01 || (marker >= 0xd0 && marker <= 0xd7))
            continue;  // without content
        need(2);
        std::size_t const size = big_endian(bytes, at, 2);
        expect(size >= 2, name, ": byte ", at, ": the image is damaged: a part of ", size, " bytes");
        need(size);
        std::string_view const part = bytes.substr(at + 2, size - 2);
        if (marker == 0xc4)
            tables.huffman(part, at);
        else if (marker == 0xdb)
            tables.quantization(part, at);
        else if (marker >= 0xc0 && marker <= 0xcf && marker != 0xc8 && marker != 0xcc)
            tables.frame(part, at, marker == 0xc2);
        else if (marker == 0xda)
            tables.scan(part, at);
        at += size;
        if (marker != 0xda)
            continue;
        // Packed pixels: up to 0xff with neither 0 nor the number of a restart behind it.
        for (;; ++at) {
            at = std::min(bytes.find('\xff', at), bytes.size());
            need(2);
            unsigned const next = byte(at + 1);
            if (next != 0 && (next < 0xd0 || next > 0xd7))
                break;
        }
    }
}

}  // namespace descent::data::detail
