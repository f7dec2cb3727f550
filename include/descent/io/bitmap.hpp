// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <descent/io/bits.hpp>

namespace descent::io {

/// A bitmap by the lengths of its runs, zeros and ones in turn: the first bit, then each length in Elias' gamma
/// code.
inline std::string run_length_encode(std::vector<bool> const& bitmap) {
    bit_writer bits;
    if (!bitmap.empty())
        bits.put(bitmap[0], 1);
    for (std::size_t i = 0, end = 0; i < bitmap.size(); i = end) {
        while (end < bitmap.size() && bitmap[end] == bitmap[i])
            ++end;
        bits.put_gamma(end - i);
    }
    return bits.finish();
}

/// So many bits that run_length_encode wrote. Throws descent::error, naming the file, for bytes that it cannot
/// have written or that end too soon.
inline std::vector<bool> run_length_decode(std::string_view bytes, std::size_t count,
                                           std::string_view file = "run length") {
    bit_reader bits(bytes, file);
    std::vector<bool> bitmap;
    bool value = count > 0 && bits.get(1);
    for (; bitmap.size() < count; value = !value) {
        std::uint64_t const run = bits.get_gamma();
        if (run > count - bitmap.size())
            bits.damaged();
        bitmap.insert(bitmap.end(), std::size_t(run), value);
    }
    return bitmap;
}

/// Bytes by a dictionary of stretches that grows as they come, in codes of 9 to 16 bits (Welch: "A technique
/// for high-performance data compression", 1984); a full dictionary begins anew.
inline std::string lzw_encode(std::string_view text) {
    bit_writer bits;
    // Where stretch `code` followed by a byte is: a chain of those that go on from it.
    std::vector<std::uint32_t> first, next;
    std::string last;
    auto const anew = [&] { first.assign(256, 0), next.assign(256, 0), last.assign(256, '\0'); };
    anew();
    for (std::size_t i = 0; i < text.size();) {
        std::uint32_t code = static_cast<unsigned char>(text[i++]);
        for (bool found = true; found && i < text.size();) {
            std::uint32_t at = first[code];
            while (at != 0 && last[at] != text[i])
                at = next[at];
            found = at != 0;
            if (found)
                code = at, ++i;
        }
        bits.put(code, unsigned(std::bit_width(first.size())));
        if (i == text.size())
            break;
        if (first.size() == 65535) {
            anew();
            continue;
        }
        next.push_back(first[code]);
        first[code] = std::uint32_t(first.size());
        first.push_back(0);
        last += text[i];
    }
    return bits.finish();
}

/// So many bytes that lzw_encode read. Throws descent::error, naming the file, for bytes that it cannot have
/// written or that end too soon.
inline std::string lzw_decode(std::string_view bytes, std::size_t count, std::string_view file = "lzw") {
    bit_reader bits(bytes, file);
    std::string text;
    // A stretch is where it first stood in the text; its last byte may only follow.
    std::vector<std::size_t> begin(256), size(256, 1);
    while (text.size() < count) {
        std::size_t const code = std::size_t(bits.get(unsigned(std::bit_width(begin.size()))));
        if (code >= begin.size())
            bits.damaged();
        std::size_t const from = text.size();
        if (size[code] > count - from)
            bits.damaged();
        if (code < 256)
            text += static_cast<char>(code);
        else
            for (std::size_t i = 0; i < size[code]; ++i)
                text += text[begin[code] + i];
        if (begin.size() == 65535) {
            begin.resize(256), size.resize(256);
        } else {
            begin.push_back(from);
            size.push_back(size[code] + 1);
        }
    }
    return text;
}

}  // namespace descent::io
