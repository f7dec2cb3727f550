// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <string_view>
#include <vector>

#include <descent/data/check.hpp>

namespace descent::data::detail {

/// The numbers of a column, rising, without the NaNs. Throws descent::error if none is left.
template <class T>
std::vector<double> sorted_column(dataset<T> const& table, index column, std::string_view who) {
    std::vector<double> numbers;
    numbers.reserve(std::size_t(table.samples()));
    for (index row = 0; row < table.samples(); ++row)
        if (!std::isnan(table.x(row, column)))
            numbers.push_back(double(table.x(row, column)));
    expect(!numbers.empty(), who, ": ", column_text(table, column), ": every value is missing");
    std::sort(numbers.begin(), numbers.end());
    return numbers;
}

/// Where the share q of the rising numbers lies below, linear between neighbours: definition 7 of Hyndman &
/// Fan (1996), numpy's default.
inline double quantile(std::vector<double> const& rising, double q) {
    double const position = q * double(rising.size() - 1);
    auto const at = std::size_t(position);
    double const share = position - double(at);
    if (share == 0 || rising[at] == rising[at + 1])
        return rising[at];
    double const low = rising[at], high = rising[at + 1];
    if (std::isinf(low) || std::isinf(high))
        return std::isinf(low) ? low : high;
    return share < 0.5 ? low + (high - low) * share : high - (high - low) * (1 - share);
}

/// Throws descent::error for a table without rows or columns.
template <class Table>
void expect_rows(Table const& table, std::string_view who) {
    expect(table.samples() > 0 && table.features() > 0, who, ": ", table.samples(), " samples x ",
           table.features(), " features: the data is empty");
}

}  // namespace descent::data::detail
