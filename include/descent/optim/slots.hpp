// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include <descent/core/config.hpp>
#include <descent/core/pack.hpp>
#include <descent/core/tensor.hpp>

// How the optimizer keeps its slots: a policy of the sweep, so that no rule is written twice. A store is a
// struct with
//
//     static constexpr bool direct             slots are plain numbers of the parameters' type, used in place
//     static index bytes(index n, index tiles) memory for an arena of n numbers in so many tiles
//     static void decode<V>(unsigned char const* base, spot at, index n, T* out)
//     static void encode<V>(unsigned char* base, spot at, index n, T const* in, std::uint64_t key)
//
// n is at most `tile`; key differs from step to step and slot to slot.
namespace descent::slots {

/// Numbers that the sweep decodes at a time.
inline constexpr index tile = 256;

/// Where a tile stands: tiles start with their tensor, and only a tensor's last one is shorter.
struct spot {
    index first = 0;  ///< number of the arena
    index tile = 0;   ///< tiles of the arena in front of it
};

/// Tiles of a tensor of n numbers.
constexpr index tiles_of(index n) { return (n + tile - 1) / tile; }

/// Slots in the type of the parameters.
struct full {
    static constexpr bool direct = true;
};

/// Slots in bfloat16: half the memory of float. Rounded at random, up with the probability of the part that is
/// lost, so that sums of small steps keep their mean (nearest rounding would freeze Adam's second moment). The
/// draw depends on (element, slot, step) alone, so it is the same on every executor and thread count.
struct bf16 {
    static constexpr bool direct = false;

    static index bytes(index n, index) { return 2 * n; }

    template <class V>
    static void decode(unsigned char const* base, spot at, index n, number_of<V>* out) {
        auto const* const codes = reinterpret_cast<std::uint16_t const*>(base) + at.first;
        for (index i = 0; i < n; ++i)
            out[i] = number_of<V>(number(codes[i]));
    }

    template <class V>
    static void encode(unsigned char* base, spot at, index n, number_of<V> const* in, std::uint64_t key) {
        auto* const codes = reinterpret_cast<std::uint16_t*>(base) + at.first;
        for (index i = 0; i < n; ++i)
            codes[i] = code_of(float(in[i]), at.first + i, key);
    }

    /// One number and its code, for devices, where a thread decodes its own.
    using code = std::uint16_t;
    static DESCENT_FN float number(code c) { return from_bits<float>(std::uint32_t(c) << 16); }
    static DESCENT_FN code code_of(float x, index element, std::uint64_t key) {
        return round(x, mix(std::uint32_t(element) ^ std::uint32_t(key ^ key >> 32)));
    }

    /// The two bfloat16 around `number`, chosen by 16 random bits; exact numbers, Inf and NaN stay what they
    /// are.
    static DESCENT_FN std::uint16_t round(float number, std::uint32_t random) {
        std::uint32_t const bits = to_bits(number);
        std::uint32_t const finite = (bits & 0x7f800000u) != 0x7f800000u ? 0xffffu : 0u;
        std::uint32_t const quiet = (bits & 0x7fffffffu) > 0x7f800000u ? 0x400000u : 0u;
        return std::uint16_t(((bits | quiet) + (random & finite)) >> 16);
    }

    /// A hash of 32 bits (two multiply and shift rounds), good enough to decide roundings.
    template <class W>
    static DESCENT_FN W mix(W x) {
        x = (x ^ x >> 16) * 0x7feb352du;
        x = (x ^ x >> 15) * 0x846ca68bu;
        return x ^ x >> 16;
    }
};

}  // namespace descent::slots
