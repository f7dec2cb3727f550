// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>

#include <descent/core/math.hpp>
#include <descent/core/memory.hpp>
#include <descent/core/pack.hpp>
#include <descent/core/tensor.hpp>
#include <descent/exec/unrolled.hpp>

// Products with rows of which few numbers are left. Several samples lie side by side, so that one number of the
// row meets a pack of them; a single sample is met number by number. Either way four sums take turns, in the
// same order: what a sample gives does not depend on its neighbours.
namespace descent::prune::detail {

/// What is left of a row: values and where they stand.
template <class T, class Position>
struct sparse_row {
    T const* values;
    Position const* columns;
    index count;
};

/// total = sum_j values[j] x[columns[j]], where numbers of x are P packs V.
template <int P, class V, class T, class Position>
void sparse_sums(sparse_row<T, Position> const& row, T const* x, V* total) {
    constexpr int lanes = lanes_of<V>, turns = 4;
    V sums[turns][P];
    exec::unrolled<turns>([&](auto u) { exec::unrolled<P>([&](auto p) { sums[u][p] = V(T(0)); }); });
    auto const add = [&](auto u, index j) {
        V const value(row.values[j]);
        T const* const at = x + index(row.columns[j]) * (P * lanes);
        exec::unrolled<P>([&](auto p) {
            sums[u][p] = fused_multiply_add(value, load_unaligned<V>(at + p * lanes), sums[u][p]);
        });
    };
    index j = 0;
    for (; j + turns <= row.count; j += turns)
        exec::unrolled<turns>([&](auto u) { add(u, j + u); });
    exec::unrolled<turns - 1>([&](auto u) {
        if (j + u < row.count)
            add(u, j + u);
    });
    exec::unrolled<P>([&](auto p) { total[p] = (sums[0][p] + sums[1][p]) + (sums[2][p] + sums[3][p]); });
}

/// Rows [first, last) of a layer times P packs of samples at x, to the first `samples` rows of y.
template <int P, class Layer, class T>
void sparse_tile(Layer const& layer, T const* x, index samples, index first, index last, T* y) {
    using V = native_pack<T>;
    constexpr index lanes = lanes_of<V>, width = P * lanes, tall = 64;
    alignas(alignment) T results[std::size_t(tall * width)];
    for (index top = first; top < last; top += tall) {
        index const rows = std::min(tall, last - top);
        for (index o = 0; o < rows; ++o) {
            V total[P];
            sparse_sums<P>(layer.row(top + o), x, total);
            exec::unrolled<P>([&](auto p) {
                store_unaligned(results + o * width + p * lanes, total[p] + V(layer.bias(top + o)));
            });
        }
        for (index s = 0; s < samples; ++s)
            for (index o = 0; o < rows; ++o)
                y[s * layer.outputs() + top + o] = results[o * width + s];
    }
}

/// y = x W^T + b for a layer that has row(o), bias(o), inputs() and outputs().
template <class Layer, class T, class Executor>
void sparse_product(Layer const& layer, T const* x, index samples, T* y, Executor const& executor,
                    aligned_buffer<T>& memory) {
    constexpr index lanes = lanes_of<native_pack<T>>, wide = 2 * lanes, stripe = 64;
    index const inputs = layer.inputs(), outputs = layer.outputs(), stripes = (outputs + stripe - 1) / stripe;
    Layer const* const rows = &layer;
    if (samples == 1) {
        executor.for_each(stripes, [=](index task) {
            for (index o = task * stripe; o < std::min(outputs, (task + 1) * stripe); ++o) {
                T total[1];
                sparse_sums<1>(rows->row(o), x, total);
                y[o] = total[0] + rows->bias(o);
            }
        });
        return;
    }
    index const blocks = (samples + wide - 1) / wide;
    if (index(memory.size()) < blocks * wide * inputs)
        memory = aligned_buffer<T>(std::size_t(blocks * wide * inputs));
    T* const packed = memory.data();
    auto const live = [=](index block) { return std::min(wide, samples - block * wide); };
    executor.for_each(blocks, [=](index block) {
        index const there = live(block), width = there > lanes ? wide : lanes;
        T const* const from = x + block * wide * inputs;
        T* to = packed + block * wide * inputs;
        for (index i = 0; i < inputs; ++i, to += width)
            for (index s = 0; s < width; ++s)
                to[s] = s < there ? from[s * inputs + i] : T(0);
    });
    executor.for_each(blocks * stripes, [=](index task) {
        index const block = task / stripes, first = task % stripes * stripe, there = live(block);
        auto const tile = there > lanes ? sparse_tile<2, Layer, T> : sparse_tile<1, Layer, T>;
        tile(*rows, packed + block * wide * inputs, there, first, std::min(outputs, first + stripe),
             y + block * wide * outputs);
    });
}

}  // namespace descent::prune::detail
