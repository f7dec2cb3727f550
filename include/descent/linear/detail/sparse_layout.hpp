// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>

#include <descent/core/error.hpp>
#include <descent/data/sparse.hpp>

namespace descent::linear::detail {

/// Throws descent::error unless rows and columns are where they should be.
template <class T, class Column>
void check_layout(data::sparse_matrix<T, Column> const& x, std::string_view who) {
    expect(x.columns.size() == x.values.size(), who, ": ", x.columns.size(), " columns, ", x.values.size(),
           " values");
    expect(!x.offsets.empty() && x.offsets.front() == 0 && x.offsets.back() == std::int64_t(x.values.size()),
           who, ": offsets: must run from 0 to ", x.values.size());
    for (index row = 0; row < x.rows(); ++row)
        expect(x.offsets[std::size_t(row)] <= x.offsets[std::size_t(row) + 1], who, ": row ", row,
               ": offsets must not fall");
    for (auto const column : x.columns)
        expect(index(column) < x.cols(), who, ": column ", column, ": must be in [0, ", x.cols(), ")");
}

}  // namespace descent::linear::detail
