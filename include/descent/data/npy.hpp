// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <descent/core/file.hpp>
#include <descent/data/detail/npy_header.hpp>
#include <descent/data/gzip.hpp>
#include <descent/data/nd_array.hpp>

namespace descent::data {
namespace detail {

/// Numbers whose first index varies fastest, to numbers whose last does.
template <class T>
std::vector<T> from_fortran_order(std::vector<T> const& from, std::vector<index> const& extents) {
    std::vector<T> to(from.size());
    std::vector<index> at(extents.size()), stride(extents.size());
    index step = 1;
    for (std::size_t axis = 0; axis < extents.size(); ++axis) {
        stride[axis] = step;
        step *= extents[axis];
    }
    index source = 0;
    for (T& each : to) {
        each = from[std::size_t(source)];
        for (std::size_t axis = extents.size(); axis-- > 0;) {
            source += stride[axis];
            if (++at[axis] < extents[axis])
                break;
            source -= stride[axis] * extents[axis];
            at[axis] = 0;
        }
    }
    return to;
}

}  // namespace detail

/// Reads an npy file that is in memory already; `name` stands for the file in messages. See read_npy.
template <class T = float>
nd_array<T> parse_npy(std::string_view bytes, std::string_view name = "npy") {
    auto header = detail::npy_header_reader<>(bytes, name).read();
    std::size_t const count =
        detail::count_elements(header.extents, size_of(header.kind), bytes.size() - header.length, name);
    nd_array<T> array{std::move(header.extents), std::vector<T>(count)};
    char const* const data = bytes.data() + header.length;
    if (header.truth)
        for (std::size_t i = 0; i < count; ++i)
            expect(data[i] == 0 || data[i] == 1, name, ": element ", i, " is ",
                   int(static_cast<unsigned char>(data[i])), ": a bool must be 0 or 1");
    detail::read_elements(header.kind, header.big_endian, data, count, array.values.data(), name);
    if (header.fortran_order && array.extents.size() > 1 && count > 0)
        array.values = detail::from_fortran_order(array.values, array.extents);
    return array;
}

/// Reads an npy file (NumPy, format versions 1 to 3): integers of 1 to 8 bytes, float32, float64 or bool, in
/// either byte order and in C or Fortran order, as an array of T in row-major order. Floating T rounds what it
/// cannot hold; NaN and Inf stay as they are. A packed file (gzip, told by its content) needs descent::zlib.
///
/// Throws descent::error for a file that cannot be read, another dtype, a damaged header, a shape that does not
/// fit the bytes that are there (before anything is allocated), and numbers that an integer T does not hold:
/// "x.npy: 1000000 x 1000000 numbers of 8 bytes do not fit into the 24 bytes that are there".
template <class T = float, bool zlib = DESCENT_ZLIB_ENABLED>
nd_array<T> read_npy(std::string const& path) {
    return parse_npy<T>(detail::read_unpacked<zlib>(path), path);
}

/// The bytes that write_npy writes: version 1, low byte first, C order.
template <class T>
std::string format_npy(nd_array<T> const& array) {
    static_assert(std::is_arithmetic_v<T> && !std::is_same_v<T, bool>);
    std::size_t product = 1;
    std::string extents;
    for (index const extent : array.extents) {
        expect(extent >= 0 && (extent == 0 || product <= (std::size_t(1) << 60) / std::size_t(extent)),
               "write_npy: extent ", extent, ": must be >= 0 and of a size that can be");
        product *= std::size_t(extent);
        extents += text(extent, ", ");
    }
    expect(product == array.values.size(), "write_npy: ", product, " elements, ", array.values.size(),
           " values");
    if (array.extents.size() > 1)
        extents.resize(extents.size() - 2);
    else if (!extents.empty())
        extents.pop_back();
    char const kind = std::is_floating_point_v<T> ? 'f' : std::is_signed_v<T> ? 'i' : 'u';
    std::string header = text("{'descr': '", sizeof(T) == 1 ? '|' : '<', kind, sizeof(T),
                              "', 'fortran_order': False, 'shape': (", extents, "), }");
    header.append(64 - (10 + header.size() + 1) % 64, ' ');
    header += '\n';
    std::string bytes("\x93NUMPY\x01\0", 8);
    detail::store(bytes, std::uint16_t(header.size()));
    bytes += header;
    bytes.reserve(bytes.size() + array.values.size() * sizeof(T));
    for (T const value : array.values)
        detail::store(bytes, value);
    return bytes;
}

/// Writes an array as an npy file, which appears whole or not at all. nd_array<T>::of makes an array from a
/// matrix or vector. Throws descent::error if it cannot be written or the extents do not fit the values.
template <class T>
void write_npy(std::string const& path, nd_array<T> const& array) {
    write_file(path, format_npy(array));
}

}  // namespace descent::data
