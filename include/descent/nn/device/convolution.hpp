// SPDX-License-Identifier: MIT
#pragma once

#include <array>

#include <descent/core/math.hpp>
#include <descent/exec/device_rows.hpp>
#include <descent/nn/conv2d.hpp>
#include <descent/nn/pad_channels.hpp>

// Convolutions and pad_channels on a device: each number of y, of dx and of the weights' slopes is one sum.
namespace descent::nn::detail {

struct window_axis {
    index input, outputs, kernel, stride, padding, dilation;

    /// Where a tap of an output lies in the input; outside of it: padding.
    DESCENT_FN index place(index output, index tap) const { return output * stride - padding + tap * dilation; }
    DESCENT_FN bool inside(index at) const { return at >= 0 && at < input; }
    /// The output whose tap lies at a place, or -1.
    DESCENT_FN index output(index at, index tap) const {
        index const number = at + padding - tap * dilation;
        return number >= 0 && number % stride == 0 && number / stride < outputs ? number / stride : index(-1);
    }
};

/// A convolution in plain numbers; channels in, out are of one group.
struct conv_windows {
    window_axis high, wide;
    index groups, in, out;

    explicit conv_windows(conv_plan const& c)
        : high(axis(c.high)), wide(axis(c.wide)), groups(c.groups), in(c.in), out(c.out) {}

    DESCENT_FN index input_plane() const { return high.input * wide.input; }
    DESCENT_FN index output_plane() const { return high.outputs * wide.outputs; }
    DESCENT_FN index kernel() const { return high.kernel * wide.kernel; }

private:
    template <class Axis>
    static window_axis axis(Axis const& a) {
        return {a.input, a.outputs(), a.kernel, a.stride, a.padding, a.dilation};
    }
};

template <class T>
struct conv_body {
    conv_windows w;
    T const *x, *weight, *bias;
    T* y;

    DESCENT_FN void operator()(index i) const {
        index const column = i % w.wide.outputs, a = i / w.wide.outputs, row = a % w.high.outputs;
        index const b = a / w.high.outputs, channel = b % (w.groups * w.out), sample = b / (w.groups * w.out);
        T const* const planes = x + (sample * w.groups + channel / w.out) * w.in * w.input_plane();
        T const* const weights = weight + channel * w.in * w.kernel();
        T sum = bias ? bias[channel] : T(0);
        for (index c = 0; c < w.in; ++c)
            for (index u = 0; u < w.high.kernel; ++u) {
                index const r = w.high.place(row, u);
                for (index v = 0; v < w.wide.kernel && w.high.inside(r); ++v) {
                    index const k = w.wide.place(column, v);
                    if (w.wide.inside(k))
                        sum = fused_multiply_add(weights[c * w.kernel() + u * w.wide.kernel + v],
                                                 planes[c * w.input_plane() + r * w.wide.input + k], sum);
                }
            }
        y[i] = sum;
    }
};

template <class T>
struct conv_input_body {
    conv_windows w;
    T const *dy, *weight;
    T* dx;

    DESCENT_FN void operator()(index i) const {
        index const column = i % w.wide.input, a = i / w.wide.input, row = a % w.high.input;
        index const b = a / w.high.input, channel = b % (w.groups * w.in), sample = b / (w.groups * w.in);
        index const group = channel / w.in;
        T const* const planes = dy + (sample * w.groups + group) * w.out * w.output_plane();
        T const* const weights = weight + (group * w.out * w.in + channel % w.in) * w.kernel();
        T sum = 0;
        for (index o = 0; o < w.out; ++o)
            for (index u = 0; u < w.high.kernel; ++u) {
                index const r = w.high.output(row, u);
                for (index v = 0; v < w.wide.kernel && r >= 0; ++v) {
                    index const k = w.wide.output(column, v);
                    if (k >= 0)
                        sum = fused_multiply_add(weights[o * w.in * w.kernel() + u * w.wide.kernel + v],
                                                 planes[o * w.output_plane() + r * w.wide.outputs + k], sum);
                }
            }
        dx[i] = sum;
    }
};

/// The slope of each weight: a sum over the samples and the places of y.
template <class T>
struct conv_weight_body {
    using total = T;
    static constexpr int rounds = 1;
    conv_windows w;
    T const *x, *dy;
    T* slope;

    DESCENT_FN T none(int) const { return T(0); }
    DESCENT_FN T join(int, T a, T b) const { return a + b; }
    DESCENT_FN T term(int, index number, index i, T const*) const {
        index const v = number % w.wide.kernel, a = number / w.wide.kernel, u = a % w.high.kernel;
        index const b = a / w.high.kernel, c = b % w.in, channel = b / w.in;
        index const k = i % w.wide.outputs, d = i / w.wide.outputs, r = d % w.high.outputs;
        index const sample = d / w.high.outputs, row = w.high.place(r, u), column = w.wide.place(k, v);
        if (!w.high.inside(row) || !w.wide.inside(column))
            return T(0);
        return dy[((sample * w.groups * w.out + channel) * w.high.outputs + r) * w.wide.outputs + k] *
               x[(((sample * w.groups + channel / w.out) * w.in + c) * w.high.input + row) * w.wide.input +
                 column];
    }
    DESCENT_FN void first(index number, T const* totals) const { slope[number] = totals[0]; }
    DESCENT_FN void each(index, index, T const*) const {}
};
template <class T>
struct conv_bias_body {
    using total = T;
    static constexpr int rounds = 1;
    index channels, plane;
    T const* dy;
    T* slope;

    DESCENT_FN T none(int) const { return T(0); }
    DESCENT_FN T join(int, T a, T b) const { return a + b; }
    DESCENT_FN T term(int, index channel, index i, T const*) const {
        return dy[(i / plane * channels + channel) * plane + i % plane];
    }
    DESCENT_FN void first(index channel, T const* totals) const { slope[channel] = totals[0]; }
    DESCENT_FN void each(index, index, T const*) const {}
};

template <class T>
struct conv_add_bias_body {
    index channels, plane;
    T const* bias;
    T* y;
    DESCENT_FN void operator()(index i) const { y[i] += bias[i / plane % channels]; }
};

/// Does the engine bring a library of convolutions?
template <class Engine, class T>
concept convolves = requires(Engine const& engine, conv_windows const& w, T* y) {
    {engine.convolve(w, index(), static_cast<T const*>(y), static_cast<T const*>(y), y)};
};

template <class T, exec::device Engine>
void device_convolution(there, Engine const& engine, conv_plan const& plan, index samples, T const* x,
                        T const* weight, T const* bias, T* y) {
    conv_windows const w(plan);
    index const numbers = samples * w.groups * w.out * w.output_plane();
    if constexpr (convolves<Engine, T>)
        if (engine.convolve(w, samples, x, weight, y)) {
            if (bias)
                engine.for_each(numbers, conv_add_bias_body<T>{w.groups * w.out, w.output_plane(), bias, y});
            return;
        }
    engine.for_each(numbers, conv_body<T>{w, x, weight, bias, y});
}
template <class T, exec::device Engine>
void device_convolution_backward(there, Engine const& engine, conv_plan const& plan, index samples, T const* x,
                                 T const* weight, T const* dy, T* dx, T* slope, T* bias_slope) {
    conv_windows const w(plan);
    index const outputs = samples * w.output_plane(), channels = w.groups * w.out;
    bool weights = false, inputs = false;
    if constexpr (convolves<Engine, T>) {
        weights = engine.convolve_back_weight(w, samples, x, dy, slope);
        inputs = dx && engine.convolve_back_input(w, samples, weight, dy, dx);
    }
    if (!weights)
        exec::device_rows(engine, channels * w.in * w.kernel(), outputs, conv_weight_body<T>{w, x, dy, slope});
    if (bias_slope)
        exec::device_rows(engine, channels, outputs,
                          conv_bias_body<T>{channels, w.output_plane(), dy, bias_slope});
    if (dx && !inputs)
        engine.for_each(samples * w.groups * w.in * w.input_plane(), conv_input_body<T>{w, dy, weight, dx});
}

/// [inputs, high, wide] and, at every stride-th place, [channels, rows, columns].
struct padded_channels {
    index inputs, high, wide, channels, stride, before;

    DESCENT_FN index rows() const { return (high - 1) / stride + 1; }
    DESCENT_FN index columns() const { return (wide - 1) / stride + 1; }
};
template <class T>
struct pad_channels_body {
    padded_channels l;
    T const* x;
    T* y;

    DESCENT_FN void operator()(index i) const {
        index const c = i % l.columns(), a = i / l.columns(), r = a % l.rows(), b = a / l.rows();
        index const channel = b % l.channels - l.before, sample = b / l.channels;
        y[i] = channel < 0 || channel >= l.inputs
                   ? T(0)
                   : x[((sample * l.inputs + channel) * l.high + r * l.stride) * l.wide + c * l.stride];
    }
};
template <class T>
struct pad_channels_back_body {
    padded_channels l;
    T const* dy;
    T* dx;

    DESCENT_FN void operator()(index i) const {
        index const c = i % l.wide, a = i / l.wide, r = a % l.high, b = a / l.high;
        index const channel = b % l.inputs + l.before, sample = b / l.inputs;
        bool const seen = r % l.stride == 0 && c % l.stride == 0;
        dx[i] =
            seen ? dy[((sample * l.channels + channel) * l.rows() + r / l.stride) * l.columns() + c / l.stride]
                 : T(0);
    }
};

inline padded_channels padded_of(std::array<index, 6> const& l) { return {l[0], l[1], l[2], l[3], l[4], l[5]}; }

/// The layout is inputs, high, wide, channels, stride and the channels of zeros before.
template <class T, exec::device Engine>
void device_pad_channels(there, Engine const& engine, index samples, std::array<index, 6> const& layout,
                         T const* x, T* y) {
    padded_channels const l = padded_of(layout);
    engine.for_each(samples * l.channels * l.rows() * l.columns(), pad_channels_body<T>{l, x, y});
}
template <class T, exec::device Engine>
void device_pad_channels_backward(there, Engine const& engine, index samples,
                                  std::array<index, 6> const& layout, T const* dy, T* dx) {
    padded_channels const l = padded_of(layout);
    engine.for_each(samples * l.inputs * l.high * l.wide, pad_channels_back_body<T>{l, dy, dx});
}

}  // namespace descent::nn::detail
