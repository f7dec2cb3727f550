// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <descent/io/range_coder.hpp>

namespace descent::io {

namespace detail {

/// 65536 / (1 + e^-(x / 128)) for x = -1536 .. 1536, within [1, 65535]. Whole numbers, so that all machines
/// code alike.
inline constexpr int logistic_reach = 1536;
inline constexpr auto logistic_table = [] {
    std::array<std::uint16_t, 2 * logistic_reach + 1> table{};
    double step = 1, term = 1;  // e^(1 / 128)
    for (int i = 1; i < 12; ++i)
        step += term /= 128.0 * i;
    double power = 1;
    for (int x = 0; x <= logistic_reach; ++x, power *= step) {
        auto const one = std::uint32_t(65536 / (1 + 1 / power) + 0.5);
        table[std::size_t(logistic_reach + x)] = std::uint16_t(one < 65535 ? one : 65535);
        table[std::size_t(logistic_reach - x)] = std::uint16_t(65536 - table[std::size_t(logistic_reach + x)]);
    }
    return table;
}();

}  // namespace detail

/// Makes one forecast of the next bit out of several models': adds their log odds, each times a weight that
/// learns which of them to trust (logistic mixing: Mahoney, 2005). In whole numbers throughout.
class bit_mixer {
public:
    /// For so many models a bit, and so many sets of weights to choose from.
    explicit bit_mixer(std::size_t models, std::size_t sets = 1)
        : models_(models), weights_(models * sets, std::int32_t(65536 * 2 / (models + 1))), odds_(models) {
        // The least x whose share is not below: the table turned around.
        log_odds_.resize(65536);
        int x = -detail::logistic_reach;
        for (std::uint32_t one = 0; one < 65536; ++one) {
            while (x < detail::logistic_reach &&
                   detail::logistic_table[std::size_t(x + detail::logistic_reach)] < one)
                ++x;
            log_odds_[one] = std::int16_t(x);
        }
    }

    /// How likely the bit is 1, in units of 2^-16. `models` has as many as said above.
    std::uint32_t one(std::span<bit_model* const> models, std::size_t set = 0) {
        std::int64_t sum = 0;
        set_ = weights_.data() + set * models_;
        for (std::size_t i = 0; i < models_; ++i) {
            // What a model without experience says counts for nothing, of one with little for less.
            std::int32_t const heard = std::int32_t(std::min<std::uint32_t>(models[i]->seen(), 8));
            odds_[i] = log_odds_[models[i]->one()] * (heard + 2) / 10;
            sum += std::int64_t(set_[i]) * odds_[i];
        }
        auto const x = std::clamp<std::int64_t>(sum >> 16, -detail::logistic_reach, detail::logistic_reach);
        return one_ = detail::logistic_table[std::size_t(x + detail::logistic_reach)];
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
    std::vector<std::int16_t> log_odds_;
    std::int32_t* set_ = nullptr;
    std::uint32_t one_ = 1u << 15;
};

}  // namespace descent::io
