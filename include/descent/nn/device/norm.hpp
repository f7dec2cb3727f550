// SPDX-License-Identifier: MIT
#pragma once

#include <descent/core/math.hpp>
#include <descent/exec/device_rows.hpp>
#include <descent/nn/device/elementwise.hpp>

// layer_norm and batch_norm on a device.
namespace descent::nn::detail {

/// Two sums at a time.
template <class T>
struct sum_pair {
    T a, b;
};

template <class T>
struct layer_norm_body {
    using total = T;
    static constexpr int rounds = 2;  // the sum, the sum of squares about the mean
    T const* x;
    index n;
    T epsilon;
    T const *weight, *bias;
    T *y, *seen;

    DESCENT_FN T none(int) const { return T(0); }
    DESCENT_FN T join(int, T a, T b) const { return a + b; }
    DESCENT_FN T term(int round, index row, index i, T const* totals) const {
        T const number = x[row * n + i];
        return round == 0 ? number : square(number - totals[0] / T(n));
    }
    DESCENT_FN T scale(T const* totals) const { return T(1) / sqrt(totals[1] / T(n) + epsilon); }
    DESCENT_FN void first(index row, T const* totals) const {
        if (seen) {
            seen[2 * row] = totals[0] / T(n);
            seen[2 * row + 1] = scale(totals);
        }
    }
    DESCENT_FN void each(index row, index i, T const* totals) const {
        T const level = (x[row * n + i] - totals[0] / T(n)) * scale(totals);
        y[row * n + i] = fused_multiply_add(weight[i], level, bias[i]);
    }
};

template <class T>
struct layer_norm_back_body {
    using total = sum_pair<T>;
    static constexpr int rounds = 1;
    T const *x, *dy;
    index n;
    T const *weight, *seen;
    T* dx;

    DESCENT_FN T level(index row, index i) const {
        return (x[row * n + i] - seen[2 * row]) * seen[2 * row + 1];
    }
    DESCENT_FN total none(int) const { return {T(0), T(0)}; }
    DESCENT_FN total join(int, total p, total q) const { return {p.a + q.a, p.b + q.b}; }
    DESCENT_FN total term(int, index row, index i, total const*) const {
        T const inner = dy[row * n + i] * weight[i];
        return {inner, inner * level(row, i)};
    }
    DESCENT_FN void first(index, total const*) const {}
    DESCENT_FN void each(index row, index i, total const* totals) const {
        T const inner = dy[row * n + i] * weight[i];
        dx[row * n + i] =
            seen[2 * row + 1] * (inner - totals[0].a / T(n) - level(row, i) * (totals[0].b / T(n)));
    }
};

template <class T>
struct take_level {
    T const *x, *dy, *seen;
    index n;
    DESCENT_FN T operator()(index row, index i) const {
        return dy[row * n + i] * ((x[row * n + i] - seen[2 * row]) * seen[2 * row + 1]);
    }
};

/// y of rows of n numbers; mean and 1 / deviation of each to `seen`, unless that is nullptr.
template <class T, exec::device Engine>
void device_layer_norm(there, Engine const& engine, index rows, index n, T const* x, T epsilon, T const* weight,
                       T const* bias, T* y, T* seen) {
    exec::device_rows(engine, rows, n, layer_norm_body<T>{x, n, epsilon, weight, bias, y, seen});
}
template <class T, exec::device Engine>
void device_layer_norm_backward(there, Engine const& engine, index rows, index n, T const* x, T const* dy,
                                T const* weight, T const* seen, T* weight_slope, T* bias_slope, T* dx) {
    device_columns(engine, rows, n, weight_slope, take_level<T>{x, dy, seen, n});
    device_columns(engine, rows, n, bias_slope, take_number<T>{dy, n});
    if (dx)
        exec::device_rows(engine, rows, n, layer_norm_back_body<T>{x, dy, n, weight, seen, dx});
}

/// Where batch_norm's numbers lie: [samples, channels, plane].
struct channel_layout {
    index samples, channels, plane;

    DESCENT_FN index at(index channel, index i) const {
        return (i / plane * channels + channel) * plane + i % plane;
    }
};

/// What batch_norm reads and writes beside x and y, a number a channel each; slopes only backward.
template <class T>
struct channel_numbers {
    T share, epsilon;
    T const *weight, *bias;
    T *weight_slope, *bias_slope, *running_mean, *running_variance, *mean, *steep;
};

template <class T>
struct batch_norm_body {
    using total = T;
    static constexpr int rounds = 2;
    channel_layout where;
    channel_numbers<T> of;
    T const* x;
    T* y;

    DESCENT_FN T count() const { return T(where.samples * where.plane); }
    DESCENT_FN T none(int) const { return T(0); }
    DESCENT_FN T join(int, T a, T b) const { return a + b; }
    DESCENT_FN T term(int round, index c, index i, T const* totals) const {
        T const number = x[where.at(c, i)];
        return round == 0 ? number : square(number - totals[0] / count());
    }
    DESCENT_FN T steep(T const* totals) const { return T(1) / sqrt(totals[1] / count() + of.epsilon); }
    DESCENT_FN void first(index c, T const* totals) const {
        T const center = totals[0] / count(), few = max(count() - T(1), T(1));
        of.mean[c] = center;
        of.steep[c] = steep(totals);
        of.running_mean[c] = lerp(of.running_mean[c], center, of.share);
        of.running_variance[c] = lerp(of.running_variance[c], totals[1] / few, of.share);
    }
    DESCENT_FN void each(index c, index i, T const* totals) const {
        index const at = where.at(c, i);
        y[at] = fused_multiply_add(x[at] - totals[0] / count(), of.weight[c] * steep(totals), of.bias[c]);
    }
};

template <class T>
struct batch_norm_running_body {
    channel_layout where;
    channel_numbers<T> of;
    T const* x;
    T* y;
    DESCENT_FN void operator()(index i) const {
        index const c = i / where.plane % where.channels;
        T const gain = of.weight[c] * (T(1) / sqrt(of.running_variance[c] + of.epsilon));
        y[i] = fused_multiply_add(x[i] - of.running_mean[c], gain, of.bias[c]);
    }
};

template <class T>
struct batch_norm_back_body {
    using total = sum_pair<T>;
    static constexpr int rounds = 1;
    channel_layout where;
    channel_numbers<T> of;
    T const *x, *dy;
    T* dx;

    DESCENT_FN total none(int) const { return {T(0), T(0)}; }
    DESCENT_FN total join(int, total p, total q) const { return {p.a + q.a, p.b + q.b}; }
    DESCENT_FN total term(int, index c, index i, total const*) const {
        index const at = where.at(c, i);
        return {dy[at], dy[at] * (x[at] - of.mean[c])};
    }
    DESCENT_FN void first(index c, total const* totals) const {
        of.weight_slope[c] = totals[0].b * of.steep[c];
        of.bias_slope[c] = totals[0].a;
    }
    DESCENT_FN void each(index c, index i, total const* totals) const {
        if (!dx)
            return;
        index const at = where.at(c, i);
        T const count = T(where.samples * where.plane), gain = of.weight[c] * of.steep[c];
        T const tilt = gain * of.steep[c] * of.steep[c] * totals[0].b / count;
        dx[at] = gain * dy[at] - gain * totals[0].a / count - tilt * (x[at] - of.mean[c]);
    }
};

template <class T, class Of>
channel_numbers<T> channels_there(Of const& of) {
    return {of.share,      of.epsilon,      of.weight,           of.bias, of.weight_slope,
            of.bias_slope, of.running_mean, of.running_variance, of.mean, of.steep};
}

/// `of` has the members of channel_layout and channel_numbers, and tells whether this is training.
template <class T, exec::device Engine, class Of>
void device_batch_norm(there, Engine const& engine, Of const& of, T const* x, T* y) {
    channel_layout const where{of.samples, of.channels, of.plane};
    channel_numbers<T> const numbers = channels_there<T>(of);
    if (of.training)
        exec::device_rows(engine, where.channels, where.samples * where.plane,
                          batch_norm_body<T>{where, numbers, x, y});
    else
        engine.for_each(where.samples * where.channels * where.plane,
                        batch_norm_running_body<T>{where, numbers, x, y});
}
template <class T, exec::device Engine, class Of>
void device_batch_norm_backward(there, Engine const& engine, Of const& of, T const* x, T* dy, T* dx) {
    channel_layout const where{of.samples, of.channels, of.plane};
    exec::device_rows(engine, where.channels, where.samples * where.plane,
                      batch_norm_back_body<T>{where, channels_there<T>(of), x, dy, dx});
}

}  // namespace descent::nn::detail
