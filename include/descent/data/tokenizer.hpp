// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <descent/core/error.hpp>

namespace descent::data {

/// Where a text is cut into words.
enum class cut {
    non_words,   ///< words are runs of ASCII letters, digits, _ and all characters beyond ASCII
    white_space  ///< words are runs of anything but ASCII white space
};

/// Cuts texts into words. The default is that of scikit-learn's CountVectorizer for ASCII: words of 2
/// characters or more. Every character beyond ASCII counts as a letter, signs and dashes too; bytes that are no
/// UTF-8 pass through unchanged.
struct tokenizer {
    cut at = cut::non_words;
    int shortest = 2;        ///< characters (not bytes) that a word has at least; 1: all words
    bool lower_case = true;  ///< A-Z and the capitals of Latin-1 (À-Þ) become small letters

    /// Calls each(word) for every word from left to right. The words lie in `memory`, which is overwritten.
    template <class Each>
    void operator()(std::string_view text, std::string& memory, Each const& each) const {
        memory = text;
        if (lower_case)
            to_lower(memory);
        std::string_view const all = memory;
        for (std::size_t at_byte = 0; at_byte < all.size();) {
            std::size_t const first = at_byte;
            int characters = 0;
            for (; at_byte < all.size() && in_word(all[at_byte]); ++at_byte)
                characters += (static_cast<unsigned char>(all[at_byte]) & 0xc0) != 0x80;
            if (at_byte == first)
                ++at_byte;
            else if (characters >= shortest)
                each(all.substr(first, at_byte - first));
        }
    }

    /// The words of a text.
    std::vector<std::string> operator()(std::string_view text) const {
        std::vector<std::string> words;
        std::string memory;
        (*this)(text, memory, [&](std::string_view word) { words.emplace_back(word); });
        return words;
    }

    /// Calls each(term) for every word, and then for every 2, 3, ... `most` words in a row, joined by spaces.
    template <class Each>
    void terms(std::string_view text, int most, std::string& memory, Each const& each) const {
        if (most == 1)
            return (*this)(text, memory, each);
        std::vector<std::string_view> words;
        (*this)(text, memory, [&](std::string_view word) { words.push_back(word); });
        std::string joined;
        for (std::size_t count = 1; count <= std::size_t(most); ++count)
            for (std::size_t first = 0; first + count <= words.size(); ++first) {
                joined = words[first];
                for (std::size_t k = 1; k < count; ++k)
                    joined.append(" ").append(words[first + k]);
                each(std::string_view(joined));
            }
    }

private:
    bool in_word(char c) const {
        bool const space = c == ' ' || (c >= '\t' && c <= '\r');
        if (at == cut::white_space)
            return !space;
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
               static_cast<unsigned char>(c) >= 0x80;
    }

    static void to_lower(std::string& text) {
        unsigned char before = 0;
        for (char& c : text) {
            auto const byte = static_cast<unsigned char>(c);
            // U+00C0 to U+00DE are C3 80 to C3 9E; among them U+00D7 is the sign of multiplication.
            if ((c >= 'A' && c <= 'Z') || (before == 0xc3 && byte >= 0x80 && byte <= 0x9e && byte != 0x97))
                c = static_cast<char>(byte + 0x20);
            before = byte;
        }
    }
};

}  // namespace descent::data
