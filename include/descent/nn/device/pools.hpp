// SPDX-License-Identifier: MIT
#pragma once

#include <descent/core/math.hpp>
#include <descent/exec/device_rows.hpp>
#include <descent/nn/average_pool.hpp>
#include <descent/nn/global_pool.hpp>
#include <descent/nn/max_pool.hpp>

// The pools over images on a device: forward one thread for each number of y, backward one for each of dx,
// which asks the windows that it lies in.
namespace descent::nn::detail {

/// pool_windows in plain numbers, by axis.
struct pool_axis {
    index input, outputs, size, stride, padding;

    DESCENT_FN index first(index window) const {
        index const at = window * stride - padding;
        return at > 0 ? at : 0;
    }
    DESCENT_FN index last(index window) const {
        index const at = window * stride - padding + size;
        return at < input ? at : input;
    }
    /// Windows [from(place), to(place)) hold the place.
    DESCENT_FN index from(index place) const {
        index const least = place + padding - size + 1;
        return least > 0 ? (least + stride - 1) / stride : 0;
    }
    DESCENT_FN index to(index place) const {
        index const behind = (place + padding) / stride + 1;
        return behind < outputs ? behind : outputs;
    }
};
struct pool_axes {
    pool_axis high, wide;
    bool count_padding;

    explicit pool_axes(pool_windows const& w, bool all = true)
        : high{w.high, w.rows(), w.size.height, w.stride.height, w.padding.height},
          wide{w.wide, w.columns(), w.size.width, w.stride.width, w.padding.width},
          count_padding(all) {}

    DESCENT_FN index count(index r, index c) const {
        return count_padding ? high.size * wide.size
                             : (high.last(r) - high.first(r)) * (wide.last(c) - wide.first(c));
    }
};

template <class T>
DESCENT_FN index winner(pool_axes const& w, T const* plane, index row, index column) {
    index best = w.high.first(row) * w.wide.input + w.wide.first(column);
    for (index r = w.high.first(row); r < w.high.last(row); ++r)
        for (index c = w.wide.first(column); c < w.wide.last(column); ++c)
            if (beats(plane[r * w.wide.input + c], plane[best]))
                best = r * w.wide.input + c;
    return best;
}

template <bool most, class T>
struct pool_body {
    pool_axes w;
    T const* x;
    T* y;

    DESCENT_FN void operator()(index i) const {
        index const column = i % w.wide.outputs, rest = i / w.wide.outputs, row = rest % w.high.outputs;
        T const* const plane = x + rest / w.high.outputs * w.high.input * w.wide.input;
        if constexpr (most) {
            y[i] = plane[winner(w, plane, row, column)];
        } else {
            T total = 0;
            for (index r = w.high.first(row); r < w.high.last(row); ++r)
                for (index c = w.wide.first(column); c < w.wide.last(column); ++c)
                    total += plane[r * w.wide.input + c];
            y[i] = total * (T(1) / T(w.count(row, column)));
        }
    }
};
template <bool most, class T>
struct pool_back_body {
    pool_axes w;
    T const *x, *dy;
    T* dx;

    DESCENT_FN void operator()(index i) const {
        index const column = i % w.wide.input, rest = i / w.wide.input, row = rest % w.high.input;
        index const plane = rest / w.high.input;
        T const* const slopes = dy + plane * w.high.outputs * w.wide.outputs;
        T const* const from = x + plane * w.high.input * w.wide.input;
        T total = 0;
        for (index r = w.high.from(row); r < w.high.to(row); ++r)
            for (index c = w.wide.from(column); c < w.wide.to(column); ++c) {
                T const slope = slopes[r * w.wide.outputs + c];
                if constexpr (!most)
                    total += slope * (T(1) / T(w.count(r, c)));
                else if (winner(w, from, r, c) == row * w.wide.input + column)
                    total += slope;
            }
        dx[i] = total;
    }
};

/// max_pool and average_pool over `planes` planes.
template <bool most, class T, exec::device Engine>
void device_pool(there, Engine const& engine, std::bool_constant<most>, pool_windows const& windows, bool all,
                 index planes, T const* x, T* y) {
    engine.for_each(planes * windows.output_plane(), pool_body<most, T>{pool_axes(windows, all), x, y});
}
template <bool most, class T, exec::device Engine>
void device_pool_backward(there, Engine const& engine, std::bool_constant<most>, pool_windows const& windows,
                          bool all, index planes, T const* x, T const* dy, T* dx) {
    engine.for_each(planes * windows.input_plane(),
                    pool_back_body<most, T>{pool_axes(windows, all), x, dy, dx});
}

/// The mean of a plane, or its first largest number.
template <bool most, class T>
struct global_pool_body {
    struct total {
        T value;
        index at;
    };
    static constexpr int rounds = 1;
    T const* x;
    index n;
    T const* dy;  ///< nullptr: forward, to y
    T* y;

    DESCENT_FN total none(int) const { return {T(0), index(-1)}; }
    DESCENT_FN total join(int, total a, total b) const {
        if constexpr (!most)
            return {a.value + b.value, 0};
        if (a.at < 0 || b.at < 0)
            return a.at < 0 ? b : a;
        if (b.at < a.at) {  // the first of equal ones stays
            total const swapped = a;
            a = b, b = swapped;
        }
        return beats(b.value, a.value) ? b : a;
    }
    DESCENT_FN total term(int, index plane, index i, total const*) const { return {x[plane * n + i], i}; }
    DESCENT_FN void first(index plane, total const* totals) const {
        if (!dy)
            y[plane] = most ? totals[0].value : totals[0].value / T(n);
    }
    DESCENT_FN void each(index plane, index i, total const* totals) const {
        if (dy)
            y[plane * n + i] = !most ? dy[plane] / T(n) : i == totals[0].at ? dy[plane] : T(0);
    }
};

template <class F, class T, exec::device Engine>
void device_global_pool(there, Engine const& engine, F const&, index planes, index n, T const* x, T const* dy,
                        T* to) {
    exec::device_rows(engine, planes, n, global_pool_body<std::is_same_v<F, global_max_pool>, T>{x, n, dy, to});
}

}  // namespace descent::nn::detail
