// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

namespace descent::data {

/// A column of a table: by its name in the header, by its index from 0, or by an index from the end (-1 is the
/// last one). `column{}` is no column.
struct column {
    std::string name = {};
    long position = 0;
    bool chosen = false;

    column() = default;
    column(char const* by_name) : name(by_name), chosen(true) {}
    column(std::string by_name) : name(std::move(by_name)), chosen(true) {}
    column(long by_index) : position(by_index), chosen(true) {}
    column(int by_index) : column(long(by_index)) {}
};

/// What a reader does with a missing value: stop with an error that names the place, store NaN, or drop the
/// row.
enum class missing { error, nan, drop };

/// How read_csv understands a file.
struct csv_options {
    column target = {};                         ///< the column that becomes y; none: y stays empty
    char delimiter = ',';                       ///< ';' and '\t' are common too
    bool header = true;                         ///< the first record holds the names of the columns
    bool classes = false;                       ///< integer targets are classes too, not numbers
    std::vector<std::string> class_names = {};  ///< the classes in order, e.g. those of the training file
    std::vector<column> skip = {};              ///< columns to leave out
    missing on_missing = missing::error;        ///< for "", "NA", the words below, and text such as nan or inf
    std::vector<std::string> missing_words = {};  ///< more text that means: no value, e.g. "?"
};

/// How write_csv lays a file out.
struct csv_layout {
    char delimiter = ',';
    bool header = true;  ///< names not known are written as x0, x1, ... and y
};

}  // namespace descent::data
