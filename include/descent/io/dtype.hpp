// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string_view>
#include <type_traits>

#include <descent/core/error.hpp>

namespace descent::io {

/// How numbers are stored in files: little-endian.
enum class dtype : char { f64, f32, f16, bf16, i64, i32, i16, i8, u64, u32, u16, u8, boolean };

namespace detail {

inline constexpr std::array<std::string_view, 13> dtype_names{"F64", "F32", "F16", "BF16", "I64", "I32", "I16",
                                                              "I8",  "U64", "U32", "U16",  "U8",  "BOOL"};

/// Brain floating point: the upper half of a float.
struct bfloat {
    std::uint16_t bits;

    explicit operator float() const { return std::bit_cast<float>(std::uint32_t(bits) << 16); }
    static bfloat from(double number) {
        if (std::isnan(number))
            return {std::uint16_t(std::signbit(number) ? 0xffc0 : 0x7fc0)};
        return {std::uint16_t(round_bits(std::abs(number), 7, 8) | (std::signbit(number) ? 0x8000u : 0u))};
    }

    /// The bits of a number >= 0 in a format of so many fraction and exponent bits: nearest, ties to even,
    /// infinity beyond the largest. From double at once, since two roundings may differ from one.
    static unsigned round_bits(double number, int fraction, int exponent_bits) {
        int const bias = (1 << (exponent_bits - 1)) - 1;
        unsigned const infinity = unsigned((1 << exponent_bits) - 1) << fraction;
        if (!(number < std::numeric_limits<double>::infinity()))
            return infinity;
        if (number == 0)
            return 0;
        int const exponent = std::max(std::ilogb(number), 1 - bias);
        // Exact: a scaled double, below 2^(fraction + 1).
        double const scaled = std::ldexp(number, fraction - exponent);
        double rounded = std::floor(scaled);
        double const rest = scaled - rounded;
        bool const odd = std::fmod(rounded, 2) != 0;
        rounded += rest > 0.5 || (rest == 0.5 && odd) ? 1 : 0;
        // A carry out of the fraction goes into the exponent by itself.
        auto const bits = (std::int64_t(exponent + bias - 1) << fraction) + std::int64_t(rounded);
        return unsigned(std::min<std::int64_t>(bits, infinity));
    }
};

/// IEEE 754 binary16.
struct half {
    std::uint16_t bits;

    explicit operator float() const {
        unsigned const sign = unsigned(bits & 0x8000u) << 16, exponent = bits >> 10 & 31u,
                       fraction = bits & 1023u;
        if (exponent == 31)
            return std::bit_cast<float>(sign | 0x7f800000u | fraction << 13);
        if (exponent == 0)
            return (sign ? -1.0f : 1.0f) * float(fraction) * 0x1p-24f;
        return std::bit_cast<float>(sign | (exponent + 112) << 23 | fraction << 13);
    }
    static half from(double number) {
        unsigned const sign = std::signbit(number) ? 0x8000u : 0u;
        if (std::isnan(number))
            return {std::uint16_t(sign | 0x7e00)};
        return {std::uint16_t(sign | bfloat::round_bits(std::abs(number), 10, 5))};
    }
};

/// Calls f with a value of the C++ type that has the dtype's bytes.
template <class F>
decltype(auto) with_type(dtype type, F const& f) {
    switch (type) {
        case dtype::f64:
            return f(double());
        case dtype::f32:
            return f(float());
        case dtype::f16:
            return f(half());
        case dtype::bf16:
            return f(bfloat());
        case dtype::i64:
            return f(std::int64_t());
        case dtype::i32:
            return f(std::int32_t());
        case dtype::i16:
            return f(std::int16_t());
        case dtype::i8:
            return f(std::int8_t());
        case dtype::u64:
            return f(std::uint64_t());
        case dtype::u32:
            return f(std::uint32_t());
        case dtype::u16:
            return f(std::uint16_t());
        case dtype::u8:
            return f(std::uint8_t());
        default:
            return f(bool());
    }
}

template <class A>
inline constexpr bool is_short_float = std::is_same_v<A, half> || std::is_same_v<A, bfloat>;

/// Are numbers of both types the same bytes here and in a file?
template <class A, class B>
inline constexpr bool same_bytes =
    std::is_same_v<A, B> && !std::is_same_v<A, bool> && std::endian::native == std::endian::little;

/// The bytes in the other order on machines that begin with the high one.
template <class A>
A little(A value) {
    if constexpr (sizeof(A) > 1 && std::endian::native == std::endian::big) {
        char bytes[sizeof(A)];
        std::memcpy(bytes, &value, sizeof(A));
        std::reverse(bytes, bytes + sizeof(A));
        std::memcpy(&value, bytes, sizeof(A));
    }
    return value;
}

template <class A>
A load(char const* from) {
    if constexpr (std::is_same_v<A, bool>)
        return *from != 0;  // any other byte in a bool is undefined
    A value;
    std::memcpy(&value, from, sizeof(A));
    return little(value);
}

template <class A>
void store(char* to, A value) {
    value = little(value);
    std::memcpy(to, &value, sizeof(A));
}

/// Is the number one of the whole type To?
template <class To, class From>
bool holds(From value) {
    if constexpr (std::is_same_v<To, bool>) {
        return value == From(0) || value == From(1);
    } else if constexpr (std::is_floating_point_v<From>) {
        // The limits as powers of two are exact in every From; the comparisons are false for NaN.
        double const top = std::ldexp(1.0, std::numeric_limits<To>::digits);
        return value == std::floor(value) && double(value) < top &&
               double(value) >= (std::is_signed_v<To> ? -top : 0.0);
    } else {
        if constexpr (std::is_signed_v<From>)
            if (value < 0)
                return std::is_signed_v<To> &&
                       std::int64_t(value) >= std::int64_t(std::numeric_limits<To>::min());
        return std::uint64_t(value) <= std::uint64_t(std::numeric_limits<To>::max());
    }
}

/// `to` gets the value; false where it cannot, see convert below.
template <class To, class From>
bool assign(To& to, From from) {
    if constexpr (is_short_float<From>) {
        return assign(to, float(from));
    } else if constexpr (is_short_float<To>) {
        to = To::from(double(from));
        return !(std::isinf(float(to)) && std::isfinite(double(from)));
    } else if constexpr (std::is_floating_point_v<To>) {
        if constexpr (std::is_same_v<To, float> && std::is_same_v<From, double>) {
            // Half a step above the largest float; from there a conversion is undefined or infinite.
            if (std::isfinite(from) && std::abs(from) >= 0x1.ffffffp127)
                return false;
        }
        to = To(from);
        return true;
    } else {
        bool const fits = holds<To>(from);
        to = fits ? To(from) : To(0);
        return fits;
    }
}

}  // namespace detail

/// "F32", "BF16", ...: the names of safetensors.
constexpr std::string_view to_text(dtype type) { return detail::dtype_names[std::size_t(type)]; }

/// Bytes of one number.
inline std::size_t size_of(dtype type) {
    return detail::with_type(type, [](auto each) { return sizeof each; });
}

/// The dtype that holds T as it is: float is f32.
template <class T>
inline constexpr dtype dtype_of = std::is_same_v<T, double>          ? dtype::f64
                                  : std::is_same_v<T, float>         ? dtype::f32
                                  : std::is_same_v<T, std::int64_t>  ? dtype::i64
                                  : std::is_same_v<T, std::int32_t>  ? dtype::i32
                                  : std::is_same_v<T, std::int16_t>  ? dtype::i16
                                  : std::is_same_v<T, std::int8_t>   ? dtype::i8
                                  : std::is_same_v<T, std::uint64_t> ? dtype::u64
                                  : std::is_same_v<T, std::uint32_t> ? dtype::u32
                                  : std::is_same_v<T, std::uint16_t> ? dtype::u16
                                  : std::is_same_v<T, std::uint8_t>  ? dtype::u8
                                                                     : dtype::boolean;

/// n numbers of that dtype at `from` as T: the same bits where T is that type, the nearest T for other floating
/// point (ties to even), exactly the same number for integers. Returns the position of the first number that T
/// cannot hold (a finite one beyond its range, a fraction for an integer), or n.
template <class T>
std::size_t decode(dtype type, char const* from, std::size_t n, T* to) {
    return detail::with_type(type, [&](auto each) {
        using stored = decltype(each);
        if constexpr (detail::same_bytes<T, stored>) {
            if (n > 0)
                std::memcpy(to, from, n * sizeof(T));
        } else {
            for (std::size_t i = 0; i < n; ++i)
                if (!detail::assign(to[i], detail::load<stored>(from + i * sizeof(stored))))
                    return i;
        }
        return n;
    });
}

/// n numbers as that dtype at `to`, rounded as in decode. Returns the position of the first number that it
/// cannot hold, or n.
template <class T>
std::size_t encode(dtype type, T const* from, std::size_t n, char* to) {
    return detail::with_type(type, [&](auto each) {
        using stored = decltype(each);
        if constexpr (detail::same_bytes<T, stored>) {
            if (n > 0)
                std::memcpy(to, from, n * sizeof(T));
        } else {
            for (std::size_t i = 0; i < n; ++i) {
                stored value;
                if (!detail::assign(value, from[i]))
                    return i;
                detail::store(to + i * sizeof(stored), value);
            }
        }
        return n;
    });
}

}  // namespace descent::io
