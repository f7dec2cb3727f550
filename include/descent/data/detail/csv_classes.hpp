// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include <descent/core/error.hpp>
#include <descent/data/detail/csv_number.hpp>

namespace descent::data::detail {

inline bool is_number(std::string_view cell) {
    double value = 0;
    return read_number(cell, value) != reading::not_a_number;
}

/// Whether the cell is an integer that a double holds exactly.
inline bool is_integer(std::string_view cell) {
    double value = 0;
    return read_number(cell, value) == reading::number && value == std::floor(value) && std::abs(value) < 9e15;
}

/// An integer in its shortest form, so that 1, +1, 01 and 1.0 are one class; other text as it stands.
inline std::string canonical(std::string_view cell) {
    double value = 0;
    if (!is_integer(cell))
        return std::string(cell);
    read_number(cell, value);
    return text(static_cast<long long>(value));
}

/// The distinct cells: integers by value if there is nothing else, text by its bytes.
inline std::vector<std::string> distinct(std::vector<std::string_view> cells) {
    std::sort(cells.begin(), cells.end());
    cells.erase(std::unique(cells.begin(), cells.end()), cells.end());
    if (!std::all_of(cells.begin(), cells.end(), is_integer))
        return {cells.begin(), cells.end()};
    std::vector<long long> values;
    for (std::string_view const cell : cells) {
        double value = 0;
        read_number(cell, value);
        values.push_back(static_cast<long long>(value));
    }
    std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
    std::vector<std::string> names;
    for (long long const value : values)
        names.push_back(text(value));
    return names;
}

/// Finds classes by name. Throws descent::error if a name occurs twice; `who` is the file.
class class_lookup {
public:
    class_lookup(std::vector<std::string> const& names, std::string_view who)
        : names_(names), order_(names.size()) {
        for (std::size_t i = 0; i < order_.size(); ++i)
            order_[i] = i;
        std::sort(order_.begin(), order_.end(),
                  [&](std::size_t a, std::size_t b) { return names[a] < names[b]; });
        for (std::size_t i = 1; i < order_.size(); ++i)
            expect(names[order_[i - 1]] != names[order_[i]], who, ": class_names: '", names[order_[i]],
                   "' occurs twice");
    }

    /// The class of this name, or of the integer that the cell spells otherwise; the number of classes if there
    /// is none.
    std::size_t find(std::string_view cell) const {
        std::size_t const found = exact(cell);
        return found < names_.size() ? found : exact(canonical(cell));
    }

private:
    std::size_t exact(std::string_view wanted) const {
        auto const at =
            std::lower_bound(order_.begin(), order_.end(), wanted,
                             [&](std::size_t i, std::string_view w) { return names_[i].compare(w) < 0; });
        return at != order_.end() && names_[*at] == wanted ? *at : names_.size();
    }

    std::vector<std::string> const& names_;
    std::vector<std::size_t> order_;
};

}  // namespace descent::data::detail
