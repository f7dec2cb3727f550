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
}

/// total = the sum of the rows, in their order: each column by one task.
template <class T, class Executor>
void sum_rows(Executor const& executor, T const* y, index rows, index columns, T* total) {
    using V = native_pack<T>;
    constexpr int lanes = lanes_of<V>;
    constexpr index strip = 4 * lanes;
    index const strips = (columns + strip - 1) / strip;
    // Strips in groups that are worth a thread's while.
    index const each = std::max<index>(1, piece / std::max<index>(1, rows * strip));
    executor.for_each((strips + each - 1) / each, [=](index group) {
        for (index s = group * each; s < std::min(strips, (group + 1) * each); ++s) {
            index c = s * strip;
            index const end = std::min(columns, c + strip);
            for (; c + lanes <= end; c += lanes) {
                V part = V(T(0));
                for (index r = 0; r < rows; ++r)
                    part += load_unaligned<V>(y + r * columns + c);
                store_unaligned(total + c, part);
            }
            for (; c < end; ++c) {
                T part = 0;
                for (index r = 0; r < rows; ++r)
                    part += y[r * columns + c];
                total[c] = part;
            }
        }
    });
}

}  // namespace descent::nn::detail
