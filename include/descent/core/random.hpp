// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>
#include <vector>

#include <descent/core/config.hpp>
#include <descent/core/error.hpp>
#include <descent/core/pack.hpp>

namespace descent {

/// Philox 4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3", 2011): a function
/// from a 128-bit counter and a 64-bit key to 128 random bits. No state, so any draw can be had at any place.
struct philox {
    struct block {
        std::uint32_t word[4];
    };
    struct key {
        std::uint32_t word[2];
    };

    static DESCENT_FN block at(block counter, key k) {
        std::uint32_t a = counter.word[0], b = counter.word[1], c = counter.word[2], d = counter.word[3];
        for (int round = 0; round < 10; ++round) {
            std::uint64_t const left = std::uint64_t(0xD2511F53u) * a, right = std::uint64_t(0xCD9E8D57u) * c;
            a = std::uint32_t(right >> 32) ^ b ^ k.word[0];
            b = std::uint32_t(right);
            c = std::uint32_t(left >> 32) ^ d ^ k.word[1];
            d = std::uint32_t(left);
            k.word[0] += 0x9E3779B9u;
            k.word[1] += 0xBB67AE85u;
        }
        return {{a, b, c, d}};
    }
};

/// Random numbers by position: draw i is a pure function of (seed, stream, i), the same on every backend,
/// thread count and pack width. Keep one stream for one kind of draw: uniform<float>(0) and bits(0) are made of
/// the same bits. Each function fills V: one number, or a pack whose lane l is the draw of position i + l.
struct generator {
    std::uint64_t seed = 0;
    std::uint32_t stream = 0;

    /// 128 random bits: Philox of the counter (position, stream, attempt) under the key seed.
    DESCENT_FN philox::block block(std::uint64_t position, std::uint32_t attempt = 0) const {
        return philox::at({{std::uint32_t(position), std::uint32_t(position >> 32), stream, attempt}},
                          {{std::uint32_t(seed), std::uint32_t(seed >> 32)}});
    }

    /// 32 or 64 random bits a lane: V is std::uint32_t (word i % 4 of block i / 4), std::uint64_t (words 2 i
    /// and 2 i + 1, low word first) or a pack of them.
    template <class V = std::uint32_t>
    DESCENT_FN V bits(std::uint64_t i) const {
        using U = number_of<V>;
        static_assert(std::is_same_v<U, std::uint32_t> || std::is_same_v<U, std::uint64_t>);
        constexpr int per_block = 16 / int(sizeof(U)), lanes = lanes_of<V>;
        if constexpr (lanes == 1) {
            return part<U>(block(i / per_block), int(i % per_block));
        } else {
            // Whole blocks around the wanted draws: one more than fits when the first does not start a block.
            constexpr int blocks = (lanes + per_block - 1) / per_block;
            int const skipped = int(i % per_block);
            U drawn[(blocks + 1) * per_block];
            for (int k = 0; k < blocks + (skipped != 0); ++k) {
                philox::block const words = block(i / per_block + std::uint64_t(k));
                for (int lane = 0; lane < per_block; ++lane)
                    drawn[k * per_block + lane] = part<U>(words, lane);
            }
            return load_unaligned<V>(drawn + skipped);
        }
    }

    /// Uniform on the multiples of 2^-24 (float) or 2^-53 (double) in [0, 1).
    template <class V>
    DESCENT_FN V uniform(std::uint64_t i) const {
        using T = number_of<V>;
        constexpr int dropped = sizeof(T) == 4 ? 8 : 11;
        constexpr T unit = sizeof(T) == 4 ? T(0x1p-24) : T(0x1p-53);
        return convert<T>(bits<bits_type<V>>(i) >> dropped) * V(unit);
    }

private:
    template <class U>
    static DESCENT_FN U part(philox::block const& words, int which) {
        if constexpr (sizeof(U) == 4)
            return words.word[which];
        else
            return U(words.word[2 * which + 1]) << 32 | words.word[2 * which];
    }
};

}  // namespace descent
