// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>
#include <vector>

#include <descent/core/config.hpp>
#include <descent/core/detail/normal.hpp>
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

    static DESCENT_FN block at(block counter, key k) { return mix<10>(counter, k); }

private:
    // Recursion and not a loop: g++ -O2 would not unroll it.
    template <int rounds>
    static DESCENT_FN block mix(block c, key k) {
        if constexpr (rounds == 0) {
            return c;
        } else {
            std::uint64_t const left = std::uint64_t(0xD2511F53u) * c.word[0];
            std::uint64_t const right = std::uint64_t(0xCD9E8D57u) * c.word[2];
            return mix<rounds - 1>({{std::uint32_t(right >> 32) ^ c.word[1] ^ k.word[0], std::uint32_t(right),
                                     std::uint32_t(left >> 32) ^ c.word[3] ^ k.word[1], std::uint32_t(left)}},
                                   {{k.word[0] + 0x9E3779B9u, k.word[1] + 0xBB67AE85u}});
        }
    }
};

struct generator;

/// The numbers 0 .. n - 1 in random order, the same on every backend (Fisher, Yates; Durstenfeld, 1964): for k
/// from n - 1 down to 1, swap the numbers at k and at draws.integer(k, k + 1). Throws descent::error for n < 0.
template <class Index = std::ptrdiff_t>
std::vector<Index> permutation(Index n, generator draws);

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
    /// and 2 i + 1 of that sequence, low word first) or a pack of them.
    template <class V = std::uint32_t>
    DESCENT_FN V bits(std::uint64_t i) const {
        using U = number_of<V>;
        static_assert(std::is_same_v<U, std::uint32_t> || std::is_same_v<U, std::uint64_t>);
        if constexpr (lanes_of<V> == 1) {
            return part<U>(block(i / per_block<U>), int(i % per_block<U>));
        } else {
            run<U, lanes_of<V>> const drawn(*this, i);
            return load_unaligned<V>(drawn.word + drawn.skipped);
        }
    }

    /// Uniform on the multiples of 2^-24 (float) or 2^-53 (double) in [0, 1), from bits(i).
    template <class V>
    DESCENT_FN V uniform(std::uint64_t i) const {
        constexpr bool single = sizeof(number_of<V>) == 4;
        return detail::whole_number<V>(bits<bits_type<V>>(i) >> (single ? 8 : 11)) *
               V(single ? number_of<V>(0x1p-24) : number_of<V>(0x1p-53));
    }

    /// Standard normal (Box, Muller, 1958): positions 2 k and 2 k + 1 are sqrt(-2 log u) times the cosine and
    /// the sine of one angle; u in (0, 1] has 31 (float) or 53 (double) bits and comes from bits(2 k), the
    /// angle from bits(2 k + 1). |normal| <= 6.7 (float), 8.7 (double). Same bits wherever multiply-add is
    /// fused; within a few ulp elsewhere.
    template <class V>
    DESCENT_FN V normal(std::uint64_t i) const {
        using U = number_of<bits_type<V>>;
        constexpr int lanes = lanes_of<V>;
        if constexpr (lanes == 1) {
            int const pair = int(i % per_block<U>) & ~1;
            philox::block const words = block(i / per_block<U>);
            return detail::box_muller<V>(part<U>(words, pair), part<U>(words, pair + 1), U(i & 1));
        } else {
            run<U, lanes> const drawn(*this, i);
            U radius[lanes], angle[lanes], odd[lanes];
            for (int lane = 0; lane < lanes; ++lane) {
                int const at = drawn.skipped + lane;
                radius[lane] = drawn.word[at & ~1];
                angle[lane] = drawn.word[at | 1];
                odd[lane] = U(at & 1);
            }
            using B = bits_type<V>;
            return detail::box_muller<V>(load_unaligned<B>(radius), load_unaligned<B>(angle),
                                         load_unaligned<B>(odd));
        }
    }

    /// Uniform on 0 .. n - 1 without bias: the high half of bits(i) * n, drawn again (attempt 1, 2, ...) where
    /// the low half falls in the short last interval (Lemire, 2019). 32-bit draws for n < 2^32, 64-bit draws
    /// above. n = 0 throws descent::error (on a device: gives 0).
    DESCENT_FN std::uint64_t integer(std::uint64_t i, std::uint64_t n) const {
#ifndef __CUDA_ARCH__
        expect(n > 0, "generator: integer: n = 0: must be > 0");
#endif
        if (n >> 32)
            return below(i, n, block(i / 2));
        return below(i, std::uint32_t(n), block(i / 4));
    }

private:
    template <class U>
    static constexpr int per_block = 16 / int(sizeof(U));

    template <class U>
    static DESCENT_FN U part(philox::block const& words, int which) {
        if constexpr (sizeof(U) == 4)
            return words.word[which];
        else
            return U(words.word[2 * which + 1]) << 32 | words.word[2 * which];
    }

    /// The words of the whole blocks that hold draws i .. i + lanes - 1; `skipped` of them stand before i.
    template <class U, int lanes>
    struct run {
        static constexpr int blocks = (lanes + per_block<U> - 1) / per_block<U>;
        int skipped;
        U word[(blocks + 1) * per_block<U>];

        DESCENT_FN run(generator const& g, std::uint64_t i) : skipped(int(i % per_block<U>)) {
            // One block more than fits the lanes when the first draw does not start a block.
            int const count = skipped + lanes > blocks * per_block<U> ? blocks + 1 : blocks;
            for (int k = 0; k < count; ++k) {
                philox::block const words = g.block(i / per_block<U> + std::uint64_t(k));
                for (int at = 0; at < per_block<U>; ++at)
                    word[k * per_block<U> + at] = part<U>(words, at);
            }
        }
    };

    /// integer() below n, whose first attempt lies in `words`.
    template <class U>
    DESCENT_FN U below(std::uint64_t i, U n, philox::block words) const {
        for (std::uint32_t attempt = 1;; ++attempt) {
            auto const [high, low] = detail::multiply(part<U>(words, int(i % per_block<U>)), n);
            if (low >= n || n == 0 || low >= U(-n) % n)
                return high;
            words = block(i / per_block<U>, attempt);
        }
    }

    template <class Index>
    friend std::vector<Index> permutation(Index n, generator draws);
};

template <class Index>
std::vector<Index> permutation(Index n, generator draws) {
    static_assert(std::is_integral_v<Index>);
    if constexpr (std::is_signed_v<Index>)
        expect(n >= 0, "permutation: n = ", n, ": must be >= 0");
    std::vector<Index> order(static_cast<std::size_t>(n));
    for (std::size_t k = 0; k < order.size(); ++k)
        order[k] = Index(k);
    std::uint64_t k = order.size();
    if constexpr (sizeof(Index) > 4)
        for (; k >> 32; --k)
            std::swap(order[k - 1], order[draws.integer(k - 1, k)]);
    while (k > 1) {
        // One block serves the four positions that share it.
        std::uint64_t const position = (k - 1) / 4;
        philox::block const words = draws.block(position);
        for (; k > 1 && (k - 1) / 4 == position; --k)
            std::swap(order[k - 1], order[draws.below(k - 1, std::uint32_t(k), words)]);
    }
    return order;
}

}  // namespace descent
