// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <descent/core/error.hpp>
#include <descent/core/tensor.hpp>
#include <descent/exec/serial.hpp>
#include <descent/quantize/affine.hpp>
#include <descent/quantize/error_feedback.hpp>

namespace descent::quantize {

/// Moves single codes by one where that lessens the squared error of the layer's outputs over these inputs
/// most, row by row, until no such move is left (coordinate descent: Nair, Suggala: "CDQuant", 2024): behind
/// to_affine with inputs or adaround, which it never makes worse. Weights that are 0 keep their codes. Returns
/// how many moves there were. The same for every number of threads.
///
///     auto codes = quantize::to_affine(weight, inputs, {.bits = 3});
///     quantize::refine(codes, weight, inputs);
///
/// Throws descent::error, and changes nothing, for codes of other extents than the weight's, for inputs of
/// another width, for none, and for inputs or weights that are not finite.
template <class T, class U, class Executor = exec::serial>
index refine(affine_tensor<T>& codes, tensor_view<U> const& weight, input_moments const& inputs,
             Executor const& executor = {}) {
    index const rows = weight.extents.rank() > 0 ? weight.extents[0] : 1,
                n = rows > 0 ? weight.size() / rows : 0;
    expect(codes.extents == weight.extents, "refine: codes ", codes.extents.text(), ", the weight ",
           weight.extents.text());
    expect(inputs.columns() == n, "refine: inputs of ", inputs.columns(), " columns, the weight ",
           weight.extents.text(), " has ", n);
    inputs.check("refine");
    for (index i = 0; i < weight.size(); ++i)
        expect(std::isfinite(weight.data[i]), "refine: number ", i, " is ", weight.data[i], ": must be finite");
    std::vector<index> moves(std::size_t(rows), 0);
    auto const moment = [&](index i, index j) { return inputs.at(std::min(i, j), std::max(i, j)); };
    executor.for_each(rows, [&](index row) {
        // Of the error e^T H e, where e is what rounding adds: H e.
        std::vector<double> turned(std::size_t(n), 0.0);
        for (index j = 0; j < n; ++j)
            if (double const away = double(codes.value(row * n + j)) - double(weight.data[row * n + j]);
                away != 0)
                for (index i = 0; i < n; ++i)
                    turned[std::size_t(i)] += away * moment(i, j);
        // Each move lessens the error, and there are finitely many codes; rounding could go in circles.
        for (index left = 8 * n; left > 0; --left) {
            double best = 0, step = 0;
            index at = 0;
            int by = 0;
            for (index j = 0; j < n; ++j) {
                auto const& grid = codes.grid_of(row * n + j);
                int const code = codes.codes[std::size_t(row * n + j)];
                int const way = turned[std::size_t(j)] > 0 ? -1 : 1;
                if (weight.data[row * n + j] == 0 || code + way < grid.format.lowest() ||
                    code + way > grid.format.highest())
                    continue;
                double const move = way * double(grid.scale);
                double const gain = -move * (2 * turned[std::size_t(j)] + move * moment(j, j));
                if (gain > best)
                    best = gain, step = move, at = j, by = way;
            }
            if (by == 0)
                break;
            codes.codes[std::size_t(row * n + at)] = std::int16_t(codes.codes[std::size_t(row * n + at)] + by);
            for (index i = 0; i < n; ++i)
                turned[std::size_t(i)] += step * moment(i, at);
            ++moves[std::size_t(row)];
        }
    });
    index all = 0;
    for (index const each : moves)
        all += each;
    return all;
}

}  // namespace descent::quantize
