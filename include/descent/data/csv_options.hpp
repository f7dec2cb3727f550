// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <utility>
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

/// A column of words. Without names, its categories are those that the file holds.
struct categorical {
    column which = {};
    std::vector<std::string> names = {};  ///< the categories in order

    categorical() = default;
    categorical(char const* by_name, std::vector<std::string> in_order = {})
        : which(by_name), names(std::move(in_order)) {}
    categorical(std::string by_name, std::vector<std::string> in_order = {})
        : which(std::move(by_name)), names(std::move(in_order)) {}
    categorical(int by_index, std::vector<std::string> in_order = {})
        : which(by_index), names(std::move(in_order)) {}
};

/// What a reader does with a word that is none of the categories of a one-hot column: stop with an error that
/// names the place, or write 0 into all columns of the categories.
enum class unknown { error, zeros };

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

    /// Each of these becomes one column of 0 and 1 per category, named "sex=female", "sex=male": integers by
    /// value, text by its bytes. (A missing value kept as NaN is NaN in all of them.)
    std::vector<categorical> one_hot = {};
    /// Each of these becomes one column of 0, 1, 2, ...: {"size", {"S", "M", "L"}}. The order must be given.
    std::vector<categorical> ordinal = {};
    /// feature_names of the training table: one-hot columns without names get the categories that it has.
    std::vector<std::string> like = {};
    unknown on_unknown = unknown::error;  ///< for one-hot columns; in ordinal ones it is an error
};

/// How write_csv lays a file out.
struct csv_layout {
    char delimiter = ',';
    bool header = true;  ///< names not known are written as x0, x1, ... and y
};

}  // namespace descent::data
