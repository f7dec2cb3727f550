// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include <descent/core/error.hpp>
#include <descent/data/csv_options.hpp>
#include <descent/data/dataset.hpp>
#include <descent/data/detail/csv_category.hpp>
#include <descent/data/detail/csv_classes.hpp>
#include <descent/data/detail/csv_number.hpp>
#include <descent/data/detail/csv_records.hpp>

namespace descent::data::detail {

/// The reading of one CSV text: `read` is called once. Or of a text in parts, each of whole records: `begin`
/// with the first, then `rows` and, for the next part, `open`.
template <class T>
class csv_table {
public:
    csv_table(std::string& bytes, std::string_view name, csv_options const& options)
        : name_(name), options_(options), records_(bytes, name, options.delimiter), bytes_(bytes.size()) {}

    dataset<T> read() {
        begin();
        dataset<T> table = rows();
        expect(seen_ > 0, name_, ": no row of data");
        expect(table.samples() > 0, name_, ": each of the ", seen_,
               " rows has a missing value: no row is left");
        return table;
    }

    /// Reads the header and finds the columns.
    void begin() {
        expect(records_.next(cells_), name_, ": the file is empty");
        width_ = cells_.size();
        waiting_ = !options_.header;
        if (options_.header)
            read_header(cells_);
        choose_columns();
    }

    /// The text goes on here. Then nothing is learned from it: the categories are given, the target holds
    /// numbers or given classes.
    void open(std::string& bytes, std::size_t first_line) {
        records_ = csv_records(bytes, name_, options_.delimiter, first_line);
        bytes_ = bytes.size();
    }

    /// The rows of the text, as a table.
    dataset<T> rows(bool learn = true) {
        values_.clear();
        targets_.clear();
        rows_ = 0;
        values_.reserve(bytes_ / 2 + 1);  // a cell takes two bytes at least; pages not used cost nothing
        for (; waiting_ || records_.next(cells_); ++seen_) {
            waiting_ = false;
            read_row(cells_);
        }
        dataset<T> table;
        expand(table);
        if (target_ < width_)
            read_target(table, learn);
        for (csv_category& each : categories_)
            each.forget();
        return table;
    }

    std::size_t next_line() const { return records_.next_line(); }

    /// Whether there was a row, used or dropped.
    bool any() const { return seen_ > 0; }

    /// Whether the header, the options or the words seen name all categories.
    void check_categories_known() const {
        for (std::size_t i = 0; i < features_.size(); ++i)
            expect(!category_of(i) || !category_of(i)->names().empty(), name_, ": one_hot ",
                   options_.header ? text("'", names_[features_[i]], "'") : text("= ", features_[i]),
                   ": a stream needs its categories: name them, or set options.like");
    }

private:
    struct target_cell {
        std::string_view text;
        std::size_t line;
        bool missing;
    };

    void read_header(std::vector<std::string_view> const& cells) {
        bool numbers = true;
        for (std::string_view const cell : cells) {
            double value = 0;
            numbers &= read_number(trimmed(cell), value) == reading::number;
            names_.emplace_back(trimmed(cell));
        }
        expect(!numbers, name_, ":", records_.line(),
               ": the header holds numbers alone (header = false if the file has none)");
    }

    /// The index of a wanted column; `what` is the option that names it.
    std::size_t find(column const& wanted, std::string_view what) const {
        if (wanted.name.empty()) {
            long const width = long(width_);
            expect(wanted.position >= -width && wanted.position < width, name_, ": ", what, " = ",
                   wanted.position, ": must be in [", -width, ", ", width, ")");
            return std::size_t(wanted.position < 0 ? wanted.position + width : wanted.position);
        }
        expect(options_.header, name_, ": ", what, " '", wanted.name,
               "': the file has no header (header = false)");
        auto const found = std::find(names_.begin(), names_.end(), wanted.name);
        if (found == names_.end()) {
            std::string known;
            for (std::size_t i = 0; i < names_.size() && i < 10; ++i)
                known += text(i ? ", '" : "'", names_[i], "'");
            fail(name_, ": ", what, " '", wanted.name, "': no such column (the columns are ", known,
                 names_.size() > 10 ? ", ...)" : ")");
        }
        expect(std::find(found + 1, names_.end(), wanted.name) == names_.end(), name_, ": ", what, " '",
               wanted.name, "': two columns have this name");
        return std::size_t(found - names_.begin());
    }

    void choose_columns() {
        std::vector<bool> skipped(width_);
        for (column const& each : options_.skip)
            if (each.chosen)
                skipped[find(each, "skip")] = true;
        target_ = options_.target.chosen ? find(options_.target, "target") : width_;
        std::vector<std::size_t> category(width_, none);
        for (bool const one_hot : {true, false})
            for (categorical const& each : one_hot ? options_.one_hot : options_.ordinal)
                if (each.which.chosen)
                    choose_category(each, one_hot, category);
        for (std::size_t column = 0; column < width_; ++column)
            if (column != target_ && !skipped[column]) {
                features_.push_back(column);
                feature_category_.push_back(category[column]);
            }
        expect(!features_.empty(), name_, ": no column is left for the features");
    }

    void choose_category(categorical const& wanted, bool one_hot, std::vector<std::size_t>& category) {
        std::string_view const what = one_hot ? "one_hot" : "ordinal";
        std::size_t const column = find(wanted.which, what);
        std::string const who = text(
            name_, ": ", what, options_.header ? text(" '", names_[column], "'") : text(" = ", column), ": ");
        expect(column != target_, who, "it is the target");
        expect(category[column] == none, who, "the column is named twice");
        expect(one_hot || !wanted.names.empty(), who, "the categories must be named, in their order");
        std::vector<std::string> names = wanted.names;
        if (one_hot && names.empty() && !options_.like.empty()) {
            expect(options_.header, who, "the file has no header (header = false), so that like cannot help");
            std::string const prefix = names_[column] + "=";
            for (std::string const& feature : options_.like)
                if (feature.compare(0, prefix.size(), prefix) == 0)
                    names.push_back(feature.substr(prefix.size()));
            expect(!names.empty(), who, "like holds no name that begins with '", prefix, "'");
        }
        category[column] = categories_.size();
        categories_.emplace_back(std::move(names), one_hot);
    }

    /// How feature i is coded; nullptr for numbers.
    csv_category const* category_of(std::size_t i) const {
        return feature_category_[i] == none ? nullptr : &categories_[feature_category_[i]];
    }

    /// "file.csv:17:3: column 'age': 'abc'", with the cell cut short if it is long.
    std::string place(std::size_t line, std::size_t column, std::string_view cell) const {
        std::string const where = text(name_, ":", line, ":", column + 1, ": ");
        std::string const who = options_.header ? text("column '", names_[column], "': ") : std::string();
        return where + who + "'" + std::string(cell.substr(0, 40)) + (cell.size() > 40 ? "...'" : "'");
    }

    bool is_missing(std::string_view cell) const {
        if (cell.empty() || cell == "NA")
            return true;
        for (std::string const& word : options_.missing_words)
            if (cell == word)
                return true;
        return false;
    }

    /// Reads one number, NaN where it is missing. `column` is where it stands, for the message.
    T number(std::string_view cell, std::size_t column, std::size_t line, bool& absent) const {
        T value{};
        reading kind = read_number(cell, value);
        absent = kind == reading::not_finite;
        if (kind == reading::number && options_.missing_words.empty())
            return value;
        if (is_missing(cell))
            absent = true;
        else if (kind == reading::not_a_number || kind == reading::out_of_range)
            fail(place(line, column, cell),
                 kind == reading::out_of_range ? " is out of range" : " is not a number");
        if (absent && options_.on_missing == missing::error)
            fail(place(line, column, cell), is_missing(cell) ? " is a missing value" : " is not finite");
        return absent ? std::numeric_limits<T>::quiet_NaN() : value;
    }

    void read_row(std::vector<std::string_view> const& cells) {
        expect(cells.size() == width_, name_, ":", records_.line(), ": ", cells.size(),
               cells.size() == 1 ? " cell" : " cells", ": must be ", width_, " as in the first line");
        bool incomplete = false, absent = false;
        for (std::size_t i = 0; i < features_.size(); ++i) {
            std::size_t const column = features_[i];
            std::string_view const cell = trimmed(cells[column]);
            if (category_of(i) == nullptr) {
                values_.push_back(number(cell, column, records_.line(), absent));
            } else {
                absent = is_missing(cell);
                values_.push_back(absent ? number(cell, column, records_.line(), absent) : T(0));
            }
            incomplete |= absent;
        }
        target_cell target{};
        if (target_ < width_) {
            target = {trimmed(cells[target_]), records_.line(), false};
            T value{};
            target.missing = is_missing(target.text) || read_number(target.text, value) == reading::not_finite;
            if (target.missing)
                number(target.text, target_, target.line, absent);  // throws where a missing value is an error
            incomplete |= target.missing;
        }
        if (incomplete && options_.on_missing == missing::drop) {
            values_.resize(rows_ * features_.size());
            return;
        }
        // Only now: a row that is dropped brings no category.
        for (std::size_t i = 0; !categories_.empty() && i < features_.size(); ++i)
            if (T& value = values_[rows_ * features_.size() + i]; category_of(i) && !std::isnan(value))
                value =
                    T(categories_[feature_category_[i]].code(trimmed(cells[features_[i]]), records_.line()));
        if (target_ < width_)
            targets_.push_back(target);
        ++rows_;
    }

    /// Makes the columns of the table: numbers as they are, codes as categories.
    void expand(dataset<T>& table) {
        std::size_t const from_width = features_.size();
        std::vector<std::size_t> to(from_width);
        std::size_t to_width = 0;
        for (std::size_t i = 0; i < from_width; ++i) {
            to[i] = to_width;
            std::string const own = options_.header ? names_[features_[i]] : std::string();
            if (category_of(i)) {
                csv_category& words = categories_[feature_category_[i]];
                words.settle(name_, [&](std::string_view word, std::size_t line, std::size_t known) {
                    if (!words.one_hot() || options_.on_unknown == unknown::error)
                        fail(place(line, features_[i], word), " is not one of the ", known, " categories");
                });
                if (words.one_hot()) {
                    to_width += words.names().size();
                    if (options_.header)
                        for (std::string const& each : words.names())
                            table.feature_names.push_back(text(own, "=", each));
                    continue;
                }
            }
            ++to_width;
            if (options_.header)
                table.feature_names.push_back(own);
        }
        if (categories_.empty()) {
            table.x = matrix_view<T const>(values_.data(), index(rows_), index(from_width));
            return;
        }
        table.x.setZero(index(rows_), index(to_width));
        for (std::size_t row = 0; row < rows_; ++row)
            for (std::size_t i = 0; i < from_width; ++i) {
                T const value = values_[row * from_width + i];
                T* const into = table.x.data() + row * to_width + to[i];
                csv_category const* const words = category_of(i);
                if (!words) {
                    *into = value;
                } else if (std::isnan(value)) {
                    for (std::size_t k = 0; k < (words->one_hot() ? words->names().size() : 1); ++k)
                        into[k] = value;
                } else if (std::size_t const found = words->category(std::size_t(value)); !words->one_hot()) {
                    *into = T(found);
                } else if (found < words->names().size()) {
                    into[found] = T(1);
                }
            }
    }

    void read_target(dataset<T>& table, bool learn) const {
        if (options_.header)
            table.target_name = names_[target_];
        table.y.resize(index(rows_));
        auto const holds_number = [](target_cell const& cell) { return !cell.missing && is_number(cell.text); };
        auto const holds_text = [](target_cell const& cell) { return !cell.missing && !is_number(cell.text); };
        bool const text_alone = std::none_of(targets_.begin(), targets_.end(), holds_number) &&
                                std::any_of(targets_.begin(), targets_.end(), holds_text);
        if (!options_.class_names.empty())
            table.class_names = options_.class_names;
        else if (learn && (options_.classes || text_alone))
            table.class_names = find_classes();

        class_lookup const lookup(table.class_names, name_);
        for (std::size_t row = 0; row < rows_; ++row) {
            target_cell const& cell = targets_[row];
            if (cell.missing || table.class_names.empty()) {
                bool absent = false;
                table.y[index(row)] = number(cell.text, target_, cell.line, absent);
                continue;
            }
            std::size_t const found = lookup.find(cell.text);
            if (found == table.class_names.size())
                fail(place(cell.line, target_, cell.text), " is not one of the ", found, " classes");
            table.y[index(row)] = T(found);
        }
    }

    std::vector<std::string> find_classes() const {
        std::vector<std::string_view> present;
        for (target_cell const& cell : targets_)
            if (!cell.missing)
                present.push_back(cell.text);
        if (std::all_of(present.begin(), present.end(), is_number))
            for (target_cell const& cell : targets_)
                if (!cell.missing && !is_integer(cell.text))
                    fail(place(cell.line, target_, cell.text), " is not a class: must be an integer or text");
        return distinct(std::move(present));
    }

    static constexpr std::size_t none = static_cast<std::size_t>(-1);

    std::string_view name_;
    csv_options const& options_;
    csv_records records_;
    std::size_t bytes_, width_ = 0, rows_ = 0, seen_ = 0, target_ = 0;
    bool waiting_ = false;  ///< a record was read, but not used
    std::vector<std::string_view> cells_;
    std::vector<std::string> names_;
    std::vector<std::size_t> features_, feature_category_;  ///< columns; which category each is, or none
    std::vector<csv_category> categories_;
    std::vector<T> values_;
    std::vector<target_cell> targets_;
};

}  // namespace descent::data::detail
