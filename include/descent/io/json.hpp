// SPDX-License-Identifier: MIT
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <descent/core/error.hpp>

namespace descent::io {

/// Is the text well-formed UTF-8? No overlong forms, no surrogates, nothing above U+10FFFF (RFC 3629).
inline bool is_utf8(std::string_view bytes) {
    auto const at = [&](std::size_t i) {
        return i < bytes.size() ? unsigned(static_cast<unsigned char>(bytes[i])) : 0u;
    };
    for (std::size_t i = 0; i < bytes.size();) {
        unsigned const lead = at(i);
        std::size_t const more = lead < 0x80                   ? 0
                                 : lead >= 0xc2 && lead < 0xe0 ? 1
                                 : lead >= 0xe0 && lead < 0xf0 ? 2
                                 : lead >= 0xf0 && lead < 0xf5 ? 3
                                                               : 4;
        if (more == 4)
            return false;
        unsigned point = more == 0 ? lead : lead & (0x3fu >> more);
        for (std::size_t k = 1; k <= more; ++k) {
            if ((at(i + k) & 0xc0) != 0x80)
                return false;
            point = point << 6 | (at(i + k) & 0x3f);
        }
        bool const overlong = (more == 2 && point < 0x800) || (more == 3 && point < 0x10000);
        if (overlong || (point >= 0xd800 && point < 0xe000) || point > 0x10ffff)
            return false;
        i += more + 1;
    }
    return true;
}

/// Reads a JSON text (RFC 8259) value by value, in the order in which it stands there; builds no tree. Objects
/// and arrays inside one another go no deeper than `deepest`. Every fault throws descent::error with `name` and
/// the byte: "model.json: byte 17: expected ':'".
class json_reader {
public:
    static constexpr int deepest = 16;

    json_reader(std::string_view json, std::string name) : text_(json), name_(std::move(name)) {
        expect(is_utf8(json), name_, ": it is not UTF-8");
    }

    /// An object: member(std::string key) is called for each member and must read its value.
    template <class F>
    void object(F const& member) {
        list('{', '}', [&] {
            std::string const key = string();
            take(':');
            member(key);
        });
    }

    /// An array: element() is called for each element and must read it.
    template <class F>
    void array(F const& element) {
        list('[', ']', element);
    }

    /// A string, as UTF-8.
    std::string string() {
        take('"');
        std::string read;
        for (;;) {
            need(at_ < text_.size(), "the string has no end");
            char const c = text_[at_++];
            if (c == '"')
                return read;
            need(static_cast<unsigned char>(c) >= 0x20, "a control character in a string");
            if (c == '\\')
                append_escaped(read);
            else
                read += c;
        }
    }

    /// A whole number from 0 to 2^63 - 1, without sign, point or exponent.
    std::int64_t natural() {
        char const first = peek();
        need(is_digit(first), "expected a whole number");
        std::uint64_t number = 0;
        std::size_t const start = at_;
        constexpr std::uint64_t most = ~std::uint64_t(0) >> 1;
        for (; at_ < text_.size() && is_digit(text_[at_]); ++at_) {
            auto const digit = std::uint64_t(text_[at_] - '0');
            need(number <= (most - digit) / 10, "the number is too large");
            number = number * 10 + digit;
            need(first != '0' || at_ == start, "a number begins with 0");
        }
        return std::int64_t(number);
    }

    /// Any number.
    double number() {
        peek();
        std::size_t const start = at_;
        auto const digits = [&] {
            std::size_t const from = at_;
            while (at_ < text_.size() && is_digit(text_[at_]))
                ++at_;
            need(at_ > from, "expected a number");
            return at_ - from;
        };
        auto const has = [&](char c) {
            bool const there = at_ < text_.size() && text_[at_] == c;
            at_ += there;
            return there;
        };
        has('-');
        bool const zero = at_ < text_.size() && text_[at_] == '0';
        need(digits() == 1 || !zero, "a number begins with 0");
        if (has('.'))
            digits();
        if (has('e') || has('E')) {
            has('+') || has('-');
            digits();
        }
        double read = 0;
        auto const [end, failed] = std::from_chars(text_.data() + start, text_.data() + at_, read);
        need(failed == std::errc{}, "the number is too large or too small");
        return read;
    }

    /// Any value, as it stands there.
    std::string_view raw() {
        char const first = peek();
        std::size_t const start = at_;
        if (first == '{')
            object([&](std::string const&) { raw(); });
        else if (first == '[')
            array([&] { raw(); });
        else if (first == '"')
            string();
        else if (first == '-' || is_digit(first))
            number();
        else
            literal();
        return text_.substr(start, at_ - start);
    }

    /// Nothing but white space may follow.
    void end() { need(peek() == '\0' && at_ == text_.size(), "more text behind the end"); }

    /// Throws unless the condition holds: "name: byte 17: what".
    void need(bool condition, std::string_view what) const {
        if (!condition)
            fail(name_, ": byte ", at_, ": ", what);
    }

private:
    static bool is_digit(char c) { return c >= '0' && c <= '9'; }

    /// The next character behind white space; 0 at the end.
    char peek() {
        while (at_ < text_.size() &&
               (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t'))
            ++at_;
        return at_ < text_.size() ? text_[at_] : '\0';
    }

    void literal() {
        for (std::string_view const word : {"true", "false", "null"})
            if (text_.substr(at_, word.size()) == word) {
                at_ += word.size();
                return;
            }
        need(false, "expected a value");
    }

    void take(char c) {
        if (peek() != c || at_ == text_.size())
            need(false, text("expected '", c, "'"));
        ++at_;
    }

    template <class F>
    void list(char open, char close, F const& element) {
        take(open);
        need(++depth_ <= deepest, "nested too deep");
        if (peek() != close) {
            element();
            while (peek() == ',') {
                ++at_;
                element();
            }
        }
        take(close);
        --depth_;
    }

    unsigned hex4() {
        unsigned code = 0;
        for (int i = 0; i < 4; ++i) {
            char const c = at_ < text_.size() ? text_[at_] : '\0';
            unsigned const letter = (static_cast<unsigned char>(c) | 0x20u) - 'a';
            need(is_digit(c) || letter < 6, "expected four hexadecimal digits");
            code = code * 16 + (is_digit(c) ? unsigned(c - '0') : letter + 10);
            ++at_;
        }
        return code;
    }

    void append_escaped(std::string& to) {
        constexpr std::string_view letters = "\"\\/bfnrt", meant = "\"\\/\b\f\n\r\t";
        char const c = at_ < text_.size() ? text_[at_] : '\0';
        if (std::size_t const which = letters.find(c); which != letters.npos) {
            ++at_;
            to += meant[which];
            return;
        }
        need(c == 'u', "an unknown escape");
        ++at_;
        unsigned point = hex4();
        if (point >= 0xd800 && point < 0xdc00 && text_.substr(at_, 2) == "\\u") {
            at_ += 2;
            unsigned const low = hex4();
            need(low >= 0xdc00 && low < 0xe000, "half a surrogate pair");
            point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
        }
        need(point < 0xd800 || point >= 0xe000, "half a surrogate pair");
        auto const put = [&](unsigned bits) { to += char(static_cast<unsigned char>(bits)); };
        if (point < 0x80) {
            put(point);
            return;
        }
        if (point >= 0x10000) {
            put(0xf0 | point >> 18);
            put(0x80 | (point >> 12 & 0x3f));
        } else if (point >= 0x800) {
            put(0xe0 | point >> 12);
        } else {
            put(0xc0 | point >> 6);
        }
        if (point >= 0x800)
            put(0x80 | (point >> 6 & 0x3f));
        put(0x80 | (point & 0x3f));
    }

    std::string_view text_;
    std::string name_;
    std::size_t at_ = 0;
    int depth_ = 0;
};

/// The text between quotes, escaped as JSON.
inline std::string to_json(std::string_view plain) {
    std::string quoted = "\"";
    for (char const c : plain) {
        constexpr std::string_view digits = "0123456789abcdef";
        auto const code = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\')
            quoted += '\\';
        if (code < 0x20)
            quoted += text("\\u00", digits[code >> 4], digits[code & 15]);
        else
            quoted += c;
    }
    return quoted + '"';
}

}  // namespace descent::io
