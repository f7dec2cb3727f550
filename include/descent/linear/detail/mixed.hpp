// SPDX-License-Identifier: MIT
#pragma once

#include <descent/core/math.hpp>
#include <descent/core/pack.hpp>
#include <descent/core/tensor.hpp>

// Sums kept in double over data of any number type.
namespace descent::linear::detail {

/// sum_i a[i] x[i].
template <class T>
double dot(double const* a, T const* x, index n) {
    using V = native_pack<double>;
    using F = same_lanes<V, T>;
    constexpr int lanes = lanes_of<V>;
    V total(0.0);
    index i = 0;
    for (; i + lanes <= n; i += lanes)
        total = fused_multiply_add(load_unaligned<V>(a + i), convert<double>(load_unaligned<F>(x + i)), total);
    double rest = sum(total);
    for (; i < n; ++i)
        rest += a[i] * double(x[i]);
    return rest;
}

/// to[i] += factor x[i].
template <class T>
void add(double* to, double factor, T const* x, index n) {
    using V = native_pack<double>;
    using F = same_lanes<V, T>;
    constexpr int lanes = lanes_of<V>;
    index i = 0;
    for (; i + lanes <= n; i += lanes)
        store_unaligned(to + i, fused_multiply_add(V(factor), convert<double>(load_unaligned<F>(x + i)),
                                                   load_unaligned<V>(to + i)));
    for (; i < n; ++i)
        to[i] = fused_multiply_add(factor, double(x[i]), to[i]);
}

/// The share of the samples whose class was predicted, each counted by its weight.
template <class T, class Table>
double weighted_accuracy(vector<T> const& predicted, Table const& table) {
    double right = 0, all = 0;
    for (index row = 0; row < predicted.size(); ++row) {
        double const weight = table.weights.size() ? double(table.weights[row]) : 1;
        right += predicted[row] == table.y[row] ? weight : 0;
        all += weight;
    }
    return right / all;
}

}  // namespace descent::linear::detail
