// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>

#include <descent/core/config.hpp>
#include <descent/core/pack.hpp>
#include <descent/optim/slots.hpp>

// Optimizer states of 8 and 4 bits: small floating-point numbers under a power of two that a block shares.
namespace descent::slots {

/// Slots in codes of `Bits` bits, 8 or 4: small floating-point numbers in blocks of 64 under a power of two,
/// that of the block's largest number. Tiles (256 numbers) with a negative number spend a bit on signs and can
/// be 0, the others (Adam's second moment) have a wider range:
///
///     8 bits    sign, 2 bits of exponent and 5 of mantissa, even steps below;  or 4 of exponent, 4 of mantissa
///     4 bits    sign, 2 bits of exponent and 1 of mantissa, even steps below;  or 3 of exponent, 1 of mantissa
///
/// Five bytes beside a tile make that 1.02 or 0.52 bytes for a float of 4. Numbers are rounded at random, up
/// with the probability of the part that is lost, so that sums of small steps keep their mean; in tiles
/// without signs positive numbers never become 0, since rules divide by their roots. Inf, NaN and numbers from
/// 2^125 on make their block NaN; a block whose numbers are all below 2^-110 becomes 0. The draw depends on
/// (element, slot, step) alone: results are the same for every number of threads, and a state that is saved
/// and put back goes on bit for bit.
///
///     optimizer opt{chain(adam{}, rate{1e-3}), weights, exec::openmp{}, slots::block8{}};
///     fit(net, table, chain(lion{}, rate{1e-4}), {.epochs = 5}, slots::block4{});
///
/// Not on devices, where each thread decodes numbers of its own: slots::bf16 is. Block-wise states: Dettmers,
/// Lewis, Shleifer and Zettlemoyer (2022); no zeros in the second moment: Li, Chen and Zhu (2023).
template <int Bits>
struct block {
    static_assert(Bits == 8 || Bits == 4, "slots::block: codes have 8 or 4 bits");
    static constexpr bool direct = false;

    /// Numbers that share a power of two.
    static constexpr index size = 64;

    static index bytes(index n, index tiles) { return (n * Bits + 7) / 8 + tiles * head_size; }

    template <class V>
    static void decode(unsigned char const* base, spot at, index n, number_of<V>* out) {
        unsigned char const *const head = base + start(at), *const codes = head + head_size;
        bool const has_signs = head[0] == 0;
        for (index first = 0; first < n; first += size) {
            index const count = std::min(size, n - first);
            alignas(alignment) float numbers[size];
            read_block(head[1 + first / size], has_signs, codes + first * Bits / 8, count, numbers);
            if (count == size)
                for (index i = 0; i < size; ++i)
                    out[first + i] = number_of<V>(numbers[i]);
            else
                for (index i = 0; i < count; ++i)
                    out[first + i] = number_of<V>(numbers[i]);
        }
    }

    template <class V>
    static void encode(unsigned char* base, spot at, index n, number_of<V> const* in, std::uint64_t key) {
        unsigned char *const head = base + start(at), *const codes = head + head_size;
        alignas(alignment) std::uint32_t bits[tile] = {};
        std::uint32_t any = 0;
        for (index i = 0; i < n; ++i)
            any |= bits[i] = to_bits(float(in[i]));
        bool const has_signs = any >> 31 != 0;
        head[0] = has_signs ? 0 : 1;
        for (index first = 0; first < n; first += size)
            head[1 + first / size] =
                write_block(bits + first, has_signs, std::min(size, n - first), std::uint32_t(at.first + first),
                            std::uint32_t(key ^ key >> 32), codes + first * Bits / 8);
    }

private:
    using pack = native_pack<float>;
    using word = bits_type<pack>;

    // In front of a tile: whether it has signs, and the exponents of its blocks, as in the bits of floats.
    static constexpr index head_size = 1 + tile / size;
    static constexpr int no_number = 255, least = 16, most = 251;

    // Bits of mantissa, and the last code, of magnitudes.
    static constexpr int mantissa(bool has_signs) { return Bits == 8 ? (has_signs ? 5 : 4) : 1; }
    static constexpr std::uint32_t top(bool has_signs) { return (1u << (has_signs ? Bits - 1 : Bits)) - 1; }

    /// Bytes in front of a tile: codes and heads of those before it.
    static index start(spot at) { return at.first * Bits / 8 + at.tile * head_size; }

    /// The float of code 0, were it no zero, as bits: codes go on from it like the bits of floats.
    static constexpr std::uint32_t origin(int exponent, bool has_signs) {
        int const octaves = int((top(has_signs) + 1) >> mantissa(has_signs));
        return std::uint32_t(exponent - octaves + 1) << 23;
    }

    static void read_block(int exponent, bool has_signs, unsigned char const* codes, index count,
                           float* numbers) {
        constexpr index most_bytes = size * Bits / 8;
        index const bytes = (count * Bits + 7) / 8;
        unsigned char part[most_bytes] = {};
        if (bytes == most_bytes)
            std::memcpy(part, codes, most_bytes);
        else
            std::memcpy(part, codes, std::size_t(bytes));
        alignas(alignment) std::uint32_t code[size];
        for (index i = 0; i < most_bytes; ++i)
            if constexpr (Bits == 8)
                code[i] = part[i];
            else
                code[2 * i] = part[i] & 15u, code[2 * i + 1] = part[i] >> 4;
        if (exponent < least || exponent == no_number)
            std::fill_n(numbers, size, exponent == no_number ? std::numeric_limits<float>::quiet_NaN() : 0.0f);
        else if (has_signs)
            read<true>(code, origin(exponent, true), numbers);
        else
            read<false>(code, origin(exponent, false), numbers);
    }

    template <bool Signs>
    static void read(std::uint32_t const* codes, std::uint32_t from, float* numbers) {
        constexpr int shift = 23 - mantissa(Signs);
        pack const zero(from_bits<float>(from)), first(from_bits<float>(from + (1u << (Signs ? 23 : shift))));
        for (index i = 0; i < size; i += lanes_of<pack>) {
            word const code = load<word>(codes + i), magnitude = code & word(top(Signs));
            pack const number = from_bits<pack>((magnitude << shift) + word(from));
            if constexpr (Signs) {
                // The lowest octave goes down to 0 in even steps.
                pack const even = pack(2.0f) * (number - zero);
                word const sign = code >> (Bits - 1) << 31;
                store(numbers + i, from_bits<pack>(to_bits(select(number < first, even, number)) | sign));
            } else {
                store(numbers + i, select(number < first, pack(0.0f), number));
            }
        }
    }

    /// Writes codes; returns the exponent.
    static unsigned char write_block(std::uint32_t const* bits, bool has_signs, index count,
                                     std::uint32_t element, std::uint32_t key, unsigned char* codes) {
        std::uint32_t largest = 0;
        for (index i = 0; i < size; ++i)
            largest = std::max(largest, bits[i] & 0x7fffffffu);
        // The largest number must not be rounded beyond the last code.
        int exponent = int((largest + (1u << (23 - mantissa(has_signs))) - 1) >> 23);
        alignas(alignment) std::uint32_t code[size] = {};
        if (exponent > most)
            exponent = no_number;
        else if (exponent < least)
            exponent = 0;
        else if (has_signs)
            write<true>(bits, origin(exponent, true), element, key, code);
        else
            write<false>(bits, origin(exponent, false), element, key, code);
        constexpr index most_bytes = size * Bits / 8;
        index const bytes = (count * Bits + 7) / 8;
        unsigned char part[most_bytes];
        for (index i = 0; i < most_bytes; ++i)
            if constexpr (Bits == 8)
                part[i] = (unsigned char)code[i];
            else
                part[i] = (unsigned char)(code[2 * i] | code[2 * i + 1] << 4);
        if (bytes == most_bytes)
            std::memcpy(codes, part, most_bytes);
        else
            std::memcpy(codes, part, std::size_t(bytes));
        return (unsigned char)exponent;
    }

    template <bool Signs>
    static void write(std::uint32_t const* bits, std::uint32_t from, std::uint32_t element, std::uint32_t key,
                      std::uint32_t* codes) {
        constexpr int shift = 23 - mantissa(Signs);
        // Codes from `smallest` on go like the bits of floats.
        float const smallest = from_bits<float>(from + (1u << (Signs ? 23 : shift)));
        pack const steps(Signs ? float(1 << mantissa(true)) / smallest : 0);
        for (index i = 0; i < size; i += lanes_of<pack>) {
            word const number = load<word>(bits + i), magnitude = number & word(0x7fffffffu);
            word const random =
                bf16::mix((lane_numbers<word>() + word(element + std::uint32_t(i))) ^ word(key));
            word const rounded = (magnitude + (random & word((1u << shift) - 1)) - word(from)) >> shift;
            pack const absolute = from_bits<pack>(magnitude);
            auto const is_small = absolute < pack(smallest);
            if constexpr (Signs) {
                pack const draw = convert<float>(convert<std::int32_t>(random >> 14)) * pack(0x1p-18f);
                word const even = convert<std::uint32_t>(convert<std::int32_t>(absolute * steps + draw));
                // A negative number that becomes 0 keeps its sign, and so its tile the codes with signs.
                store(codes + i, select_bits(is_small, even, rounded) | (number >> 31 << (Bits - 1)));
            } else {
                word const one = to_bits(select(absolute > pack(0.0f), from_bits<pack>(word(1u)), pack(0.0f)));
                store(codes + i, select_bits(is_small, one, rounded));
            }
        }
    }

    template <class Mask>
    static word select_bits(Mask where, word a, word b) {
        return to_bits(select(where, from_bits<pack>(a), from_bits<pack>(b)));
    }
};

/// Slots of 8 bits; see block.
using block8 = block<8>;

/// Slots of 4 bits; see block.
using block4 = block<4>;

}  // namespace descent::slots
