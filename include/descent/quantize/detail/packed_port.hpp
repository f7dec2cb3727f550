// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <descent/io/bit_mixer.hpp>
#include <descent/io/range_coder.hpp>

namespace descent::quantize::detail {

/// Through what a packed file is written or read: one description of the format serves both. What is asked for
/// is returned; a writer returns what it was given. It counts where the room goes.
template <class Coder>
class packed_port {
public:
    static constexpr bool writes = std::is_same_v<Coder, io::range_encoder>;

    explicit packed_port(Coder coder = {}) : coder_(std::move(coder)) {}

    Coder& coder() { return coder_; }
    /// Bits from here on are counted there.
    void count_in(double& bits) { bits_ = &bits; }

    bool bit(io::bit_model& model, bool given) {
        bool const told = bit(model.one(), given);
        model.learn(told);
        return told;
    }
    bool bit(io::bit_mixer& mixer, std::span<io::bit_model* const> models, bool given, std::size_t set = 0) {
        bool const told = bit(mixer.one(models, set), given);
        mixer.learn(models, told);
        return told;
    }
    /// A number below 2^bits, as it is.
    std::uint64_t plain(std::uint64_t given, unsigned bits) {
        std::uint64_t told = 0;
        while (bits-- > 0)
            told = told << 1 | std::uint64_t(bit(1u << 15, given >> bits & 1));
        return told;
    }
    /// Any number: how many bits it has, and those (Elias, 1975, gamma).
    std::uint64_t number(std::uint64_t given) {
        std::uint64_t const width = plain(std::uint64_t(std::bit_width(given)), 6);
        return width < 2 ? width : std::uint64_t(1) << (width - 1) | plain(given, unsigned(width) - 1);
    }

private:
    bool bit(std::uint32_t one, bool given) {
        bool told = given;
        if constexpr (writes)
            coder_.put(one, given);
        else
            told = coder_.get(one);
        *bits_ -= std::log2((told ? one : 65536 - one) / 65536.0);
        return told;
    }

    Coder coder_;
    double none_ = 0;
    double* bits_ = &none_;
};

/// Names one after another, letter by letter, each foreseen by those before it.
class name_codec {
public:
    template <class Port>
    std::string run(Port& port, std::string_view given) {
        std::string name;
        for (;;) {
            unsigned const letter =
                name.size() < given.size() ? static_cast<unsigned char>(given[name.size()]) : 0;
            std::array<std::uint32_t, orders> const seen{0, last_ & 0xff, last_ & 0xffff, last_ & 0xffffff,
                                                         last_};
            std::uint32_t told = 1;
            for (int i = 7; i >= 0; --i) {
                std::array<io::bit_model*, orders> models;
                for (std::uint32_t order = 0; order < orders; ++order) {
                    std::uint32_t const hash =
                        (seen[order] * 0x9e3779b1u + told * 0x85ebca6bu + order) * 0xc2b2ae35u;
                    models[order] = &models_[std::size_t(order) << 12 | hash >> 20];
                }
                told = told << 1 | std::uint32_t(port.bit(mixer_, models, letter >> i & 1));
            }
            last_ = last_ << 8 | (told & 0xff);
            if (told == 256)
                return name;
            name += static_cast<char>(told & 0xff);
            if (name.size() == 4096)
                return name;
        }
    }

private:
    static constexpr std::size_t orders = 5;

    std::vector<io::bit_model> models_ = std::vector<io::bit_model>(orders << 12);
    io::bit_mixer mixer_{orders};
    std::uint32_t last_ = 0;
};

}  // namespace descent::quantize::detail
