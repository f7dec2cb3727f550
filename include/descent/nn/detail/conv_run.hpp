// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>

#include <descent/nn/detail/conv_lanes.hpp>
#include <descent/nn/detail/conv_plan.hpp>
#include <descent/nn/detail/conv_tiles.hpp>

namespace descent::nn::detail {

/// A convolution and its numbers; packed: room for the weights as they are read, c.packed_room(); scratch:
/// c.scratch() for each of conv_plan::tasks tasks.
template <class T>
struct conv_call {
    conv_plan const& c;
    index samples;
    T const *x, *w;
    T *packed, *scratch;

    T const* sample(index s) const { return x + s * c.input_size(); }
    T const* weights_of(index group) const { return w + group * c.out * c.in * c.kernel(); }
    /// Where weights, or their slopes, of a group begin whose lanes are outputs.
    index packed_group(index group) const { return group * in_packs<T>(c.out) * c.in * c.kernel(); }
};

/// Weights and bias in panels of outputs.
template <class T, class Executor>
void conv_pack(Executor const& executor, conv_call<T> const& call, T const* bias) {
    constexpr index lanes = lanes_of<native_pack<T>>;
    conv_plan const& c = call.c;
    index const depth = c.in * c.kernel(), parts = in_packs<T>(c.out) / lanes;
    auto const turn = [=, &c](index part) {
        index const g = part / parts, first = part % parts * lanes, live = c.out - first;
        // A last pack that stands alone is a panel by itself.
        bool const alone = first % (2 * lanes) == 0 && first + lanes >= c.out;
        index const panel = first / (2 * lanes) * (2 * lanes);
        turn_rows(call.weights_of(g) + first * depth, depth, live, depth,
                  call.packed + call.packed_group(g) + panel * depth + (first - panel),
                  alone ? lanes : 2 * lanes);
        T* const to = call.packed + c.template packed_weights<T>() + g * in_packs<T>(c.out) + first;
        for (index l = 0; l < lanes; ++l)
            to[l] = bias && l < live ? bias[g * c.out + first + l] : T(0);
    };
    index const count = c.groups * parts, each = std::max<index>(1, 8192 / (lanes * depth));
    executor.for_each((count + each - 1) / each, [=](index i) {
        for (index part = i * each; part < std::min(count, (i + 1) * each); ++part)
            turn(part);
    });
}

/// Weights in panels of inputs, plane by plane, as conv_plan::back asks for them.
template <class T, class Executor>
void conv_pack_back(Executor const& executor, conv_call<T> const& call) {
    conv_plan const& c = call.c;
    index const room = in_packs<T>(c.in) * c.out;
    executor.for_each(c.groups * c.planes, [=, &c](index i) {
        index const g = i / c.planes;
        auto const plane = std::size_t(i % c.planes);
        index const taps = c.back_first[plane + 1] - c.back_first[plane];
        T const* const from = call.weights_of(g);
        T* const to = call.packed + (g * c.kernel() + c.back_first[plane]) * room;
        each_panel<T>(c.in, [&](auto packs, index first) {
            constexpr index wide = packs * lanes_of<native_pack<T>>;
            T* row = to + first * c.out * taps;
            for (index o = 0; o < c.out; ++o)
                for (index t = 0; t < taps; ++t, row += wide) {
                    T const* const source =
                        from + o * c.in * c.kernel() + c.back[std::size_t(c.back_first[plane] + t)].weight;
                    for (index l = 0; l < wide; ++l)
                        row[l] = first + l < c.in ? source[(first + l) * c.kernel()] : T(0);
                }
        });
    });
}

/// Rows [begin, end) of y of one sample, lanes being outputs.
template <class T>
void conv_forward_lanes(conv_call<T> const& call, T const* x, T* y, index begin, index end, T* planes) {
    conv_plan const& c = call.c;
    index const step = c.step(1), width = c.wide.places(), columns = c.width(), image = c.height() * columns;
    constexpr index lanes = lanes_of<native_pack<T>>;
    conv_spread(c, x, 1, step, planes, begin, end + c.high.shift_of(c.high.kernel - 1));
    for (index g = 0; g < c.groups; ++g)
        conv_lane_places(conv_lane_sum<T>{planes + g * c.in * c.planes * step + begin * width, c.shifts.data(),
                                          c.in * c.kernel(), call.packed + call.packed_group(g),
                                          call.packed + c.template packed_weights<T>() + g * in_packs<T>(c.out),
                                          c.out, end - begin, columns, width},
                         [&](index first, index live, int packs, index q, index count, T const* sums) {
                             for (index p = 0; p < packs; ++p)
                                 turn_columns(sums + p * lanes, packs * lanes, live - p * lanes, count,
                                              y + (g * c.out + first + p * lanes) * image + begin * columns + q,
                                              image);
                         });
}

/// y of one sample, lanes being places.
template <class T>
void conv_forward_places(conv_call<T> const& call, T const* x, T const* bias, T* y, T* scratch) {
    conv_plan const& c = call.c;
    index const step = c.step(1), width = c.wide.places(), columns = c.width(), rows = c.height();
    T* const sums = scratch + c.room_of_input(1);
    conv_spread(c, x, 1, step, scratch);
    for (index g = 0; g < c.groups; ++g) {
        conv_places(conv_sum<T>{scratch + g * c.in * c.planes * step, c.planes * step, c.in, c.taps.data(),
                                c.kernel(), call.weights_of(g), c.in * c.kernel(), c.kernel(),
                                bias ? bias + g * c.out : nullptr, sums, step},
                    c.out, 0, (rows - 1) * width + columns);
        for (index o = 0; o < c.out; ++o)
            for (index r = 0; r < rows; ++r, y += columns)
                copy_row<T>(sums + o * step + r * width, y, columns);
    }
}

/// dx of the sample whose slopes are spread at `slopes`, `step` numbers each.
template <class T>
void conv_backward_input(conv_call<T> const& call, T const* slopes, index step, T* dx, T* sums) {
    conv_plan const& c = call.c;
    index const width = c.wide.places(), image = c.high.input * c.wide.input;
    for (index g = 0; g < c.groups; ++g, dx += c.in * image)
        for (index a = 0; a < c.high.stride; ++a)
            for (index b = 0; b < c.wide.stride; ++b) {
                index const top = c.high.first(a), bottom = c.high.last(a);
                index const left = c.wide.first(b), right = c.wide.last(b);
                auto const plane = std::size_t(a * c.wide.stride + b);
                index const tap = c.back_first[plane], taps = c.back_first[plane + 1] - tap;
                T const* const from = slopes + g * c.out * step + top * width;
                if (fills_panel<T>(c.in) && fills_lanes<T>(c.out)) {
                    constexpr index lanes = lanes_of<native_pack<T>>;
                    index const columns = right - left;
                    conv_lane_sum<T> const s{
                        from + left,  c.back_shifts.data() + tap * c.out,
                        c.out * taps, call.packed + (g * c.kernel() + tap) * in_packs<T>(c.in) * c.out,
                        nullptr,      c.in,
                        bottom - top, columns,
                        width};
                    conv_lane_places(
                        s, [&](index first, index live, int packs, index q, index count, T const* part) {
                            if (c.planes == 1) {
                                for (index p = 0; p < packs; ++p)
                                    turn_columns(part + p * lanes, packs * lanes, live - p * lanes, count,
                                                 dx + (first + p * lanes) * image + q, image);
                                return;
                            }
                            for (index i = 0; i < count; ++i) {
                                index const row = (q + i) / columns, column = (q + i) % columns;
                                T* const to = dx + first * image + c.high.number(a, top + row) * c.wide.input +
                                              c.wide.number(b, left + column);
                                for (index l = 0; l < live; ++l)
                                    to[l * image] = part[i * packs * lanes + l];
                            }
                        });
                    continue;
                }
                conv_places(conv_sum<T>{from, step, c.out, c.back.data() + tap, taps, call.weights_of(g),
                                        c.kernel(), c.in * c.kernel(), nullptr, sums, c.step(1)},
                            c.in, 0, (bottom - top) * width);
                for (index i = 0; i < c.in; ++i)
                    for (index r = top; r < bottom; ++r) {
                        T const* const source = sums + i * c.step(1) + (r - top) * width;
                        T* const to = dx + i * image + c.high.number(a, r) * c.wide.input;
                        if (c.wide.stride == 1)
                            copy_row<T>(source + left, to, right - left);
                        else
                            for (index k = left; k < right; ++k)
                                to[c.wide.number(b, k)] = source[k];
                    }
            }
}

/// Backward of samples [first, last): dx, unless it is nullptr, and their part of the slopes of weights and
/// bias, which it leaves at the scratch's begin.
template <class T>
void conv_backward(conv_call<T> const& call, index first, index last, T const* dy, T* dx, T* scratch) {
    conv_plan const& c = call.c;
    bool const lanes = fills_lanes<T>(c.out);
    index const together = c.template at_once<T>(), step = c.step(together), out = c.groups * c.out;
    T* const dw = scratch;
    T* const d_bias = dw + c.template packed_weights<T>();
    T* const planes = d_bias + c.template packed_bias<T>();
    T* const slopes = planes + c.room_of_input(together);
    T* const sums = slopes + c.room_of_output(together);
    T const* const spread = slopes + c.guard;
    std::fill(scratch, planes, T(0));
    for (index s = first; s < last; s += together) {
        index const now = std::min(together, last - s), places = conv_plan::whole(now * c.places);
        T const* const own = dy + s * c.output_size();
        conv_spread(c, call.sample(s), now, step, planes);
        if (dx || !lanes)
            conv_spread_slopes(c, own, now, step, slopes);
        for (index g = 0; g < c.groups; ++g) {
            T const* const from = planes + g * c.in * c.planes * step;
            if (lanes)
                conv_lane_slopes(conv_lane_sum<T>{from, c.shifts.data(), c.in * c.kernel(), nullptr, nullptr,
                                                  c.out, c.height(), c.width(), c.wide.places()},
                                 own + g * c.out * c.height() * c.width(), dw + call.packed_group(g),
                                 d_bias + g * in_packs<T>(c.out), sums);
            else
                conv_slopes(spread + g * c.out * step, step, c.out, from, c.planes * step, c.in,
                            c.taps_together.data(), c.kernel(), places, dw + g * c.out * c.in * c.kernel());
        }
        for (index o = 0; !lanes && o < out; ++o) {
            using V = native_pack<T>;
            V part = V(T(0));
            for (index q = 0; q < places; q += lanes_of<V>)
                part += load_unaligned<V>(spread + o * step + q);
            d_bias[o] += sum(part);
        }
        for (index k = 0; dx && k < now; ++k)
            conv_backward_input(call, spread + k * c.places, step, dx + (s + k) * c.input_size(), sums);
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

/// Both ways of a batch.
template <class T, class Executor>
void conv_forward(Executor const& executor, conv_call<T> const& call, T const* bias, T* y) {
    conv_plan const& c = call.c;
    index const samples = call.samples, step = c.template scratch<T>(), rows = c.height();
    if (!fills_panel<T>(c.out)) {
        index const tasks = std::min(samples, conv_plan::tasks);
        executor.for_each(tasks, [=](index task) {
            for (index s = samples * task / tasks; s < samples * (task + 1) / tasks; ++s)
                conv_forward_places(call, call.sample(s), bias, y + s * call.c.output_size(),
                                    call.scratch + task * step);
        });
        return;
    }
    conv_pack(executor, call, bias);
    // Few samples fall into bands of rows, if there is work enough.
    constexpr index few = conv_plan::tasks / 2;
    index bands = 1;
    if (samples < few && c.output_size() * c.in * c.kernel() > 1 << 19)
        bands = std::min(rows, (few + samples - 1) / samples);
    index const parts = samples * bands, tasks = std::min(parts, conv_plan::tasks);
    executor.for_each(tasks, [=](index task) {
        for (index i = parts * task / tasks; i < parts * (task + 1) / tasks; ++i) {
            index const s = i / bands, band = i % bands;
            conv_forward_lanes(call, call.sample(s), y + s * call.c.output_size(), rows * band / bands,
                               rows * (band + 1) / bands, call.scratch + task * step);
        }
    });
}
template <class T, class Executor>
void conv_backward(Executor const& executor, conv_call<T> const& call, T const* dy, T* dx, T* dw, T* d_bias) {
    conv_plan const& c = call.c;
    index const samples = call.samples, tasks = std::min(samples, conv_plan::tasks),
                step = c.template scratch<T>();
    if (dx && fills_panel<T>(c.in) && fills_lanes<T>(c.out))
        conv_pack_back(executor, call);
    executor.for_each(tasks, [=](index task) {
        conv_backward(call, samples * task / tasks, samples * (task + 1) / tasks, dy, dx,
                      call.scratch + task * step);
    });
    T* const parts = call.scratch;
    T* const bias_parts = parts + c.template packed_weights<T>();
    if (!fills_lanes<T>(c.out)) {
        conv_join(executor, parts, step, tasks, c.weights(), dw);
        if (d_bias)
            conv_join(executor, bias_parts, step, tasks, c.groups * c.out, d_bias);
        return;
    }
    index const depth = c.in * c.kernel(), padded = in_packs<T>(c.out);
    conv_join(executor, parts, step, tasks, c.groups * padded * depth, parts);
    for (index g = 0; g < c.groups; ++g)
        each_panel<T>(c.out, [&](auto packs, index first) {
            constexpr index lanes = lanes_of<native_pack<T>>;
            for (index p = 0; p < packs; ++p) {
                index const at = first + p * lanes;
                turn_columns(parts + (g * padded + first) * depth + p * lanes, packs * lanes, c.out - at, depth,
                             dw + (g * c.out + at) * depth, depth);
            }
        });
    if (d_bias) {
        conv_join(executor, bias_parts, step, tasks, c.groups * padded, bias_parts);
        for (index g = 0; g < c.groups; ++g)
            std::copy_n(bias_parts + g * padded, c.out, d_bias + g * c.out);
    }
}

}  // namespace descent::nn::detail
