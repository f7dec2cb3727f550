// SPDX-License-Identifier: MIT
#pragma once

#include <limits>

#include <descent/core/math.hpp>
#include <descent/exec/device_rows.hpp>
#include <descent/nn/detail/there.hpp>

namespace descent::nn::detail {

/// y = softmax(scale x) of rows `stride` apart; the numbers of row r from its length on become 0.
template <class T, class Length>
struct softmax_body {
    using total = T;
    static constexpr int rounds = 2;  // the largest number, the sum of the powers
    T const* x;
    T* y;
    T scale;
    index stride;
    Length length;

    DESCENT_FN T none(int round) const { return round == 0 ? -std::numeric_limits<T>::infinity() : T(0); }
    DESCENT_FN T join(int round, T a, T b) const { return round == 0 ? max(a, b) : a + b; }
    DESCENT_FN T term(int round, index row, index i, T const* totals) const {
        if (i >= length(row))
            return none(round);
        T const number = x[row * stride + i];
        return round == 0 ? number : exp((number - totals[0]) * scale);
    }
    DESCENT_FN void first(index, T const*) const {}
    DESCENT_FN void each(index row, index i, T const* totals) const {
        T& number = y[row * stride + i];
        number = i < length(row) ? exp((x[row * stride + i] - totals[0]) * scale) * (T(1) / totals[1]) : T(0);
    }
};

/// dx = scale y (dy - sum(y dy)) likewise.
template <class T, class Length>
struct softmax_back_body {
    using total = T;
    static constexpr int rounds = 1;
    T const *y, *dy;
    T* dx;
    T scale;
    index stride;
    Length length;

    DESCENT_FN T none(int) const { return T(0); }
    DESCENT_FN T join(int, T a, T b) const { return a + b; }
    DESCENT_FN T term(int, index row, index i, T const*) const {
        index const at = row * stride + i;
        return i < length(row) ? y[at] * dy[at] : T(0);
    }
    DESCENT_FN void first(index, T const*) const {}
    DESCENT_FN void each(index row, index i, T const* totals) const {
        index const at = row * stride + i;
        dx[at] = i < length(row) ? scale * y[at] * (dy[at] - totals[0]) : T(0);
    }
};

struct whole_row {
    index columns;
    DESCENT_FN index operator()(index) const { return columns; }
};

/// The layer's forward and backward: rows of n numbers.
template <class T, exec::device Engine>
void device_softmax(there, Engine const& engine, index rows, index n, T const* x, T* y) {
    exec::device_rows(engine, rows, n, softmax_body<T, whole_row>{x, y, T(1), n, {n}});
}
template <class T, exec::device Engine>
void device_softmax_backward(there, Engine const& engine, index rows, index n, T const* y, T const* dy, T* dx) {
    exec::device_rows(engine, rows, n, softmax_back_body<T, whole_row>{y, dy, dx, T(1), n, {n}});
}

}  // namespace descent::nn::detail
