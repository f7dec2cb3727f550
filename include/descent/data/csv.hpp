// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include <descent/core/file.hpp>
#include <descent/data/check.hpp>
#include <descent/data/csv_options.hpp>
#include <descent/data/dataset.hpp>
#include <descent/data/detail/csv_table.hpp>
#include <descent/data/gzip.hpp>

namespace descent::data {

/// Reads CSV text (RFC 4180) that is in memory already; `name` stands for the file in messages. See read_csv.
template <class T = float>
dataset<T> parse_csv(std::string text, csv_options const& options = {}, std::string_view name = "csv") {
    return detail::csv_table<T>(text, name, options).read();
}

/// Reads a CSV file (RFC 4180: quoted cells may hold delimiters, line ends and doubled quotes). Every column
/// but the target, the skipped and the categorical ones must hold decimal numbers and becomes a column of x.
/// Columns of words become numbers by options.one_hot or options.ordinal; a test file gets the same columns
/// with options.like = train.feature_names.
///
/// A target of numbers is read as it is. A target of text, or of integers if options.classes is set, becomes
/// class indices 0, 1, ... in the order of class_names: integers by value, text by its bytes. Files that belong
/// together (training and test) must use the same order: pass class_names of the first to the reading of the
/// second.
///
/// Throws descent::error for a file that cannot be read, is empty or has no rows, for ragged rows, an open
/// quote, a column that does not exist, text in a number column, a label that is no class, and missing or
/// non-finite values unless on_missing says otherwise: "file.csv:17:3: column 'age': 'abc' is not a number"
/// (line and column from 1; the line is the one on which the record begins, the column counts cells).
template <class T = float, bool zlib = DESCENT_ZLIB_ENABLED>
dataset<T> read_csv(std::string const& path, csv_options const& options = {}) {
    std::string bytes = detail::read_unpacked<zlib>(path);
    return detail::csv_table<T>(bytes, path, options).read();
}

/// The text that write_csv writes.
template <class T>
std::string format_csv(dataset<T> const& table, csv_layout const& layout = {}) {
    expect(table.y.size() == 0 || table.y.size() == table.samples(), "write_csv: ", table.samples(),
           " samples, ", table.y.size(), " targets");
    expect(table.feature_names.empty() || index(table.feature_names.size()) == table.features(),
           "write_csv: ", table.features(), " features, ", table.feature_names.size(), " names");
    std::string written;
    auto const cell = [&](std::string_view content) {
        char const special[] = {layout.delimiter, '"', '\n', '\r'};
        // Unquoted, a row of one empty cell would be a blank line, and no row.
        if (!content.empty() &&
            content.find_first_of(std::string_view(special, sizeof special)) == content.npos) {
            written += content;
            return;
        }
        written += '"';
        for (char const c : content)
            written.append(c == '"' ? 2 : 1, c);
        written += '"';
    };
    auto const number = [&](T value) { descent::detail::append(written, value); };

    if (layout.header) {
        for (index column = 0; column < table.features(); ++column) {
            written.append(column > 0, layout.delimiter);
            cell(table.feature_names.empty() ? text("x", column) : table.feature_names[std::size_t(column)]);
        }
        if (table.y.size()) {
            written.append(table.features() > 0, layout.delimiter);
            cell(table.target_name.empty() ? "y" : table.target_name);
        }
        written += '\n';
    }
    for (index row = 0; row < table.samples(); ++row) {
        for (index column = 0; column < table.features(); ++column) {
            written.append(column > 0, layout.delimiter);
            number(table.x(row, column));
        }
        if (table.y.size()) {
            written.append(table.features() > 0, layout.delimiter);
            T const y = table.y[row];
            if (table.class_names.empty() || std::isnan(y)) {
                number(y);
            } else {
                expect(y >= 0 && y < T(table.class_names.size()) && y == std::floor(y), "write_csv: row ", row,
                       ": label ", y, ": must be an integer in [0, ", table.class_names.size(), ")");
                cell(table.class_names[std::size_t(y)]);
            }
        }
        written += '\n';
    }
    return written;
}

/// Writes the features and, as the last column, the target (classes by name) to a CSV file. Numbers are written
/// in the shortest form that reads back exactly; NaN is written as nan. The file appears whole or not at all.
/// Throws descent::error if it cannot be written, or if sizes or labels do not fit.
template <class T>
void write_csv(std::string const& path, dataset<T> const& table, csv_layout const& layout = {}) {
    write_file(path, format_csv(table, layout));
}

}  // namespace descent::data
