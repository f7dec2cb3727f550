// SPDX-License-Identifier: MIT
#pragma once

#include <descent/data/dataset.hpp>

namespace descent::data {

/// Some samples of a dataset, in its own memory: all rows in order, or those listed. What a model computes a
/// gradient from. Valid while the dataset and the list live.
template <class T>
struct batch {
    using scalar = T;

    T const* x = nullptr;  ///< row-major, `features` numbers a row
    T const* y = nullptr;
    index features = 0;
    index count = 0;
    index const* order = nullptr;  ///< row numbers; nullptr for 0, 1, 2, ...
    T const* weights = nullptr;    ///< how often each sample counts; nullptr: each once
    bool viewed = false;           ///< order is a row_view's: the rows are cut as those of a table of their own

    index samples() const { return count; }
    T const* row(index i) const { return x + (order ? order[i] : i) * features; }
    T target(index i) const { return y[order ? order[i] : i]; }
    T weight(index i) const { return weights ? weights[order ? order[i] : i] : T(1); }

    /// Samples [first, first + n) of these.
    batch part(index first, index n) const {
        if (order)
            return {x, y, features, n, order + first, weights, viewed};
        return {x + first * features, y + first, features, n, nullptr, weights ? weights + first : nullptr};
    }
};

/// What the mean over a batch (dense or sparse) divides by: the sum of the sample weights; their number where
/// there are none.
template <class Batch>
double total_weight(Batch const& rows) {
    if (!rows.weights)
        return double(rows.count);
    double total = 0;
    for (index i = 0; i < rows.count; ++i)
        total += double(rows.weight(i));
    return total;
}

/// All samples of a table that gives them itself: a row_view.
template <class Table>
requires requires(Table const& table) { table.batch(); }
auto all_of(Table const& table) { return table.batch(); }

/// All samples of the dataset.
template <class T>
batch<T> all_of(dataset<T> const& table) {
    return {table.x.data(),  table.y.data(), table.features(),
            table.samples(), nullptr,        table.weights.size() ? table.weights.data() : nullptr};
}

}  // namespace descent::data
