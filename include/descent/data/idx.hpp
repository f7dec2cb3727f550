// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <descent/data/dataset.hpp>
#include <descent/data/detail/elements.hpp>
#include <descent/data/gzip.hpp>
#include <descent/data/nd_array.hpp>

namespace descent::data {
namespace detail {

struct idx_header {
    element kind = element::u8;
    std::vector<index> extents = {};
    std::size_t count = 0;       ///< product of the extents
    char const* data = nullptr;  ///< big-endian
};

/// Checks the header of an IDX file against the bytes that are there.
template <class = void>
idx_header read_idx_header(std::string_view bytes, std::string_view name) {
    constexpr std::string_view types = "\x08\x09\x0b\x0c\x0d\x0e";
    constexpr element kinds[] = {element::u8,  element::i8,  element::i16,
                                 element::i32, element::f32, element::f64};
    expect(bytes.size() >= 4, name, ": ", bytes.size(), " bytes: no IDX file");
    expect(bytes[0] == 0 && bytes[1] == 0, name, ": the magic number is not that of an IDX file");
    std::size_t const code = types.find(bytes[2]);
    expect(code != types.npos, name, ": type ", int(static_cast<unsigned char>(bytes[2])),
           ": must be 8, 9, 11, 12, 13 or 14");
    auto const rank = std::size_t(static_cast<unsigned char>(bytes[3]));
    expect(rank > 0, name, ": no dimension");
    expect(bytes.size() >= 4 + 4 * rank, name, ": the file is cut short: ", bytes.size(), " bytes, the ", rank,
           rank == 1 ? " dimension" : " dimensions", " end at ", 4 + 4 * rank);
    idx_header header{kinds[code], {}, 0, bytes.data() + 4 + 4 * rank};
    for (std::size_t axis = 0; axis < rank; ++axis)
        header.extents.push_back(index(load<std::uint32_t>(bytes.data() + 4 + 4 * axis, true)));
    header.count = count_elements(header.extents, size_of(header.kind), bytes.size() - 4 - 4 * rank, name);
    return header;
}

}  // namespace detail

/// Reads an IDX file that is in memory already; `name` stands for the file in messages. See read_idx_array.
template <class T = float>
nd_array<T> parse_idx(std::string_view bytes, std::string_view name = "idx") {
    auto header = detail::read_idx_header(bytes, name);
    nd_array<T> array{std::move(header.extents), std::vector<T>(header.count)};
    detail::read_elements(header.kind, true, header.data, header.count, array.values.data(), name);
    return array;
}

/// Reads an IDX file (the format of MNIST): numbers of 1, 2, 4 or 8 bytes in any number of dimensions, as they
/// are, neither scaled nor checked for NaN. Packed files (.gz, told by their content) need descent::zlib.
///
/// Throws descent::error for a file that cannot be read or is no IDX file, and where the dimensions do not fit
/// the bytes that are there, before anything is allocated: "train: 60000 x 28 x 28 numbers of 1 byte do not fit
/// into the 100 bytes that are there", "train: 3 bytes after the data".
template <class T = float, bool zlib = DESCENT_ZLIB_ENABLED>
nd_array<T> read_idx_array(std::string const& path) {
    return parse_idx<T>(detail::read_unpacked<zlib>(path), path);
}

/// Reads images, or any samples, from one IDX file (first dimension: the samples; the others make up one row)
/// and, unless `labels` is empty, their labels or targets from another. Pixels stay 0..255.
///
/// Throws descent::error as read_idx_array, and "labels: 2 dimensions: must be 1", "labels: 59999 labels for
/// 60000 samples".
template <class T = float, bool zlib = DESCENT_ZLIB_ENABLED>
dataset<T> read_idx(std::string const& images, std::string const& labels = "") {
    dataset<T> table;
    {
        std::string const bytes = detail::read_unpacked<zlib>(images);
        auto const header = detail::read_idx_header(bytes, images);
        expect(header.count > 0, images, ": no sample");
        table.x.resize(header.extents[0], index(header.count) / header.extents[0]);
        detail::read_elements(header.kind, true, header.data, header.count, table.x.data(), images);
    }
    if (!labels.empty()) {
        auto const array = read_idx_array<T, zlib>(labels);
        expect(array.extents.size() == 1, labels, ": ", array.extents.size(), " dimensions: must be 1");
        expect(array.extents[0] == table.samples(), labels, ": ", array.extents[0], " labels for ",
               table.samples(), " samples");
        table.y = array.flat();
    }
    return table;
}

}  // namespace descent::data
