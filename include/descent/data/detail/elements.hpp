// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <descent/core/error.hpp>
#include <descent/core/tensor.hpp>

namespace descent::data::detail {

/// What one number of a binary file is.
enum class element { u8, i8, u16, i16, u32, i32, u64, i64, f32, f64 };

constexpr std::size_t size_of(element kind) {
    constexpr std::size_t sizes[] = {1, 1, 2, 2, 4, 4, 8, 8, 4, 8};
    return sizes[std::size_t(kind)];
}

/// The number at this address, in the given byte order.
template <class S>
S load(char const* at, bool big_endian) {
    char bytes[sizeof(S)];
    std::memcpy(bytes, at, sizeof(S));
    if (big_endian != (std::endian::native == std::endian::big))
        std::reverse(bytes, bytes + sizeof(S));
    S value;
    std::memcpy(&value, bytes, sizeof(S));
    return value;
}

/// Appends the number low byte first.
template <class S, class Bytes>
void store(Bytes& bytes, S value) {
    char raw[sizeof(S)];
    std::memcpy(raw, &value, sizeof(S));
    for (std::size_t i = 0; i < sizeof(S); ++i)
        bytes += raw[std::endian::native == std::endian::big ? sizeof(S) - 1 - i : i];
}

/// Whether T has this value: every value where T is a floating type (rounded), else integers in its range.
template <class T, class S>
bool holds(S value) {
    if constexpr (std::is_floating_point_v<T>)
        return true;
    else if constexpr (std::is_floating_point_v<S>)
        return value == std::floor(value) && value >= S(std::numeric_limits<T>::min()) &&
               value < std::ldexp(S(1), std::numeric_limits<T>::digits);
    else
        return std::in_range<T>(value);
}

template <class S, class T>
void read_elements_as(bool big_endian, char const* from, std::size_t count, T* to, std::string_view who) {
    for (std::size_t i = 0; i < count; ++i) {
        S const value = load<S>(from + i * sizeof(S), big_endian);
        if (!holds<T>(value)) [[unlikely]]
            fail(who, ": element ", i, " is ", value, ": the wanted type does not hold it");
        to[i] = static_cast<T>(value);
    }
}

/// Turns `count` numbers of a file into T. "x.npy: element 3 is 0.5: the wanted type does not hold it" where T
/// is an integer type.
template <class T>
void read_elements(element kind, bool big, char const* from, std::size_t count, T* to, std::string_view who) {
    switch (kind) {
        case element::u8:
            return read_elements_as<std::uint8_t>(big, from, count, to, who);
        case element::i8:
            return read_elements_as<std::int8_t>(big, from, count, to, who);
        case element::u16:
            return read_elements_as<std::uint16_t>(big, from, count, to, who);
        case element::i16:
            return read_elements_as<std::int16_t>(big, from, count, to, who);
        case element::u32:
            return read_elements_as<std::uint32_t>(big, from, count, to, who);
        case element::i32:
            return read_elements_as<std::int32_t>(big, from, count, to, who);
        case element::u64:
            return read_elements_as<std::uint64_t>(big, from, count, to, who);
        case element::i64:
            return read_elements_as<std::int64_t>(big, from, count, to, who);
        case element::f32:
            return read_elements_as<float>(big, from, count, to, who);
        case element::f64:
            return read_elements_as<double>(big, from, count, to, who);
    }
}

/// Throws descent::error unless the extents ask for exactly the `there` bytes that follow the header. Returns
/// the number of elements.
template <class = void>
std::size_t count_elements(std::vector<index> const& extents, std::size_t size, std::size_t there,
                           std::string_view who) {
    constexpr std::uint64_t limit = std::uint64_t(1) << 60;
    std::uint64_t product = size, elements = 1;  // of the extents that are not 0: views multiply parts of them
    std::string written;
    bool too_many = false;
    for (index const extent : extents) {
        written += text(written.empty() ? "" : " x ", extent);
        elements *= std::uint64_t(extent);  // may wrap: then it is not used
        too_many |= extent > 0 && product > limit / std::uint64_t(extent);
        product *= extent > 0 && !too_many ? std::uint64_t(extent) : 1;
    }
    if (too_many || (elements > 0 && product > there))
        fail(who, ": ", written.empty() ? "1" : written, " numbers of ", size, size == 1 ? " byte" : " bytes",
             " do not fit into the ", there, there == 1 ? " byte that is there" : " bytes that are there");
    std::size_t const extra = there - std::size_t(elements) * size;
    expect(extra == 0, who, ": ", extra, extra == 1 ? " byte" : " bytes", " after the data");
    return std::size_t(elements);
}

}  // namespace descent::data::detail
