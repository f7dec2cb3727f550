// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace descent::io {

/// How likely the next bit of one kind is 1, learned from those before: their mean at first, then an average
/// that forgets, since the kind may change.
class bit_model {
public:
    /// `memory` bits count about alike, 1 to 1023.
    explicit bit_model(std::uint32_t memory = 255) : memory_(std::uint16_t(memory)) {}

    /// In units of 2^-16: never 0, never all.
    std::uint32_t one() const {
        std::uint32_t const share = share_ >> 16;
        return share < 1 ? 1 : share;
    }
    void learn(bool bit) {
        // The rate is 1 / (bits so far + 1.5), as the estimate of Krichevsky and Trofimov (1981) has it.
        std::uint32_t const away = bit ? ~share_ : share_;
        auto const step = std::uint32_t(std::uint64_t(away) * 2 / (2 * seen_ + 3));
        share_ = bit ? share_ + step : share_ - step;
        seen_ = std::uint16_t(seen_ < memory_ ? seen_ + 1 : seen_);
    }
    std::uint32_t seen() const { return seen_; }

private:
    std::uint32_t share_ = 1u << 31;
    std::uint16_t seen_ = 0, memory_;
};

/// Writes bits in as little room as they were foreseen: a binary range coder (Martin, 1979); carries go by a
/// held byte and a count of 255s behind it (Schindler, 1998).
class range_encoder {
public:
    /// `one` is how likely the bit was said to be 1, in units of 2^-16: in [1, 65535].
    void put(std::uint32_t one, bool bit) {
        std::uint64_t const part = (range_ >> 16) * one;
        if (bit)
            range_ = part;
        else
            low_ += part, range_ -= part;
        for (; range_ < bottom; range_ <<= 8)
            shift();
    }
    void put(bit_model& model, bool bit) {
        put(model.one(), bit);
        model.learn(bit);
    }
    /// The lowest bits of a number as they are, the highest first.
    void put_plain(std::uint64_t number, unsigned bits) {
        while (bits-- > 0)
            put(1u << 15, number >> bits & 1);
    }

    /// The bytes. Zeros at their end are left out, since a decoder reads zeros there. The encoder is as new.
    std::string finish() {
        // The number in [low, low + range) with the most zeros at its end.
        for (std::uint64_t zeros = ~std::uint64_t(0) << 48;; zeros = ~(~zeros >> 8))
            if (std::uint64_t const number = (low_ + ~zeros) & zeros; number - low_ < range_) {
                low_ = number;
                break;
            } else if (zeros == ~std::uint64_t(0)) {
                break;
            }
        for (int i = 0; i < 7; ++i)
            shift();
        std::string bytes = std::exchange(*this, range_encoder{}).bytes_;
        while (!bytes.empty() && bytes.back() == 0)
            bytes.pop_back();
        return bytes;
    }

private:
    static constexpr std::uint64_t bottom = std::uint64_t(1) << 40, top = std::uint64_t(1) << 48;

    /// Bits 40 to 47 of low go out; bit 48 is a carry into what went out before.
    void shift() {
        if (low_ < std::uint64_t(0xff) << 40 || low_ >= top) {
            auto const carry = std::uint32_t(low_ >> 48);
            if (begun_)
                bytes_ += static_cast<char>(std::uint8_t(held_ + carry));
            for (; waiting_ > 0; --waiting_)
                bytes_ += static_cast<char>(std::uint8_t(255 + carry));
            held_ = std::uint8_t(low_ >> 40);
            begun_ = true;
        } else {
            ++waiting_;
        }
        low_ = (low_ & (bottom - 1)) << 8;
    }

    std::string bytes_;
    std::uint64_t low_ = 0, range_ = top - 1, waiting_ = 0;
    std::uint8_t held_ = 0;
    bool begun_ = false;
};

/// Reads what range_encoder wrote, asked alike. Behind the end it reads zeros: damaged bytes give other bits,
/// never a read out of bounds. The bytes must outlive it.
class range_decoder {
public:
    explicit range_decoder(std::string_view bytes) : bytes_(bytes) {
        for (int i = 0; i < 6; ++i)
            code_ = code_ << 8 | next();
    }

    bool get(std::uint32_t one) {
        std::uint64_t const part = (range_ >> 16) * one;
        bool const bit = code_ < part;
        if (bit)
            range_ = part;
        else
            code_ -= part, range_ -= part;
        for (; range_ < bottom; range_ <<= 8)
            code_ = code_ << 8 | next();
        return bit;
    }
    bool get(bit_model& model) {
        bool const bit = get(model.one());
        model.learn(bit);
        return bit;
    }
    std::uint64_t get_plain(unsigned bits) {
        std::uint64_t number = 0;
        while (bits-- > 0)
            number = number << 1 | std::uint64_t(get(1u << 15));
        return number;
    }

private:
    static constexpr std::uint64_t bottom = std::uint64_t(1) << 40;

    std::uint64_t next() {
        std::size_t const at = at_++;
        return at < bytes_.size() ? static_cast<unsigned char>(bytes_[at]) : 0u;
    }

    std::string_view bytes_;
    std::size_t at_ = 0;
    std::uint64_t range_ = (std::uint64_t(1) << 48) - 1, code_ = 0;
};

/// One of 2^bits symbols as bits, the highest first, each with a model for the bits before it: learns any
/// distribution. `bits` <= 16.
class symbol_model {
public:
    explicit symbol_model(unsigned bits, std::uint32_t memory = 255)
        : bits_(bits), tree_(std::size_t(1) << bits, bit_model(memory)) {}

    void put(range_encoder& to, std::uint32_t symbol) {
        std::size_t node = 1;
        for (unsigned i = bits_; i-- > 0;) {
            bool const bit = symbol >> i & 1;
            to.put(tree_[node], bit);
            node = 2 * node + bit;
        }
    }
    std::uint32_t get(range_decoder& from) {
        std::size_t node = 1;
        for (unsigned i = bits_; i-- > 0;)
            node = 2 * node + from.get(tree_[node]);
        return std::uint32_t(node - tree_.size());
    }

private:
    unsigned bits_;
    std::vector<bit_model> tree_;
};

}  // namespace descent::io
