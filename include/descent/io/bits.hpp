// SPDX-License-Identifier: MIT
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <descent/core/error.hpp>

namespace descent::io {

/// Writes numbers of any width one behind the other, the highest bit first.
class bit_writer {
public:
    /// The lowest `bits` of a number, 64 at most.
    void put(std::uint64_t number, unsigned bits) {
        while (bits-- > 0) {
            if (used_ == 0)
                bytes_ += '\0';
            bytes_.back() = static_cast<char>(static_cast<unsigned char>(bytes_.back()) | (number >> bits & 1)
                                                                                              << (7 - used_));
            used_ = (used_ + 1) % 8;
        }
    }
    /// A number >= 1 in 2 log2 + 1 bits (Elias, 1975, gamma).
    void put_gamma(std::uint64_t number) {
        auto const width = unsigned(std::bit_width(number));
        put(0, width - 1);
        put(number, width);
    }
    /// The bytes, filled up with zeros. The writer is as new.
    std::string finish() {
        used_ = 0;
        return std::exchange(bytes_, {});
    }

private:
    std::string bytes_;
    unsigned used_ = 0;
};

/// Reads what bit_writer wrote. Throws descent::error for a read behind the end: "x.bin: the data is damaged";
/// `file` stands for the file. Both must outlive it.
class bit_reader {
public:
    bit_reader(std::string_view bytes, std::string_view file) : bytes_(bytes), file_(file) {}

    std::uint64_t get(unsigned bits) {
        std::uint64_t number = 0;
        for (; bits > 0; --bits, ++at_) {
            if (at_ / 8 >= bytes_.size())
                damaged();
            number = number << 1 | (static_cast<unsigned char>(bytes_[at_ / 8]) >> (7 - at_ % 8) & 1u);
        }
        return number;
    }
    std::uint64_t get_gamma() {
        unsigned width = 0;
        while (get(1) == 0)
            if (++width > 63)
                damaged();
        return std::uint64_t(1) << width | get(width);
    }
    std::size_t left() const { return 8 * bytes_.size() - at_; }
    [[noreturn]] void damaged() const { fail(file_, ": the data is damaged"); }

private:
    std::string_view bytes_, file_;
    std::size_t at_ = 0;
};

}  // namespace descent::io
