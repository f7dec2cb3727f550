// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <descent/core/error.hpp>
#include <descent/core/tensor.hpp>
#include <descent/data/detail/classes_of.hpp>
#include <descent/data/detail/finite.hpp>

namespace descent::data {

/// A matrix that keeps only its entries other than 0, row by row (compressed sparse rows, CSR): the entries of
/// row r are values[k] in column columns[k] for k in [offsets[r], offsets[r + 1]). Column is std::uint32_t, or
/// std::uint16_t where narrow() made it so.
template <class T, class Column = std::uint32_t>
struct sparse_matrix {
    using column = Column;

    std::vector<std::int64_t> offsets = {0};  ///< rows + 1 numbers, never falling, the first 0
    std::vector<column> columns = {};         ///< rising within a row
    std::vector<T> values = {};               ///< as many as columns
    index width = 0;                          ///< number of columns of the matrix

    index rows() const { return index(offsets.size()) - 1; }
    index cols() const { return width; }
    index nonzeros() const { return index(values.size()); }

    /// The same as a dense matrix.
    matrix<T> dense() const {
        matrix<T> full = matrix<T>::Zero(rows(), cols());
        for (index r = 0; r < rows(); ++r)
            for (std::int64_t k = offsets[std::size_t(r)]; k < offsets[std::size_t(r) + 1]; ++k)
                full(r, index(columns[std::size_t(k)])) = values[std::size_t(k)];
        return full;
    }

    /// Of the entries other than 0 of a dense matrix. Throws descent::error for more columns than a column
    /// number can tell apart.
    static sparse_matrix of(matrix<T> const& full) {
        constexpr index most = index(1) << 8 * sizeof(Column);
        expect(full.cols() <= most, "sparse_matrix: columns = ", full.cols(), ": must be in [0, ", most, "]");
        sparse_matrix made;
        made.width = full.cols();
        for (index r = 0; r < full.rows(); ++r) {
            for (index c = 0; c < full.cols(); ++c)
                if (full(r, c) != T(0)) {
                    made.columns.push_back(column(c));
                    made.values.push_back(full(r, c));
                }
            made.offsets.push_back(std::int64_t(made.values.size()));
        }
        return made;
    }
};

/// A table to learn from whose rows are mostly zeros: words in texts, categories, one-hot columns.
template <class T = float, class Column = std::uint32_t>
struct sparse_dataset {
    using scalar = T;

    sparse_matrix<T, Column> x = {};              ///< samples x features
    vector<T> y = {};                             ///< one target per sample: a number, or the class index
    std::vector<std::string> feature_names = {};  ///< one per column of x, or empty
    std::vector<std::string> class_names = {};    ///< one per class; empty for a numeric target
    std::string target_name = {};                 ///< what y is, where known
    vector<T> weights = {};                       ///< how often each sample counts, >= 0; empty: each once

    index samples() const { return x.rows(); }
    index features() const { return x.cols(); }

    /// As dataset::classes.
    index classes() const { return detail::classes_of(y, index(class_names.size())); }

    /// A copy of the rows with these indices, in this order. Throws descent::error for an index out of range.
    template <class Indices>
    sparse_dataset rows(Indices const& indices) const {
        sparse_dataset chosen{{}, {}, feature_names, class_names, target_name, {}};
        chosen.x.width = x.width;
        auto const count = index(indices.size());
        chosen.y.resize(y.size() ? count : 0);
        chosen.weights.resize(weights.size() ? count : 0);
        index to = 0;
        for (auto const each : indices) {
            auto const from = index(each);
            expect(from >= 0 && from < samples(), "sparse_dataset: row ", from, ": must be in [0, ", samples(),
                   ")");
            auto const begin = x.offsets[std::size_t(from)], end = x.offsets[std::size_t(from) + 1];
            chosen.x.columns.insert(chosen.x.columns.end(), x.columns.begin() + begin, x.columns.begin() + end);
            chosen.x.values.insert(chosen.x.values.end(), x.values.begin() + begin, x.values.begin() + end);
            chosen.x.offsets.push_back(std::int64_t(chosen.x.values.size()));
            if (y.size())
                chosen.y[to] = y[from];
            if (weights.size())
                chosen.weights[to] = weights[from];
            ++to;
        }
        return chosen;
    }
};

/// Is it a sparse_dataset?
template <class Table>
inline constexpr bool is_sparse = false;
template <class T, class Column>
inline constexpr bool is_sparse<sparse_dataset<T, Column>> = true;

/// Some samples of a sparse_dataset, in its own memory: all rows in order, or those listed. Valid while the
/// dataset and the list live.
template <class T, class Column = std::uint32_t>
struct sparse_batch {
    using scalar = T;

    std::int64_t const* offsets = nullptr;  ///< of row 0 of the memory, whatever part this is
    Column const* columns = nullptr;
    T const* values = nullptr;
    T const* y = nullptr;
    index features = 0;
    index count = 0;
    index const* order = nullptr;  ///< row numbers; nullptr for first, first + 1, ...
    T const* weights = nullptr;    ///< nullptr: all 1
    index first = 0;               ///< without order: the first row
    bool viewed = false;           ///< order is a row_view's: the rows are cut as those of a table of their own

    index samples() const { return count; }
    index row_number(index i) const { return order ? order[i] : first + i; }
    std::int64_t begin(index i) const { return offsets[row_number(i)]; }
    std::int64_t end(index i) const { return offsets[row_number(i) + 1]; }
    T target(index i) const { return y[row_number(i)]; }
    T weight(index i) const { return weights ? weights[row_number(i)] : T(1); }

    /// Samples [from, from + n) of these.
    sparse_batch part(index from, index n) const {
        sparse_batch some = *this;
        some.count = n;
        if (order)
            some.order += from;
        else
            some.first += from;
        return some;
    }
};

/// All samples of the dataset.
template <class T, class Column>
sparse_batch<T, Column> all_of(sparse_dataset<T, Column> const& table) {
    return {table.x.offsets.data(),
            table.x.columns.data(),
            table.x.values.data(),
            table.y.data(),
            table.features(),
            table.samples(),
            nullptr,
            table.weights.size() ? table.weights.data() : nullptr};
}

namespace detail {

/// Do the columns of a row rise, and end inside the matrix? Without a branch an entry, since all are looked at.
template <class Column>
bool columns_rise(Column const* columns, index count, index width) {
    unsigned falls = 0;
    for (index k = 1; k < count; ++k)
        falls |= unsigned(columns[k] <= columns[k - 1]);
    return falls == 0 && (count == 0 || index(columns[count - 1]) < width);
}

template <class T, class Column>
void check_layout(sparse_matrix<T, Column> const& x, std::string_view who) {
    expect(x.rows() > 0 && x.cols() > 0, who, ": ", x.rows(), " samples x ", x.cols(),
           " features: the data is empty");
    expect(x.columns.size() == x.values.size(), who, ": ", x.columns.size(), " columns, ", x.values.size(),
           " values");
    expect(x.offsets.front() == 0 && x.offsets.back() == std::int64_t(x.values.size()), who,
           ": offsets: must run from 0 to ", x.values.size());
}

/// Of a matrix whose layout was checked, and `finite` where all its values are known to be.
template <class T, class Column>
void check_row(sparse_matrix<T, Column> const& x, index r, bool finite, std::string_view who) {
    auto const begin = x.offsets[std::size_t(r)], end = x.offsets[std::size_t(r) + 1];
    expect(0 <= begin && begin <= end && end <= x.offsets.back(), who, ": row ", r, ": offset ", end,
           ": must not fall");
    if (finite && columns_rise(x.columns.data() + begin, index(end - begin), x.cols()))
        return;
    for (auto k = begin; k < end; ++k) {
        auto const column = x.columns[std::size_t(k)];
        expect(index(column) < x.cols(), who, ": row ", r, ": column ", column, ": must be in [0, ", x.cols(),
               ")");
        expect(k == begin || x.columns[std::size_t(k) - 1] < column, who, ": row ", r, ": column ", column,
               ": columns must rise");
        expect(std::isfinite(x.values[std::size_t(k)]), who, ": row ", r, ", column ", column, " is ",
               x.values[std::size_t(k)]);
    }
}

}  // namespace detail

/// Throws descent::error unless the table is sound: rows and columns, offsets that rise to the number of
/// entries, columns that rise within each row and lie inside the matrix, finite values.
/// "fit: row 3: column 70000: must be in [0, 54877)".
template <class T, class Column>
void check_features(sparse_dataset<T, Column> const& table, std::string_view who = "dataset") {
    detail::check_layout(table.x, who);
    bool const finite = detail::all_finite(table.x.values.data(), table.x.nonzeros());
    for (index r = 0; r < table.x.rows(); ++r)
        detail::check_row(table.x, r, finite, who);
}

/// The same matrix with column numbers of 16 bits, for at most 65536 columns: an entry of floats takes 6 bytes
/// instead of 8, and a pass over data larger than the cache 5 to 10 % less time. Linear models, online_svm and
/// the methods of solve/ take both, with the same numbers, bit for bit; kernel_svm takes 32 bits only. Throws
/// descent::error for more columns, or a column that is not in the matrix.
template <class T>
sparse_matrix<T, std::uint16_t> narrow(sparse_matrix<T> x) {
    constexpr index most = index(1) << 16;
    expect(x.cols() <= most, "narrow: features = ", x.cols(), ": must be in [0, ", most, "]");
    sparse_matrix<T, std::uint16_t> made;
    made.columns.reserve(x.columns.size());
    for (auto const column : x.columns) {
        expect(index(column) < x.cols(), "narrow: column ", column, ": must be in [0, ", x.cols(), ")");
        made.columns.push_back(std::uint16_t(column));
    }
    made.offsets = std::move(x.offsets);
    made.values = std::move(x.values);
    made.width = x.width;
    return made;
}

/// The same of a table; `narrow(std::move(table))` copies nothing but the columns. What cleans, scales and
/// selects takes tables of 32 bits: narrow comes last.
///
///     auto const train = data::narrow(data::read_libsvm<float>("train.txt"));
template <class T>
sparse_dataset<T, std::uint16_t> narrow(sparse_dataset<T> table) {
    return {narrow(std::move(table.x)),   std::move(table.y),           std::move(table.feature_names),
            std::move(table.class_names), std::move(table.target_name), std::move(table.weights)};
}

}  // namespace descent::data
