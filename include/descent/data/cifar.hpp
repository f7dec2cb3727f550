// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <descent/data/dataset.hpp>
#include <descent/data/gzip.hpp>

namespace descent::data {

/// Which of the two labels of CIFAR-100 becomes the target: one of 20 groups, or one of 100 classes.
enum class cifar_label { coarse, fine };

namespace detail {

inline constexpr std::size_t cifar_pixels = 3 * 32 * 32;

/// Appends the records of one file to the table. A record is `labels` bytes, of which number `chosen` counts,
/// and the red, the green and the blue plane, row by row.
template <class T>
void read_cifar_records(dataset<T>& table, std::string_view bytes, std::string_view name, std::size_t labels,
                        std::size_t chosen, unsigned classes) {
    std::size_t const size = labels + cifar_pixels, records = bytes.size() / size;
    expect(records > 0 && bytes.size() % size == 0, name, ": ", bytes.size(), " bytes: must be a multiple of ",
           size, ", and not 0");
    for (std::size_t record = 0; record < records; ++record) {
        auto const label = static_cast<unsigned char>(bytes[record * size + chosen]);
        expect(label < classes, name, ": byte ", record * size + chosen, ": label ", unsigned(label),
               ": must be in [0, ", classes, ")");
    }
    index const before = table.samples();
    table.x.conservativeResize(before + index(records), index(cifar_pixels));
    table.y.conservativeResize(before + index(records));
    for (std::size_t record = 0; record < records; ++record) {
        char const* from = bytes.data() + record * size;
        T* const to = table.x.data() + (before + index(record)) * index(cifar_pixels);
        table.y[before + index(record)] = T(static_cast<unsigned char>(from[chosen]));
        from += labels;
        for (std::size_t i = 0; i < cifar_pixels; ++i)
            to[i] = T(static_cast<unsigned char>(from[i]));
    }
}

}  // namespace detail

/// Reads CIFAR-10 batches in the binary layout (Krizhevsky, 2009), one after another: rows of 3 x 32 x 32
/// pixels 0..255 (red plane, green, blue), classes 0..9 with their names. Packed files need descent::zlib.
///
/// Throws descent::error for a file that cannot be read, that is no whole number of records ("batch.bin: 4000
/// bytes: must be a multiple of 3073, and not 0"), or with a label that is no class ("batch.bin: byte 3073:
/// label 12: must be in [0, 10)").
template <class T = float, bool zlib = DESCENT_ZLIB_ENABLED>
dataset<T> read_cifar10(std::vector<std::string> const& paths) {
    expect(!paths.empty(), "read_cifar10: no file");
    dataset<T> table;
    for (std::string const& path : paths)
        detail::read_cifar_records(table, detail::read_unpacked<zlib>(path), path, 1, 0, 10);
    table.class_names = {"airplane", "automobile", "bird",  "cat",  "deer",
                         "dog",      "frog",       "horse", "ship", "truck"};
    return table;
}

/// Reads CIFAR-100 files (train.bin, test.bin): as read_cifar10, with two labels a record, of which one becomes
/// the target: 100 fine classes or 20 coarse ones. Their names are in a file of their own, so that they are
/// called "0", "1", ... here.
template <class T = float, bool zlib = DESCENT_ZLIB_ENABLED>
dataset<T> read_cifar100(std::vector<std::string> const& paths, cifar_label target = cifar_label::fine) {
    expect(!paths.empty(), "read_cifar100: no file");
    bool const fine = target == cifar_label::fine;
    unsigned const classes = fine ? 100 : 20;
    dataset<T> table;
    for (std::string const& path : paths)
        detail::read_cifar_records(table, detail::read_unpacked<zlib>(path), path, 2, fine ? 1 : 0, classes);
    for (unsigned i = 0; i < classes; ++i)
        table.class_names.push_back(text(i));
    return table;
}

}  // namespace descent::data
