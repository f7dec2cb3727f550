// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <descent/core/error.hpp>
#include <descent/data/detail/elements.hpp>

namespace descent::data::detail {

/// Appends bits to bytes, the highest first.
class bit_writer {
public:
    void put(std::uint32_t value, unsigned count) {
        held_ = held_ << count | value;
        for (filled_ += count; filled_ >= 8; filled_ -= 8)
            bytes_ += static_cast<char>(held_ >> (filled_ - 8) & 255);
    }
    std::string finish() {
        if (filled_ > 0)
            put(0, 8 - filled_);
        return std::move(bytes_);
    }

private:
    std::string bytes_;
    std::uint64_t held_ = 0;
    unsigned filled_ = 0;
};

/// Reads what bit_writer wrote. Throws descent::error where it has ended: "x.cache: the data is damaged".
class bit_reader {
public:
    bit_reader(std::string_view bytes, std::string_view name)
        : name_(name), at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

    /// The next bits, 32 at most, without taking them; zeros behind the end.
    std::uint32_t peek(unsigned count) {
        if (filled_ < count) {
            if (end_ - at_ >= 4) {
                held_ = held_ << 32 | load<std::uint32_t>(at_, true);
                at_ += 4;
            } else {
                for (int i = 0; i < 4; ++i)
                    held_ = held_ << 8 | (at_ < end_ ? static_cast<unsigned char>(*at_++) : 0u);
            }
            taken_ += 4;
            filled_ += 32;
        }
        return static_cast<std::uint32_t>(held_ >> (filled_ - count) & ((std::uint64_t(1) << count) - 1));
    }
    void skip(unsigned count) { filled_ -= count; }
    std::uint32_t take(unsigned count) {
        std::uint32_t const value = peek(count);
        skip(count);
        return value;
    }

    /// Whether more bits were taken than there are.
    bool overrun(std::size_t bytes) const { return taken_ - filled_ / 8 > bytes; }

    [[noreturn]] void damaged() const { fail(name_, ": the data is damaged"); }

private:
    std::string_view name_;
    char const *at_, *end_;
    std::size_t taken_ = 0;
    std::uint64_t held_ = 0;
    unsigned filled_ = 0;
};

}  // namespace descent::data::detail
