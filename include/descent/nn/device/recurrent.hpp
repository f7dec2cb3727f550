// SPDX-License-Identifier: MIT
#pragma once

#include <descent/core/config.hpp>
#include <descent/exec/device.hpp>
#include <descent/nn/detail/elementwise.hpp>
#include <descent/nn/detail/recurrent.hpp>
#include <descent/nn/device/elementwise.hpp>
#include <descent/nn/device/sequence.hpp>

// lstm and gru on a device: the products by the engine, the input's of all steps at once and the state's step
// by step, and one thread for each unit of each sample between them.
namespace descent::nn::detail {

/// Where a sample stands in its turn k: turns count from each sequence's own end where the layer runs
/// backwards.
struct recurrent_turns {
    device_lengths length;
    index way;

    DESCENT_FN bool live(index sample, index k) const { return k < length(sample); }
    /// The row of the sample's turn k among samples x steps.
    DESCENT_FN index row(index sample, index k) const {
        return sample * length.steps + (way ? length(sample) - 1 - k : k);
    }
};

/// One turn forward.
template <class Cell, class T>
struct recurrent_body {
    recurrent_turns turns;
    recurrent_place<T> r;
    index k;
    T* rows;  ///< the input's products
    bool keeps;
    T* y;  ///< nullptr: only the last state is asked for

    DESCENT_FN void operator()(index i) const {
        index const n = r.units, s = i / n, j = i % n;
        if (!turns.live(s, k))
            return;
        index const at = turns.row(s, k);
        if (keeps)
            r.before[at * n + j] = r.h[i];
        Cell::template forward_at<T>(n, j, rows + at * 4 * n, r.product + s * Cell::gates * n, r.input_bias,
                                     r.recurrent_bias, r.h + s * n, r.c + s * n);
        if (keeps && Cell::stateful)
            r.states[at * n + j] = r.c[i];
        if (y)
            y[at * r.outputs + r.way * n + j] = r.h[i];
    }
};

/// One turn backward. The slopes of the recurrent product go to r.product too, in the order of its weights;
/// what those gave for the turn behind lies in r.row.
template <class Cell, class T>
struct recurrent_back_body {
    recurrent_turns turns;
    recurrent_place<T> r;
    index k;
    T const* dy;
    bool every_step;

    DESCENT_FN void operator()(index i) const {
        index const n = r.units, s = i / n, j = i % n;
        T* const slopes = r.product + s * Cell::gates * n;
        if (!turns.live(s, k)) {
            for (index g = 0; g < Cell::gates; ++g)
                slopes[g * n + j] = T(0);
            return;
        }
        index const at = turns.row(s, k);
        if (turns.live(s, k + 1))
            r.h[i] += r.row[i];
        if (every_step)
            r.h[i] += dy[at * r.outputs + r.way * n + j];
        T* const row = r.rows + at * 4 * n;
        Cell::template backward_at<T>(n, j, row, r.before + at * n, r.states + at * n,
                                      k > 0 ? r.states + turns.row(s, k - 1) * n : nullptr, r.h + s * n,
                                      r.c + s * n);
        for (index g = 0; g < Cell::first; ++g)
            slopes[g * n + j] = row[g * n + j];
        for (index g = 0; g < Cell::second; ++g)
            slopes[(Cell::first + g) * n + j] = row[(3 + g) * n + j];
    }
};

/// Zeros in the rows of steps that are not there.
template <class T>
struct clear_steps_body {
    device_lengths length;
    index width, stride;
    T* rows;

    DESCENT_FN void operator()(index i) const {
        index const at = i / width;
        if (at % length.steps >= length(at / length.steps))
            rows[at * stride + i % width] = T(0);
    }
};
template <class T, class Pass>
void clear_steps(Pass const& p, index steps, index width, index stride, T* rows) {
    if (p.padded)
        p.executor.for_each(p.samples * steps * width,
                            clear_steps_body<T>{lengths_there(p, steps), width, stride, rows});
}

template <class T, class Pass, class Cell>
void device_recurrent(there, Pass const& p, Cell const&, recurrent_place<T> const& r, T const* x, T* y,
                      bool every_step) {
    auto const& engine = p.executor;
    index const n = r.units, wide = Cell::gates * n, rows = p.samples * r.steps, units = p.samples * n;
    bool const keeps = p.training;
    T* const products = keeps ? r.rows : engine.template scratch<T>(rows * 4 * n);
    exec::gemm(engine, exec::block<T const>{x, rows, r.inputs, r.inputs},
               exec::transposed(exec::block<T const>{r.input_weight, wide, r.inputs, r.inputs}),
               exec::block<T>{products, rows, wide, 4 * n});
    engine.clear(r.h, units);
    engine.clear(r.c, units);
    engine.clear(r.product, p.samples * wide);
    recurrent_turns const turns{lengths_there(p, r.steps), r.way};
    for (index k = 0; k < r.steps; ++k) {
        if (k > 0)
            exec::gemm(engine, exec::block<T const>{r.h, p.samples, n, n},
                       exec::transposed(exec::block<T const>{r.recurrent_weight, wide, n, n}),
                       exec::block<T>{r.product, p.samples, wide, wide});
        engine.for_each(units, recurrent_body<Cell, T>{turns, r, k, products, keeps, every_step ? y : nullptr});
    }
    if (every_step)
        clear_steps(p, r.steps, n, r.outputs, y + r.way * n);
    else
        device_copy_parts(there{}, engine, p.samples, r.h, n, y + r.way * n, r.outputs, n);
    if (keeps)
        clear_steps(p, r.steps, n, n, r.before);
}

template <class T, class Pass, class Cell>
void device_recurrent_backward(there, Pass const& p, Cell const&, recurrent_place<T> const& r, T const* x,
                               T const* dy, T* dx, bool every_step, recurrent_slopes<T> const& to) {
    auto const& engine = p.executor;
    index const n = r.units, wide = Cell::gates * n, rows = p.samples * r.steps, units = p.samples * n;
    index const front = Cell::first * n, back = Cell::second * n;
    engine.clear(r.c, units);
    if (every_step)
        engine.clear(r.h, units);
    else
        device_copy_parts(there{}, engine, p.samples, dy + r.way * n, r.outputs, r.h, n, n);
    clear_steps(p, r.steps, 4 * n, 4 * n, r.rows);
    recurrent_turns const turns{lengths_there(p, r.steps), r.way};
    for (index k = r.steps - 1; k >= 0; --k) {
        engine.for_each(units, recurrent_back_body<Cell, T>{turns, r, k, dy, every_step});
        if (k > 0)
            exec::gemm(engine, exec::block<T const>{r.product, p.samples, wide, wide},
                       exec::block<T const>{r.recurrent_weight, wide, n, n},
                       exec::block<T>{r.row, p.samples, n, n});
    }
    auto const columns = [&](index first, index count) {
        return exec::transposed(exec::block<T const>{r.rows + first, rows, count, 4 * n});
    };
    exec::block<T const> const before{r.before, rows, n, n};
    exec::gemm(engine, columns(0, wide), exec::block<T const>{x, rows, r.inputs, r.inputs},
               exec::block<T>{to.input, wide, r.inputs, r.inputs});
    exec::gemm(engine, columns(0, front), before, exec::block<T>{to.recurrent, front, n, n});
    if (back)
        exec::gemm(engine, columns(3 * n, back), before, exec::block<T>{to.recurrent + front * n, back, n, n});
    device_sum_rows(there{}, engine, static_cast<T const*>(r.rows), rows, 4 * n, to.sums);
    device_copy_parts(there{}, engine, 1, to.sums, 0, to.input_bias, 0, wide);
    device_copy_parts(there{}, engine, 1, to.sums, 0, to.recurrent_bias, 0, front);
    device_copy_parts(there{}, engine, 1, to.sums + 3 * n, 0, to.recurrent_bias + front, 0, back);
    if (dx) {
        index const numbers = rows * r.inputs;
        T* const own = r.way ? engine.template scratch<T>(numbers) : dx;
        exec::gemm(engine, exec::block<T const>{r.rows, rows, wide, 4 * n},
                   exec::block<T const>{r.input_weight, wide, r.inputs, r.inputs},
                   exec::block<T>{own, rows, r.inputs, r.inputs});
        if (r.way)
            device_map(there{}, engine, numbers, static_cast<T const*>(dx), static_cast<T const*>(own), dx,
                       added{});
    }
}

}  // namespace descent::nn::detail
