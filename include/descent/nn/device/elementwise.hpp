// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>

#include <descent/core/config.hpp>
#include <descent/core/tensor.hpp>
#include <descent/exec/device.hpp>
#include <descent/nn/detail/there.hpp>

// detail/elementwise.hpp and detail/rows.hpp on a device: one thread for each number.
namespace descent::nn::detail {

template <class T, class F>
struct map_body {
    T const* x;
    T* y;
    F f;
    DESCENT_FN void operator()(index i) const { y[i] = f(x[i]); }
};
template <class T, class F>
struct map_two_body {
    T const *a, *b;
    T* y;
    F f;
    DESCENT_FN void operator()(index i) const { y[i] = f(a[i], b[i]); }
};

/// y[i] = f(x[i]), y[i] = f(a[i], b[i]); y may be one of the others.
template <class T, exec::device Engine, class F>
void device_map(there, Engine const& engine, index count, T const* x, T* y, F const& f) {
    engine.for_each(count, map_body<T, F>{x, y, f});
}
template <class T, exec::device Engine, class F>
void device_map(there, Engine const& engine, index count, T const* a, T const* b, T* y, F const& f) {
    engine.for_each(count, map_two_body<T, F>{a, b, y, f});
}

template <class T, class Take>
struct columns_body {
    index rows, columns, each;
    T* parts;
    Take take;
    DESCENT_FN void operator()(index i) const {
        index const column = i % columns, first = i / columns * each;
        index const last = first + each < rows ? first + each : rows;
        T part = 0;
        for (index row = first; row < last; ++row)
            part += take(row, column);
        parts[i] = part;
    }
};
template <class T>
struct join_body {
    T const* parts;
    index count, columns;
    T* total;
    DESCENT_FN void operator()(index column) const {
        T sum = parts[column];
        for (index k = 1; k < count; ++k)
            sum += parts[k * columns + column];
        total[column] = sum;
    }
};

/// total[c] = the sum of take(row, c) over the rows: some stretches of them, and then those in their order.
/// `take` is called once for each number.
template <class T, exec::device Engine, class Take>
void device_columns(Engine const& engine, index rows, index columns, T* total, Take const& take) {
    index const count = std::clamp<index>(rows / 32, 1, 64), each = (rows + count - 1) / count;
    T* const parts = count == 1 ? total : engine.template scratch<T>(count * columns);
    engine.for_each(count * columns, columns_body<T, Take>{rows, columns, each, parts, take});
    if (count > 1)
        engine.for_each(columns, join_body<T>{parts, count, columns, total});
}

template <class T>
struct take_number {
    T const* y;
    index columns;
    DESCENT_FN T operator()(index row, index column) const { return y[row * columns + column]; }
};
template <class T, class F>
struct take_scaled {
    F f;
    T const* y;
    T* slopes;
    index columns;
    DESCENT_FN T operator()(index row, index column) const {
        index const at = row * columns + column;
        return slopes[at] = f.slope_from_output(y[at]) * slopes[at];
    }
};

/// total = the sum of the rows.
template <class T, exec::device Engine>
void device_sum_rows(there, Engine const& engine, T const* y, index rows, index columns, T* total) {
    device_columns(engine, rows, columns, total, take_number<T>{y, columns});
}
/// The same of the slopes times f.slope_from_output(y), by which they are replaced.
template <class T, exec::device Engine, class F>
void device_scale_and_sum_rows(there, Engine const& engine, F const& f, T const* y, T* slopes, index rows,
                               index columns, T* total) {
    device_columns(engine, rows, columns, total, take_scaled<T, F>{f, y, slopes, columns});
}

template <class T>
struct add_to_rows_body {
    T const* vector;
    T* y;
    index columns;
    DESCENT_FN void operator()(index i) const { y[i] += vector[i % columns]; }
};

/// Adds the vector to each of the rows.
template <class T, exec::device Engine>
void device_add_to_rows(there, Engine const& engine, T const* vector, T* y, index rows, index columns) {
    engine.for_each(rows * columns, add_to_rows_body<T>{vector, y, columns});
}

/// Copies a part of each sample: `count` numbers from from + s * from_step to to + s * to_step.
template <class T>
struct copy_part_body {
    T const* from;
    index from_step;
    T* to;
    index to_step, count;
    DESCENT_FN void operator()(index i) const {
        index const s = i / count, k = i % count;
        to[s * to_step + k] = from[s * from_step + k];
    }
};
template <class T, exec::device Engine>
void device_copy_parts(there, Engine const& engine, index samples, T const* from, index from_step, T* to,
                       index to_step, index count) {
    engine.for_each(samples * count, copy_part_body<T>{from, from_step, to, to_step, count});
}

}  // namespace descent::nn::detail
