// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <descent/io/range_coder.hpp>

namespace descent::io {

namespace detail {

inline constexpr int logistic_reach = 1536;

/// 65536 / (1 + e^-(x / 128)) for x = -reach .. reach, within [1, 65535]. Whole numbers, so that all machines
/// code alike.
template <int reach>
inline constexpr auto logistic_table = [] {
    std::array<std::uint16_t, 2 * reach + 1> table{};
    double step = 1, term = 1;  // e^(1 / 128)
    for (int i = 1; i < 12; ++i)
        step += term /= 128.0 * i;
    double power = 1;
    for (int x = 0; x <= reach; ++x, power *= step) {
        auto const one = std::uint32_t(65536 / (1 + 1 / power) + 0.5);
        table[std::size_t(reach + x)] = std::uint16_t(one < 65535 ? one : 65535);
        table[std::size_t(reach - x)] = std::uint16_t(65536 - table[std::size_t(reach + x)]);
    }
    return table;
}();

/// The place of a share in [1, 32768] among steps of at most 1/64 of it.
constexpr std::size_t share_step(std::uint32_t one) {
    auto const width = int(std::bit_width(one));
    std::uint32_t const front = width > 7 ? one >> (width - 7) : one << (7 - width);
    return std::size_t(width) << 6 | (front & 63);
}

/// -x for each step's middle: the logistic table turned around.
template <int reach>
inline constexpr auto log_odds_table = [] {
    std::array<std::int16_t, 17 << 6> table{};
    int x = -reach;
    for (std::size_t step = 1 << 6; step < table.size(); ++step) {
        int const width = int(step >> 6);
        auto const front = std::uint32_t(64 | (step & 63));  // 7 bits
        std::uint32_t const one = width > 7 ? (2 * front + 1) << (width - 8) : front >> (7 - width);
        while (x < 0 && logistic_table<reach>[std::size_t(x + reach)] < one)
            ++x;
        table[step] = std::int16_t(-x);
    }
    return table;
}();

/// 128 ln(p / (1 - p)) for p in units of 2^-16, as the logistic table has it.
inline std::int32_t log_odds(std::uint32_t one) {
    auto const& table = log_odds_table<logistic_reach>;
    return one <= 32768 ? -table[share_step(one)] : table[share_step(65536 - one)];
}

}  // namespace detail

/// Makes one forecast of the next bit out of several models': adds their log odds, each times a weight that
/// learns which of them to trust (logistic mixing: Mahoney, 2005). In whole numbers throughout.
class bit_mixer {
public:
    /// For so many models a bit, and so many sets of weights to choose from.
    explicit bit_mixer(std::size_t models, std::size_t sets = 1)
        : models_(models), weights_(models * sets, std::int32_t(65536 * 2 / (models + 1))), odds_(models) {}

    /// How likely the bit is 1, in units of 2^-16. `models` has as many as said above.
    std::uint32_t one(std::span<bit_model* const> models, std::size_t set = 0) {
        std::int64_t sum = 0;
        set_ = weights_.data() + set * models_;
        for (std::size_t i = 0; i < models_; ++i) {
            // What a model without experience says counts for nothing, of one with little for less.
            std::int32_t const heard = std::int32_t(std::min<std::uint32_t>(models[i]->seen(), 8));
            odds_[i] = detail::log_odds(models[i]->one()) * (heard + 2) / 10;
            sum += std::int64_t(set_[i]) * odds_[i];
        }
        auto const x = std::clamp<std::int64_t>(sum >> 16, -detail::logistic_reach, detail::logistic_reach);
        return one_ = detail::logistic_table<detail::logistic_reach>[std::size_t(x + detail::logistic_reach)];
    }
    /// Behind `one`: what the bit was.
    void learn(std::span<bit_model* const> models, bool bit) {
        std::int64_t const error = std::int64_t(bit ? 65536 : 0) - one_;
        for (std::size_t i = 0; i < models_; ++i) {
            std::int64_t const moved = set_[i] + ((odds_[i] * error * rate + (1 << 15)) >> 16);
            set_[i] = std::int32_t(std::clamp<std::int64_t>(moved, -(1 << 20), 1 << 20));
            models[i]->learn(bit);
        }
    }

    void put(range_encoder& to, std::span<bit_model* const> models, bool bit, std::size_t set = 0) {
        to.put(one(models, set), bit);
        learn(models, bit);
    }
    bool get(range_decoder& from, std::span<bit_model* const> models, std::size_t set = 0) {
        bool const bit = from.get(one(models, set));
        learn(models, bit);
        return bit;
    }

private:
    static constexpr std::int64_t rate = 2;

    std::size_t models_;
    std::vector<std::int32_t> weights_;  // in units of 2^-16
    std::vector<std::int32_t> odds_;
    std::int32_t* set_ = nullptr;
    std::uint32_t one_ = 1u << 15;
};

}  // namespace descent::io
