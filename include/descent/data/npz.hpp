// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <descent/data/detail/zip.hpp>
#include <descent/data/npy.hpp>

namespace descent::data {

/// One array of an npz file.
template <class T>
struct npz_entry {
    std::string name;
    nd_array<T> array;
};

/// The arrays of an npz file, in the order of the file.
template <class T>
struct npz {
    std::string file;  ///< for messages
    std::vector<npz_entry<T>> entries = {};

    /// Throws descent::error: "d.npz: no array 'w' (the arrays are 'x', 'y')".
    nd_array<T> const& operator[](std::string_view name) const {
        std::string known;
        for (npz_entry<T> const& each : entries) {
            if (each.name == name)
                return each.array;
            known += text(known.empty() ? "'" : ", '", each.name, "'");
        }
        fail(file, ": no array '", name, "' (the arrays are ", known, ")");
    }
};

/// How write_npz lays a file out.
struct npz_layout {
    bool pack = false;  ///< deflate the arrays, as numpy.savez_compressed does: needs zlib
};

/// Reads an npz file that is in memory already; `name` stands for the file in messages. See read_npz.
template <class T = float, bool zlib = DESCENT_ZLIB_ENABLED>
npz<T> parse_npz(std::string_view bytes, std::string_view name = "npz",
                 std::vector<std::string> const& wanted = {}) {
    constexpr std::string_view suffix = ".npy";
    npz<T> read{std::string(name)};
    for (detail::zip_entry const& entry : detail::read_zip(bytes, name)) {
        expect(
            entry.name.size() > suffix.size() && entry.name.substr(entry.name.size() - suffix.size()) == suffix,
            name, ": entry ", detail::shown(entry.name), ": is no array: must end in .npy");
        std::string const array(entry.name.substr(0, entry.name.size() - suffix.size()));
        if (wanted.empty() || std::find(wanted.begin(), wanted.end(), array) != wanted.end())
            read.entries.push_back(
                {array, parse_npy<T>(detail::unpack<zlib>(entry, name), text(name, ": entry '", array, "'"))});
    }
    for (std::string const& each : wanted)
        read[each];
    return read;
}

/// Reads an npz file (numpy.savez; savez_compressed needs zlib, CMake: descent::zlib) of less than 4 GiB: all
/// arrays, or the `wanted` ones, where others hold what read_npy does not read. Arrays may differ in type in
/// the file and become T.
///
/// Throws descent::error as read_npy, for a zip file whose sizes, offsets, names or checksums are not right,
/// and for wanted arrays that are not there: "d.npz: entry 'x': the checksum is wrong: it is damaged".
template <class T = float, bool zlib = DESCENT_ZLIB_ENABLED>
npz<T> read_npz(std::string const& path, std::vector<std::string> const& wanted = {}) {
    return parse_npz<T, zlib>(detail::read_file(path), path, wanted);
}

/// The bytes that write_npz writes.
template <class T, bool zlib = DESCENT_ZLIB_ENABLED>
std::string format_npz(std::vector<npz_entry<T>> const& entries, npz_layout const& layout = {}) {
    detail::zip_writer<> file;
    for (npz_entry<T> const& each : entries) {
        expect(!each.name.empty(), "write_npz: an array has no name");
        for (npz_entry<T> const* other = entries.data(); other != &each; ++other)
            expect(other->name != each.name, "write_npz: '", each.name, "' occurs twice");
        file.template add<zlib>(each.name + ".npy", format_npy(each.array), layout.pack);
    }
    return file.finish();
}

/// Writes arrays as an npz file, which appears whole or not at all. Throws descent::error if it cannot be
/// written, a name is missing or occurs twice, or zlib is wanted and missing.
template <class T, bool zlib = DESCENT_ZLIB_ENABLED>
void write_npz(std::string const& path, std::vector<npz_entry<T>> const& entries,
               npz_layout const& layout = {}) {
    write_file(path, format_npz<T, zlib>(entries, layout));
}

}  // namespace descent::data
