// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace descent::plot::detail {

/// About how wide a line of sans-serif text is in pixels; an estimate from above for Helvetica and its kin,
/// since the reader's font is not known here.
inline double text_width(std::string_view text, double size) {
    double em = 0;
    for (char const c : text) {
        auto const byte = static_cast<unsigned char>(c);
        if (byte >= 0xe3)
            em += 1.0;  // the scripts of East Asia begin here, and they are square
        else if (byte >= 0xc0)
            em += 0.65;
        else if (byte >= 0x80)
            continue;  // the rest of a character counted already
        else if (std::string_view(" !'(),./:;I[]fijlrt|").find(c) != std::string_view::npos)
            em += 0.34;
        else if (c == 'm' || c == 'w' || c == 'M' || c == 'W' || c == '@' || c == '%')
            em += 0.92;
        else if (c >= 'A' && c <= 'Z')
            em += 0.71;
        else
            em += 0.59;
    }
    return em * size;
}

/// The text in lines no wider than `width`, broken at blanks.
inline std::vector<std::string> wrapped(std::string_view text, double size, double width) {
    std::vector<std::string> lines;
    while (!text.empty()) {
        std::size_t const blank = text.find(' ');
        std::string const word(text.substr(0, blank));
        if (!lines.empty() && text_width(lines.back() + " " + word, size) <= width)
            lines.back() += " " + word;
        else
            lines.push_back(word);
        text.remove_prefix(blank == std::string_view::npos ? text.size() : blank + 1);
    }
    return lines;
}

}  // namespace descent::plot::detail
