// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include <descent/core/file.hpp>
#include <descent/data/detail/csv_classes.hpp>
#include <descent/data/detail/libsvm_rows.hpp>
#include <descent/data/gzip.hpp>
#include <descent/data/sparse.hpp>

namespace descent::data {

/// How read_libsvm understands a file.
struct libsvm_options {
    index features = 0;       ///< number of columns; 0: the largest index found (a test file may lack the last)
    bool zero_based = false;  ///< the first feature is 0, not 1
    bool classes = false;     ///< integer labels become classes; else labels stay the numbers they are
    std::vector<std::string> class_names = {};  ///< the classes in order, e.g. those of the training file
};

/// How write_libsvm lays a file out.
struct libsvm_layout {
    bool zero_based = false;  ///< the first feature is 0, not 1
};

namespace detail {

/// Turns labels into classes: integers by value, or those of `names`.
template <class T>
void label_classes(vector<T>& y, std::vector<double> const& labels, std::vector<std::size_t> const& lines,
                   std::vector<std::string>& names, std::string_view who) {
    auto const where = [&](double label) {
        auto const row = std::find(labels.begin(), labels.end(), label) - labels.begin();
        return lines[std::size_t(row)];
    };
    std::vector<double> present;
    for (double const label : labels) {
        auto const at = std::lower_bound(present.begin(), present.end(), label);
        if (at == present.end() || *at != label) {
            expect(label == std::floor(label) && std::abs(label) < 9e15, who, ":", where(label), ": label ",
                   label, " is not a class: must be an integer");
            present.insert(at, label);
        }
    }
    auto const name = [](double label) { return text(static_cast<long long>(label)); };
    if (names.empty())
        for (double const label : present)
            names.push_back(name(label));
    class_lookup const lookup(names, who);
    std::vector<T> classes;
    for (double const label : present) {
        std::size_t const found = lookup.find(name(label));
        if (found == names.size())
            fail(who, ":", where(label), ": label ", label, " is not one of the ", names.size(), " classes");
        classes.push_back(T(found));
    }
    for (std::size_t row = 0; row < labels.size(); ++row) {
        auto const at = std::lower_bound(present.begin(), present.end(), labels[row]);
        y[index(row)] = classes[std::size_t(at - present.begin())];
    }
}

/// The table of the rows of a text, perhaps without any. `line`: of the text in its file; afterwards, of what
/// follows it.
template <class T>
sparse_dataset<T> libsvm_table(std::string_view bytes, libsvm_options const& options, std::string_view name,
                               std::size_t& line) {
    libsvm_rows<T> rows(bytes, name, options.features, options.zero_based, line);
    sparse_dataset<T> table;
    auto const entries = std::size_t(std::count(bytes.begin(), bytes.end(), ':'));
    table.x.columns.reserve(entries);
    table.x.values.reserve(entries);
    std::vector<double> labels;
    std::vector<std::size_t> lines;
    for (double label = 0; rows.next(label, table.x.columns, table.x.values, table.x.width);) {
        labels.push_back(label);
        lines.push_back(rows.line());
        table.x.offsets.push_back(std::int64_t(table.x.values.size()));
    }
    if (options.features > 0)
        table.x.width = options.features;
    table.y.resize(index(labels.size()));
    for (std::size_t row = 0; row < labels.size(); ++row)
        table.y[index(row)] = T(labels[row]);
    if (options.classes || !options.class_names.empty()) {
        table.class_names = options.class_names;
        label_classes(table.y, labels, lines, table.class_names, name);
    }
    line = rows.next_line();
    return table;
}

}  // namespace detail

/// Reads LIBSVM text that is in memory already; `name` stands for the file in messages. See read_libsvm.
template <class T = float>
sparse_dataset<T> parse_libsvm(std::string_view bytes, libsvm_options const& options = {},
                               std::string_view name = "libsvm") {
    expect(options.features >= 0, name, ": features = ", options.features, ": must be >= 0");
    std::size_t line = 1;
    sparse_dataset<T> table = detail::libsvm_table<T>(bytes, options, name, line);
    expect(table.samples() > 0, name, ": no row of data");
    return table;
}

/// Reads a LIBSVM (SVMlight) file: one sample a line, "label index:value index:value ... # comment", indices
/// from 1 and rising; packed files (.gz, told by their content) need descent::zlib. Values of 0 are not stored.
/// "qid:N" after the label is checked and not kept. Blank lines are skipped.
///
/// Labels are numbers and stay so, unless options.classes is set: then they must be integers, and -1 and +1
/// become the classes 0 and 1 with the names "-1" and "1" (any integers: in the order of their values, as
/// read_csv has it). For the test file, give the training file's class_names and features.
///
/// Throws descent::error for a file that cannot be read, has no rows, or is damaged: "a9a:17: index 5 after 7:
/// must rise", "a9a:17: index 124: must be in [1, 123]", "a9a:17: index 3: 'abc' is not a number", "a9a:17:
/// '3-1' is not index:value", "a9a:17: the label is missing: '3:1'" (lines count from 1).
template <class T = float, bool zlib = DESCENT_ZLIB_ENABLED>
sparse_dataset<T> read_libsvm(std::string const& path, libsvm_options const& options = {}) {
    return parse_libsvm<T>(detail::read_unpacked<zlib>(path), options, path);
}

/// The text that write_libsvm writes.
template <class T>
std::string format_libsvm(sparse_dataset<T> const& table, libsvm_layout const& layout = {}) {
    expect(table.y.size() == 0 || table.y.size() == table.samples(), "write_libsvm: ", table.samples(),
           " samples, ", table.y.size(), " targets");
    std::string written;
    std::uint64_t const first = layout.zero_based ? 0 : 1;
    for (index row = 0; row < table.samples(); ++row) {
        T const y = table.y.size() ? table.y[row] : T(0);
        std::string name = text(y);
        if (!table.class_names.empty()) {
            expect(y >= 0 && y < T(table.class_names.size()) && y == std::floor(y), "write_libsvm: row ", row,
                   ": label ", y, ": must be an integer in [0, ", table.class_names.size(), ")");
            name = table.class_names[std::size_t(y)];
            if (!detail::is_integer(name))
                name = text(y);
        }
        written += name;
        for (auto k = table.x.offsets[std::size_t(row)]; k < table.x.offsets[std::size_t(row) + 1]; ++k) {
            written += ' ';
            descent::detail::append(written, first + table.x.columns[std::size_t(k)]);
            written += ':';
            descent::detail::append(written, table.x.values[std::size_t(k)]);
        }
        written += '\n';
    }
    return written;
}

/// Writes a table as LIBSVM text. Numbers are written in the shortest form that reads back exactly. Classes are
/// written by name where the name is an integer, else as 0, 1, ...; a table without targets gets label 0. The
/// file appears whole or not at all. Throws descent::error if it cannot be written or labels do not fit.
template <class T>
void write_libsvm(std::string const& path, sparse_dataset<T> const& table, libsvm_layout const& layout = {}) {
    write_file(path, format_libsvm(table, layout));
}

}  // namespace descent::data
