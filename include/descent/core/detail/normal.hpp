// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include <descent/core/config.hpp>
#include <descent/core/detail/elementary.hpp>
#include <descent/core/detail/instruction.hpp>
#include <descent/core/pack.hpp>

// Random bits made into numbers, lane by lane.
namespace descent::detail {

/// Bits below 2^31 (float) or 2^53 (double) as a number; floats are rounded once.
template <class V>
DESCENT_FN V whole_number(bits_type<V> bits) {
    if constexpr (lanes_of<V> == 1 || sizeof(number_of<V>) == 4) {
        // Signed: x86 before AVX-512 converts no unsigned numbers.
        using S = same_lanes<V, std::conditional_t<sizeof(number_of<V>) == 4, std::int32_t, std::int64_t>>;
        S whole;
        __builtin_memcpy(&whole, &bits, sizeof whole);
        return convert<number_of<V>>(whole);
    } else {
        // Nor does it convert 64-bit integers: two halves, each exact, as is their sum.
        using B = bits_type<V>;
        return fused(number_from<V>(bits >> 32, V(0)), V(0x1p32), number_from<V>(bits & B(0xffffffffu), V(0)));
    }
}

/// cos(2 pi angle / 2^32) of 32 random bits (float), 2^64 of 64 (double); the sine where odd = 1.
template <class V>
DESCENT_FN V circle(bits_type<V> angle, bits_type<V> odd) {
    using T = number_of<V>;
    using U = typename layout<T>::bits;
    using B = bits_type<V>;
    constexpr int width = 8 * int(sizeof(U)), mantissa = layout<T>::mantissa;
    // sin a = cos (a - quarter). Quadrants are centred on the axes: |y| <= pi / 4.
    B const turned = angle - (odd << (width - 2)) + B(U(U(1) << (width - 3)));
    B const quadrant = turned >> (width - 2);
    V const part = number_from<V>((turned << 2) >> (width - mantissa), V(T(U(1) << (mantissa - 1))));
    V const y = part * V(T(6.28318530717958647692) / T(U(1) << (mantissa + 2))), z = y * y;
    V sine, cosine;
    if constexpr (sizeof(T) == 4) {
        sine = polynomial(z, -0x1.555546p-3f, 0x1.11075cp-7f, -0x1.994cfap-13f);
        cosine = polynomial(z, -0.5f, 0x1.55554ap-5f, -0x1.6c0c2ep-10f, 0x1.99ea04p-16f);
    } else {
        sine = polynomial(z, -0x1.5555555555549p-3, 0x1.111111110f861p-7, -0x1.a01a019c0e4b9p-13,
                          0x1.71de3574ba5fep-19, -0x1.ae5e63cdc80dcp-26, 0x1.5d9246ed95596p-33);
        cosine = polynomial(z, -0.5, 0x1.555555555554bp-5, -0x1.6c16c16c14f6cp-10, 0x1.a01a019c80955p-16,
                            -0x1.27e4f7e8016bap-22, 0x1.1ee9d5c84869ap-29, -0x1.8fa39512519cep-37);
    }
    B const one(U(1)), sign = ((quadrant + one) & B(U(2))) << (width - 2);
    B const value =
        select((quadrant & one) == one, to_bits(fused(z * y, sine, y)), to_bits(fused(z, cosine, V(1))));
    return from_bits<V>(value ^ sign);
}

/// One number of a Box-Muller pair from its radius bits and angle bits; odd = 0: cosine, 1: sine.
template <class V>
DESCENT_FN V box_muller(bits_type<V> radius, bits_type<V> angle, bits_type<V> odd) {
    using T = number_of<V>;
    constexpr bool single = sizeof(T) == 4;
    // The middle of each interval: never 0, whose logarithm is infinite.
    V const u = fused(whole_number<V>(radius >> (single ? 1 : 11)), V(single ? T(0x1p-31) : T(0x1p-53)),
                      V(single ? T(0x1p-32) : T(0x1p-54)));
    return root(V(-2) * log_core(u)) * circle<V>(angle, odd);
}

/// a * b as high and low halves.
template <class U>
struct product {
    U high, low;
};
DESCENT_FN product<std::uint32_t> multiply(std::uint32_t a, std::uint32_t b) {
    std::uint64_t const ab = std::uint64_t(a) * b;
    return {std::uint32_t(ab >> 32), std::uint32_t(ab)};
}
DESCENT_FN product<std::uint64_t> multiply(std::uint64_t a, std::uint64_t b) {
    constexpr std::uint64_t low = 0xffffffffu;
    std::uint64_t const cross = (a >> 32) * (b & low) + ((a & low) * (b & low) >> 32);
    std::uint64_t const other = (a & low) * (b >> 32) + (cross & low);
    return {(a >> 32) * (b >> 32) + (cross >> 32) + (other >> 32), a * b};
}

}  // namespace descent::detail
