// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>

#include <descent/nn/detail/conv_plan.hpp>
#include <descent/nn/detail/conv_tiles.hpp>

namespace descent::nn::detail {

/// y of one sample.
template <class T>
void conv_forward(conv_plan const& c, T const* x, T const* w, T const* bias, T* y, T* scratch) {
    index const step = c.step(1), width = c.wide.places(), columns = c.width(), rows = c.height();
    T* const sums = scratch + c.room_of_input(1);
    conv_spread(c, x, 1, step, scratch);
    for (index g = 0; g < c.groups; ++g) {
        conv_places(conv_sum<T>{scratch + g * c.in * c.planes * step, c.planes * step, c.in, c.taps.data(),
                                c.kernel(), w + g * c.out * c.in * c.kernel(), c.in * c.kernel(), c.kernel(),
                                bias ? bias + g * c.out : nullptr, sums, step},
                    c.out, 0, (rows - 1) * width + columns);
        for (index o = 0; o < c.out; ++o)
            for (index r = 0; r < rows; ++r, y += columns)
                copy_row<T>(sums + o * step + r * width, y, columns);
    }
}

/// dx of the sample whose slopes are spread at `slopes`.
template <class T>
void conv_backward_input(conv_plan const& c, T const* slopes, T const* w, T* dx, T* sums) {
    index const step = c.step(c.together), width = c.wide.places(), image = c.high.input * c.wide.input;
    for (index g = 0; g < c.groups; ++g, dx += c.in * image)
        for (index a = 0; a < c.high.stride; ++a)
            for (index b = 0; b < c.wide.stride; ++b) {
                index const top = c.high.first(a), bottom = c.high.last(a);
                index const left = c.wide.first(b), right = c.wide.last(b);
                auto const plane = std::size_t(a * c.wide.stride + b);
                index const tap = c.back_first[plane];
                conv_places(
                    conv_sum<T>{slopes + g * c.out * step + top * width, step, c.out, c.back.data() + tap,
                                c.back_first[plane + 1] - tap, w + g * c.out * c.in * c.kernel(), c.kernel(),
                                c.in * c.kernel(), nullptr, sums, c.step(1)},
                    c.in, 0, (bottom - top) * width);
                for (index i = 0; i < c.in; ++i)
                    for (index r = top; r < bottom; ++r) {
                        T const* const from = sums + i * c.step(1) + (r - top) * width;
                        T* const to = dx + i * image + c.high.number(a, r) * c.wide.input;
                        if (c.wide.stride == 1)
                            copy_row<T>(from + left, to, right - left);
                        else
                            for (index k = left; k < right; ++k)
                                to[c.wide.number(b, k)] = from[k];
                    }
            }
}

/// Backward of samples [first, last): dx, unless it is nullptr, and their part of the slopes of weights and
/// bias, which it leaves at the scratch's begin.
template <class T>
void conv_backward(conv_plan const& c, index first, index last, T const* x, T const* w, T const* dy, T* dx,
                   T* scratch) {
    index const step = c.step(c.together), out = c.groups * c.out;
    T* const dw = scratch;
    T* const d_bias = dw + conv_plan::whole(c.weights());
    T* const planes = d_bias + conv_plan::whole(out);
    T* const slopes = planes + c.room_of_input(c.together);
    T* const sums = slopes + c.room_of_output(c.together);
    T const* const spread = slopes + c.guard;
    std::fill(scratch, planes, T(0));
    for (index s = first; s < last; s += c.together) {
        index const now = std::min(c.together, last - s), places = conv_plan::whole(now * c.places);
        conv_spread(c, x + s * c.input_size(), now, step, planes);
        conv_spread_slopes(c, dy + s * c.output_size(), now, step, slopes);
        for (index g = 0; g < c.groups; ++g)
            conv_slopes(spread + g * c.out * step, step, c.out, planes + g * c.in * c.planes * step,
                        c.planes * step, c.in, c.taps_together.data(), c.kernel(), places,
                        dw + g * c.out * c.in * c.kernel());
        for (index o = 0; o < out; ++o) {
            using V = native_pack<T>;
            V part = V(T(0));
            for (index q = 0; q < places; q += lanes_of<V>)
                part += load_unaligned<V>(spread + o * step + q);
            d_bias[o] += sum(part);
        }
        for (index k = 0; dx && k < now; ++k)
            conv_backward_input(c, spread + k * c.places, w, dx + (s + k) * c.input_size(), sums);
    }
}

/// total[i] = the sum of the tasks' parts, in their order.
template <class T, class Executor>
void conv_join(Executor const& executor, T const* parts, index step, index tasks, index count, T* total) {
    constexpr index each = 1024;
    executor.for_each((count + each - 1) / each, [=](index i) {
        for (index k = i * each; k < std::min(count, (i + 1) * each); ++k) {
            T sum = parts[k];
            for (index t = 1; t < tasks; ++t)
                sum += parts[t * step + k];
            total[k] = sum;
        }
    });
}

/// Both ways of a batch. `scratch` has room for conv_plan::tasks times c.scratch() numbers.
template <class T, class Executor>
void conv_forward(Executor const& executor, conv_plan const& c, index samples, T const* x, T const* w,
                  T const* bias, T* y, T* scratch) {
    index const tasks = std::min(samples, conv_plan::tasks);
    executor.for_each(tasks, [=, &c](index task) {
        for (index s = samples * task / tasks; s < samples * (task + 1) / tasks; ++s)
            conv_forward(c, x + s * c.input_size(), w, bias, y + s * c.output_size(),
                         scratch + task * c.scratch());
    });
}
template <class T, class Executor>
void conv_backward(Executor const& executor, conv_plan const& c, index samples, T const* x, T const* w,
                   T const* dy, T* dx, T* dw, T* d_bias, T* scratch) {
    index const tasks = std::min(samples, conv_plan::tasks), step = c.scratch();
    executor.for_each(tasks, [=, &c](index task) {
        conv_backward(c, samples * task / tasks, samples * (task + 1) / tasks, x, w, dy, dx,
                      scratch + task * step);
    });
    conv_join(executor, scratch, step, tasks, c.weights(), dw);
    if (d_bias)
        conv_join(executor, scratch + conv_plan::whole(c.weights()), step, tasks, c.groups * c.out, d_bias);
}

}  // namespace descent::nn::detail
