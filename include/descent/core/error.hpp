// SPDX-License-Identifier: MIT
#pragma once

#include <charconv>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

namespace descent {

/// The one exception of the library. Its text names what is wrong, where, and the value that was seen:
/// "learning_rate = -0.1: must be > 0", "train.csv:17: column 3 'abc' is not a number".
class error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

namespace detail {

inline void append(std::string& text, std::string_view part) { text += part; }
inline void append(std::string& text, char part) { text += part; }

template <class N>
requires std::is_arithmetic_v<N>
void append(std::string& text, N part) {
    if constexpr (std::is_same_v<N, bool>) {
        text += part ? "true" : "false";
    } else {
        char buffer[64];
        auto const [end, failed] = std::to_chars(buffer, buffer + sizeof buffer, part);
        text.append(buffer, failed == std::errc{} ? end : buffer);
    }
}

}  // namespace detail

/// The parts, one after another, as text. Numbers are written in the shortest form that reads back exactly.
template <class... Part>
std::string text(Part const&... part) {
    std::string joined;
    (detail::append(joined, part), ...);
    return joined;
}

/// Throws descent::error with text(part...).
template <class... Part>
[[noreturn]] void fail(Part const&... part) {
    throw error(text(part...));
}

/// Throws descent::error with text(part...) unless the condition holds. Used once, at the edge of the library;
/// per-element code cannot fail.
template <class... Part>
constexpr void expect(bool condition, Part const&... part) {
    if (!condition) [[unlikely]]
        fail(part...);
}

}  // namespace descent
