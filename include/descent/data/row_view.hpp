// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <descent/data/batch.hpp>
#include <descent/data/check.hpp>
#include <descent/data/dataset.hpp>
#include <descent/data/sparse.hpp>

namespace descent::data {

namespace detail {

/// A copy of the rows number(0) .. number(count - 1).
template <class T, class Number>
matrix<T> gathered(matrix<T> const& x, index count, Number const& number) {
    matrix<T> some(count, x.cols());
    for (index i = 0; i < count; ++i)
        some.row(i) = x.row(number(i));
    return some;
}
template <class T, class Column, class Number>
sparse_matrix<T, Column> gathered(sparse_matrix<T, Column> const& x, index count, Number const& number) {
    sparse_matrix<T, Column> some;
    some.width = x.width;
    for (index i = 0; i < count; ++i) {
        auto const row = std::size_t(number(i));
        auto const begin = x.offsets[row], end = x.offsets[row + 1];
        some.columns.insert(some.columns.end(), x.columns.begin() + begin, x.columns.begin() + end);
        some.values.insert(some.values.end(), x.values.begin() + begin, x.values.begin() + end);
        some.offsets.push_back(std::int64_t(some.values.size()));
    }
    return some;
}

}  // namespace detail

/// Rows of a table (a dataset or a sparse_dataset) where they lie: fit, k_folds, cross_validate, tune and
/// metrics of (model, rows) take it like a table. Its rows(indices) are views again, so that folds copy no
/// features:
///
///     search::cross_validate(data::row_view{table}, folds, [](auto const& train, auto const& test) {
///         linear::logistic_regression<float> model{train.features()};
///         fit(model, train);
///         return accuracy(model, test);
///     }, exec::openmp{});
///
/// Targets and weights, one number a row, are copied. What fit makes of a view is, bit for bit, what it makes
/// of a copy of the rows. Valid while the table lives and does not change.
template <class Table>
class row_view {
public:
    using scalar = typename Table::scalar;

    vector<scalar> y = {};                            ///< one target per row, as in the table
    vector<scalar> weights = {};                      ///< as in the table
    std::span<std::string const> feature_names = {};  ///< the table's
    std::span<std::string const> class_names = {};    ///< the table's

    /// All rows.
    explicit row_view(Table const& table)
        : y(table.y),
          weights(table.weights),
          feature_names(table.feature_names),
          class_names(table.class_names),
          table_(&table),
          count_(table.samples()) {}

    index samples() const { return count_; }
    index features() const { return table_->features(); }
    index classes() const { return detail::classes_of(y, index(class_names.size())); }
    /// The table's number of row i.
    index number(index i) const { return numbers_.empty() ? i : numbers_[std::size_t(i)]; }
    /// Where the rows lie.
    Table const& whole() const { return *table_; }

    /// The rows with these indices, in this order. Throws descent::error for an index out of range.
    template <class Indices>
    row_view rows(Indices const& indices) const {
        row_view some(*table_, feature_names, class_names);
        some.numbers_.reserve(std::size_t(indices.size()));
        for (auto const each : indices) {
            expect(index(each) >= 0 && index(each) < count_, "row_view: row ", index(each), ": must be in [0, ",
                   count_, ")");
            some.numbers_.push_back(number(index(each)));
        }
        some.count_ = index(some.numbers_.size());
        some.y.resize(y.size() ? some.count_ : 0);
        some.weights.resize(weights.size() ? some.count_ : 0);
        index i = 0;
        for (auto const each : indices) {  // the view's own: they may have been set since it was made
            if (y.size())
                some.y[i] = y[index(each)];
            if (weights.size())
                some.weights[i] = weights[index(each)];
            ++i;
        }
        return some;
    }

    /// A table of its own.
    Table copy() const {
        Table own = numbers_.empty() && count_ > 0 ? *table_ : table_->rows(numbers_);
        own.y = y;
        own.weights = weights;
        return own;
    }

    /// A copy of the features of rows first .. first + count - 1.
    auto copied_features(index first, index count) const {
        return detail::gathered(table_->x, count, [&](index i) { return number(first + i); });
    }

    /// All of them: see data::all_of.
    auto batch() const {
        auto all = all_of(*table_);
        all.count = count_;
        if (!numbers_.empty())
            all.order = numbers_.data(), all.viewed = true;
        return all;
    }

private:
    row_view(Table const& table, std::span<std::string const> features, std::span<std::string const> classes)
        : feature_names(features), class_names(classes), table_(&table) {}

    Table const* table_;
    index count_ = 0;
    std::vector<index> numbers_ = {};  // empty: all rows, or none
};
template <class Table>
row_view(Table) -> row_view<Table>;

/// Is it a row_view?
template <class Table>
inline constexpr bool is_row_view = false;
template <class Table>
inline constexpr bool is_row_view<row_view<Table>> = true;
template <class Table>
inline constexpr bool is_sparse<row_view<Table>> = is_sparse<Table>;

namespace detail {

template <class Table>
struct features_of {};
template <class Table>
requires requires(Table const& table) { table.x; }
struct features_of<Table> {
    using type = std::remove_cvref_t<decltype(std::declval<Table const&>().x)>;
};
template <class Table>
struct features_of<row_view<Table>> : features_of<Table> {};

template <class T>
void check_some_features(row_view<dataset<T>> const& rows, std::string_view who) {
    auto const& x = rows.whole().x;
    for (index i = 0; i < rows.samples(); ++i) {
        index const row = rows.number(i);
        if (!all_finite(x.data() + row * x.cols(), x.cols()))
            for (index column = 0; column < x.cols(); ++column)
                expect(std::isfinite(x(row, column)), who, ": row ", row, ", ",
                       column_text(rows.whole(), column), " is ", x(row, column));
    }
}
template <class T, class Column>
void check_some_features(row_view<sparse_dataset<T, Column>> const& rows, std::string_view who) {
    check_layout(rows.whole().x, who);
    for (index i = 0; i < rows.samples(); ++i)
        check_row(rows.whole().x, rows.number(i), false, who);
}

}  // namespace detail

/// What a model is asked about the rows of a table with: the type of its x.
template <class Table>
using features_of = typename detail::features_of<Table>::type;

/// check_features of these rows; it names them by the table's numbers.
template <class Table>
void check_features(row_view<Table> const& rows, std::string_view who = "dataset") {
    expect(rows.samples() > 0 && rows.features() > 0, who, ": ", rows.samples(), " samples x ", rows.features(),
           " features: the data is empty");
    detail::check_some_features(rows, who);
}

}  // namespace descent::data
