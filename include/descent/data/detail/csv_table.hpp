// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include <descent/core/error.hpp>
#include <descent/data/csv_options.hpp>
#include <descent/data/dataset.hpp>
#include <descent/data/detail/csv_classes.hpp>
#include <descent/data/detail/csv_number.hpp>
#include <descent/data/detail/csv_records.hpp>

namespace descent::data::detail {

/// One reading of one CSV text; `read` is called once.
template <class T>
class csv_table {
public:
    csv_table(std::string& bytes, std::string_view name, csv_options const& options)
        : name_(name), options_(options), records_(bytes, name, options.delimiter), bytes_(bytes.size()) {}

    dataset<T> read() {
        std::vector<std::string_view> cells;
        bool more = records_.next(cells);
        expect(more, name_, ": the file is empty");
        width_ = cells.size();
        if (options_.header) {
            read_header(cells);
            more = records_.next(cells);
        }
        choose_columns();
        values_.reserve(bytes_ / 2 + 1);  // a cell takes two bytes at least; pages not used cost nothing
        std::size_t seen = 0;
        for (; more; more = records_.next(cells), ++seen)
            read_row(cells);
        expect(seen > 0, name_, ": no row of data");
        expect(rows_ > 0, name_, ": each of the ", seen, " rows has a missing value: no row is left");

        dataset<T> table;
        table.x = matrix_view<T const>(values_.data(), index(rows_), index(features_.size()));
        if (options_.header)
            for (std::size_t const column : features_)
                table.feature_names.push_back(names_[column]);
        if (target_ < width_)
            read_target(table);
        return table;
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
        for (std::size_t column = 0; column < width_; ++column)
            if (column != target_ && !skipped[column])
                features_.push_back(column);
        expect(!features_.empty(), name_, ": no column is left for the features");
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
        for (std::size_t const column : features_) {
            values_.push_back(number(trimmed(cells[column]), column, records_.line(), absent));
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
        if (target_ < width_)
            targets_.push_back(target);
        ++rows_;
    }

    void read_target(dataset<T>& table) const {
        if (options_.header)
            table.target_name = names_[target_];
        table.y.resize(index(rows_));
        auto const holds_number = [](target_cell const& cell) { return !cell.missing && is_number(cell.text); };
        auto const holds_text = [](target_cell const& cell) { return !cell.missing && !is_number(cell.text); };
        bool const text_alone = std::none_of(targets_.begin(), targets_.end(), holds_number) &&
                                std::any_of(targets_.begin(), targets_.end(), holds_text);
        if (!options_.class_names.empty())
            table.class_names = options_.class_names;
        else if (options_.classes || text_alone)
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

    std::string_view name_;
    csv_options const& options_;
    csv_records records_;
    std::size_t bytes_, width_ = 0, rows_ = 0, target_ = 0;
    std::vector<std::string> names_;
    std::vector<std::size_t> features_;
    std::vector<T> values_;
    std::vector<target_cell> targets_;
};

}  // namespace descent::data::detail
