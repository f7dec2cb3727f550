// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <string>
#include <string_view>

#include <descent/data/dataset.hpp>
#include <descent/data/detail/finite.hpp>
#include <descent/data/sparse.hpp>

namespace descent::data {

namespace detail {

/// "column 'alcohol' (10)", or "column 10" where no name is known.
template <class T>
std::string column_text(dataset<T> const& table, index column) {
    if (index(table.feature_names.size()) != table.features())
        return text("column ", column);
    return text("column '", table.feature_names[std::size_t(column)], "' (", column, ")");
}

}  // namespace detail

/// Throws descent::error unless x has rows and columns and every element is finite:
/// "fit: row 3, column 'alcohol' (10) is nan". Rows and columns count from 0.
template <class T>
void check_features(dataset<T> const& table, std::string_view who = "dataset") {
    expect(table.samples() > 0 && table.features() > 0, who, ": ", table.samples(), " samples x ",
           table.features(), " features: the data is empty");
    if (detail::all_finite(table.x.data(), table.x.size()))
        return;
    for (index row = 0; row < table.samples(); ++row)
        for (index column = 0; column < table.features(); ++column)
            expect(std::isfinite(table.x(row, column)), who, ": row ", row, ", ",
                   detail::column_text(table, column), " is ", table.x(row, column));
}

/// check_features, one finite target per sample, and either no weights or one per sample, finite, >= 0 and not
/// all 0: "fit: 5 samples, 4 targets", "fit: row 2: target is nan", "fit: row 1: weight is -1: must be >= 0".
/// The table is a dataset or a sparse_dataset.
template <class Table>
void check(Table const& table, std::string_view who = "dataset") {
    expect(table.y.size() == table.samples(), who, ": ", table.samples(), " samples, ", table.y.size(),
           " targets");
    check_features(table, who);
    for (index row = 0; row < table.samples(); ++row)
        expect(std::isfinite(table.y[row]), who, ": row ", row, ": target is ", table.y[row]);
    expect(table.weights.size() == 0 || table.weights.size() == table.samples(), who, ": ", table.samples(),
           " samples, ", table.weights.size(), " weights");
    double total = 0;
    for (index row = 0; row < table.weights.size(); ++row) {
        expect(std::isfinite(table.weights[row]) && table.weights[row] >= 0, who, ": row ", row, ": weight is ",
               table.weights[row], ": must be finite and >= 0");
        total += double(table.weights[row]);
    }
    expect(table.weights.size() == 0 || total > 0, who, ": all weights are 0");
}

/// Throws descent::error unless every target is a class index: "fit: row 7: label 12: must be an integer in
/// [0, 10)".
template <class Table>
void check_labels(Table const& table, index classes, std::string_view who = "dataset") {
    using T = typename Table::scalar;
    for (index row = 0; row < table.y.size(); ++row) {
        T const label = table.y[row];
        expect(label >= 0 && label < T(classes) && label == std::floor(label), who, ": row ", row, ": label ",
               label, ": must be an integer in [0, ", classes, ")");
    }
}

}  // namespace descent::data
