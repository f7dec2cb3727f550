// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include <descent/core/config.hpp>
#include <descent/core/tensor.hpp>
#include <descent/data/batch.hpp>
#include <descent/data/sparse.hpp>
#include <descent/exec/row.hpp>

// One row of a table, dense or sparse, as the methods that go row by row (or, over a transposed copy, column by
// column) see it.
namespace descent::solve::detail {

template <class T>
struct dense_row {
    T const* values;
    index count;
};

/// Only the entries other than 0.
template <class T, class Column = std::uint32_t>
struct sparse_row {
    Column const* columns;
    T const* values;
    index count;
};

template <class T>
dense_row<T> row_of(data::batch<T> const& rows, index i) {
    return {rows.row(i), rows.features};
}
template <class T, class Column>
sparse_row<T, Column> row_of(data::sparse_batch<T, Column> const& rows, index i) {
    auto const begin = rows.begin(i);
    return {rows.columns + begin, rows.values + begin, index(rows.end(i) - begin)};
}

template <class T>
T dot(dense_row<T> x, T const* w) {
    return exec::dot(x.values, w, x.count);
}
template <class T, class Column>
T dot(sparse_row<T, Column> x, T const* w) {
    return exec::sparse_dot(x.columns, x.values, x.count, w);
}

/// x . w in double, whatever the data is made of.
template <class T, class W>
double exact_dot(dense_row<T> x, W const* w) {
    double part[4] = {};
    index j = 0;
    for (; j + 4 <= x.count; j += 4)
        for (int k = 0; k < 4; ++k)
            part[k] += double(x.values[j + k]) * double(w[j + k]);
    for (; j < x.count; ++j)
        part[0] += double(x.values[j]) * double(w[j]);
    return (part[0] + part[1]) + (part[2] + part[3]);
}
template <class T, class Column, class W>
double exact_dot(sparse_row<T, Column> x, W const* w) {
    double part[4] = {};
    index j = 0;
    for (; j + 4 <= x.count; j += 4)
        for (int k = 0; k < 4; ++k)
            part[k] += double(x.values[j + k]) * double(w[x.columns[j + k]]);
    for (; j < x.count; ++j)
        part[0] += double(x.values[j]) * double(w[x.columns[j]]);
    return (part[0] + part[1]) + (part[2] + part[3]);
}

/// g += scale x.
template <class T>
void add(dense_row<T> x, T scale, T* g) {
    exec::add_scaled(scale, x.values, x.count, g);
}
template <class T, class Column>
void add(sparse_row<T, Column> x, T scale, T* g) {
    exec::sparse_add_scaled(scale, x.columns, x.values, x.count, g);
}
template <class T>
void add_exactly(dense_row<T> x, double scale, double* DESCENT_RESTRICT g) {
    for (index j = 0; j < x.count; ++j)
        g[j] += scale * double(x.values[j]);
}
template <class T, class Column>
void add_exactly(sparse_row<T, Column> x, double scale, double* DESCENT_RESTRICT g) {
    for (index j = 0; j < x.count; ++j)
        g[x.columns[j]] += scale * double(x.values[j]);
}

/// |x|^2.
template <class Row>
auto squared_norm(Row x) {
    return exec::dot(x.values, x.values, x.count);
}

/// Asks for the row's memory, which a walk in random order will need soon. Does nothing where the compiler has
/// no such instruction.
template <class T>
void prefetch([[maybe_unused]] dense_row<T> x) {
#if defined(__GNUC__)
    constexpr index line = index(64 / sizeof(T)), most = 16;  // the hardware follows long rows by itself
    for (index j = 0; j < x.count && j < most * line; j += line)
        __builtin_prefetch(x.values + j);
#endif
}
template <class T, class Column>
void prefetch([[maybe_unused]] sparse_row<T, Column> x) {
#if defined(__GNUC__)
    constexpr index line = index(64 / sizeof(T)), most = 16;
    for (index j = 0; j < x.count && j < most * line; j += line) {
        __builtin_prefetch(x.columns + j);
        __builtin_prefetch(x.values + j);
    }
#endif
}

}  // namespace descent::solve::detail
