// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>

#include <descent/core/pack.hpp>
#include <descent/core/tensor.hpp>
#include <descent/nn/detail/elementwise.hpp>

namespace descent::nn::detail {

/// Adds the vector to each of the rows.
template <class T, class Executor>
void add_to_rows(Executor const& executor, T const* vector, T* y, index rows, index columns) {
    if constexpr (Executor::host) {
        index const each = std::max<index>(1, piece / std::max<index>(1, columns));
        executor.for_each((rows + each - 1) / each, [=](index i) {
            using V = native_pack<T>;
            constexpr int lanes = lanes_of<V>;
            for (index r = i * each; r < std::min(rows, (i + 1) * each); ++r) {
                T* const row = y + r * columns;
                index c = 0;
                for (; c + lanes <= columns; c += lanes)
                    store_unaligned(row + c, load_unaligned<V>(row + c) + load<V>(vector + c));
                for (; c < columns; ++c)
                    row[c] += vector[c];
            }
        });
    } else {
        device_add_to_rows(there{}, executor, vector, y, rows, columns);
    }
}

/// total = the sum of the rows, in their order: each column by one task. take(at, V) gives the V that begins at
/// number `at` of them.
template <class T, class Executor, class Take>
void sum_rows_of(Executor const& executor, index rows, index columns, T* total, Take const& take) {
    using V = native_pack<T>;
    constexpr int lanes = lanes_of<V>, packs = 4;
    constexpr index strip = packs * lanes;
    index const strips = (columns + strip - 1) / strip;
    // Strips in groups that are worth a thread's while.
    index const each = std::max<index>(1, piece / std::max<index>(1, rows * strip));
    executor.for_each((strips + each - 1) / each, [=](index group) {
        index c = group * each * strip;
        index const end = std::min(columns, (group + 1) * each * strip);
        for (; c + strip <= end; c += strip) {
            V part[packs] = {V(T(0)), V(T(0)), V(T(0)), V(T(0))};
            for (index r = 0; r < rows; ++r)
                for (int i = 0; i < packs; ++i)
                    part[i] += take(r * columns + c + i * lanes, V());
            for (int i = 0; i < packs; ++i)
                store_unaligned(total + c + i * lanes, part[i]);
        }
        for (; c + lanes <= end; c += lanes) {
            V part = V(T(0));
            for (index r = 0; r < rows; ++r)
                part += take(r * columns + c, V());
            store_unaligned(total + c, part);
        }
        for (; c < end; ++c) {
            T part = 0;
            for (index r = 0; r < rows; ++r)
                part += take(r * columns + c, T());
            total[c] = part;
        }
    });
}

template <class T, class Executor>
void sum_rows(Executor const& executor, T const* y, index rows, index columns, T* total) {
    if constexpr (Executor::host)
        sum_rows_of(executor, rows, columns, total,
                    [y](index at, auto like) { return load_unaligned<decltype(like)>(y + at); });
    else
        device_sum_rows(there{}, executor, y, rows, columns, total);
}

/// The same of the slopes times f.slope_from_output(y), by which they are replaced.
template <class T, class Executor, class F>
void scale_and_sum_rows(Executor const& executor, F const& f, T const* y, T* slopes, index rows, index columns,
                        T* total) {
    if constexpr (Executor::host)
        sum_rows_of(executor, rows, columns, total, [f, y, slopes](index at, auto like) {
            using V = decltype(like);
            V const scaled = f.slope_from_output(load_unaligned<V>(y + at)) * load_unaligned<V>(slopes + at);
            store_unaligned(slopes + at, scaled);
            return scaled;
        });
    else
        device_scale_and_sum_rows(there{}, executor, f, y, slopes, rows, columns, total);
}

}  // namespace descent::nn::detail
