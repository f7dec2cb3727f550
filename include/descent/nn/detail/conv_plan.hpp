// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <vector>

#include <descent/core/pack.hpp>
#include <descent/core/tensor.hpp>
#include <descent/nn/detail/conv_lanes.hpp>
#include <descent/nn/detail/conv_tiles.hpp>

namespace descent::nn::detail {

/// One axis of a convolution. Padded numbers are dealt out to `stride` planes: number i to place i / stride of
/// plane i % stride. There a tap reads every place's neighbour at one distance.
struct conv_axis {
    index input = 1, kernel = 1, stride = 1, padding = 0, dilation = 1;

    /// A stride beyond the end is one to the end: there is one output, and no plane for each number left out.
    void shorten_stride() { stride = std::min(stride, input + 2 * padding - reach() + 1); }
    index reach() const { return dilation * (kernel - 1) + 1; }
    index outputs() const { return (input + 2 * padding - reach()) / stride + 1; }
    index places() const { return (input + 2 * padding + stride - 1) / stride; }
    index plane_of(index tap) const { return tap * dilation % stride; }
    index shift_of(index tap) const { return tap * dilation / stride; }
    /// Places [first, last) of a plane hold numbers of the input, the others padding.
    index first(index plane) const { return std::max<index>(0, (padding - plane + stride - 1) / stride); }
    index last(index plane) const {
        index const behind = input + padding - plane;
        return std::max(first(plane), behind > 0 ? (behind + stride - 1) / stride : 0);
    }
    /// Number of the input at a place.
    index number(index plane, index place) const { return place * stride + plane - padding; }
};

/// A convolution of [groups * in, height, width], its tables and the layout of a task's scratch.
struct conv_plan {
    conv_axis high, wide;
    index groups = 1, in = 1, out = 1;  ///< channels of one group
    index places = 0;                   ///< of one plane of one sample
    index planes = 1;                   ///< of one channel
    index reach = 0;                    ///< the farthest shift
    index together = 1;                 ///< samples of one sum of weight slopes
    index guard = 0;             ///< zeros before the first plane, numbers that may be read behind the last
    std::vector<conv_tap> taps;  ///< in the planes of one sample
    std::vector<conv_tap> taps_together;  ///< in the planes of `together` samples
    std::vector<conv_tap> back;           ///< from a place of the input to the outputs, plane by plane
    std::vector<index> back_first;        ///< where each plane's begin, and the end
    std::vector<index> shifts;            ///< of taps, for each input channel of a group: one sample's planes
    std::vector<index> back_shifts;       ///< of back, for each output channel of a group, plane by plane

    static constexpr index tasks = 8;  ///< at most, whatever the number of threads

    conv_plan() = default;
    conv_plan(conv_axis const& rows, conv_axis const& columns, index group_count, index inputs, index outputs)
        : high(rows), wide(columns), groups(group_count), in(inputs / group_count), out(outputs / group_count) {
        places = high.places() * wide.places();
        planes = high.stride * wide.stride;
        together = std::clamp<index>(768 / places, 1, 16);
        back_first.push_back(0);
        for (index k = 0; k < planes; ++k) {
            each_tap([&](index shift, index plane, index weight) {
                if (plane == k)
                    back.push_back({-shift, weight});
            });
            back_first.push_back(index(back.size()));
        }
        each_tap([&](index shift, index plane, index weight) {
            taps.push_back({shift + plane * step(1), weight});
            taps_together.push_back({shift + plane * step(together), weight});
            reach = std::max(reach, shift);
        });
        guard = whole(reach) + 64;
        for (index c = 0; c < in; ++c)
            for (conv_tap const& tap : taps)
                shifts.push_back(c * planes * step(1) + tap.shift);
        for (index k = 0; k < planes; ++k)
            for (index o = 0; o < out; ++o)
                for (index i = back_first[std::size_t(k)]; i < back_first[std::size_t(k) + 1]; ++i)
                    back_shifts.push_back(o * step(1) + back[std::size_t(i)].shift);
    }

    /// Rounded up to whole registers.
    static index whole(index count) { return (count + 15) / 16 * 16; }
    index height() const { return high.outputs(); }
    index width() const { return wide.outputs(); }
    index kernel() const { return index(taps.size()); }
    index weights() const { return groups * out * in * kernel(); }
    index input_size() const { return groups * in * high.input * wide.input; }
    index output_size() const { return groups * out * height() * width(); }

    /// Numbers of one plane of `samples` samples, one behind the other.
    index step(index samples) const { return whole(samples * places); }
    index room_of_input(index samples) const { return groups * in * planes * step(samples) + guard; }
    index room_of_output(index samples) const { return guard + groups * out * step(samples) + guard; }
    template <class T>
    index forward_room() const {
        return room_of_input(1) + (fills_panel<T>(out) ? 0 : out * step(1) + guard);
    }
    /// Samples of one sum of weight slopes.
    template <class T>
    index at_once() const {
        return fills_lanes<T>(out) ? 1 : together;
    }
    /// Numbers of the weights, and of the bias, where outputs are lanes.
    template <class T>
    index packed_weights() const {
        return whole(groups * in_packs<T>(out) * in * kernel());
    }
    template <class T>
    index packed_bias() const {
        return whole(groups * in_packs<T>(out));
    }
    template <class T>
    index backward_room() const {
        return packed_weights<T>() + packed_bias<T>() + room_of_input(at_once<T>()) +
               room_of_output(at_once<T>()) +
               std::max(in * step(1) + guard, whole(2 * in_packs<T>(1) * height() * width()));
    }
    /// Of one task.
    template <class T>
    index scratch() const {
        return whole(std::max(forward_room<T>(), backward_room<T>()));
    }
    /// Weights as the products read them, forward with the bias.
    template <class T>
    index packed_room() const {
        return std::max(packed_weights<T>() + packed_bias<T>(),
                        whole(groups * in_packs<T>(in) * out * kernel()));
    }

private:
    template <class F>
    void each_tap(F const& f) const {
        for (index i = 0; i < high.kernel; ++i)
            for (index j = 0; j < wide.kernel; ++j)
                f(high.shift_of(i) * wide.places() + wide.shift_of(j),
                  high.plane_of(i) * wide.stride + wide.plane_of(j), i * wide.kernel + j);
    }
};

/// Planes of `samples` samples with their padding, channel by channel, `step` numbers each; zeros behind the
/// last sample. Of planes of one sample, rows [begin, end) may do.
template <class T>
void conv_spread(conv_plan const& c, T const* x, index samples, index step, T* to, index begin = 0,
                 index end = -1) {
    if (end < 0)
        end = c.high.places();
    index const width = c.wide.places(), image = c.high.input * c.wide.input;
    index const channels = c.groups * c.in;
    for (index channel = 0; channel < channels; ++channel)
        for (index a = 0; a < c.high.stride; ++a)
            for (index b = 0; b < c.wide.stride; ++b, to += step) {
                index const top = std::clamp(c.high.first(a), begin, end);
                index const bottom = std::clamp(c.high.last(a), top, end);
                index const left = c.wide.first(b), right = c.wide.last(b);
                for (index s = 0; s < samples; ++s) {
                    T const* const from = x + (s * channels + channel) * image;
                    T* const plane = to + s * c.places;
                    std::fill(plane + begin * width, plane + top * width, T(0));
                    for (index r = top; r < bottom; ++r) {
                        T* const row = plane + r * width;
                        T const* const source = from + c.high.number(a, r) * c.wide.input;
                        zero_few(row, left);
                        if (c.wide.stride == 1)
                            copy_row(source, row + left, right - left);
                        else
                            for (index i = left; i < right; ++i)
                                row[i] = source[c.wide.number(b, i)];
                        zero_few(row + right, width - right);
                    }
                    std::fill(plane + bottom * width, plane + end * width, T(0));
                }
                std::fill(to + samples * c.places, to + step, T(0));
            }
    std::fill(to, to + c.guard, T(0));
}

/// Slopes of the outputs in planes as wide as those of the input, zeros at all other places.
template <class T>
void conv_spread_slopes(conv_plan const& c, T const* dy, index samples, index step, T* to) {
    index const width = c.wide.places(), columns = c.width();
    index const channels = c.groups * c.out, image = c.height() * columns;
    std::fill(to, to + c.guard, T(0));
    to += c.guard;
    for (index channel = 0; channel < channels; ++channel, to += step) {
        for (index s = 0; s < samples; ++s) {
            T const* const from = dy + (s * channels + channel) * image;
            T* const plane = to + s * c.places;
            for (index r = 0; r < c.height(); ++r) {
                copy_row(from + r * columns, plane + r * width, columns);
                zero_few(plane + r * width + columns, width - columns);
            }
            std::fill(plane + c.height() * width, plane + c.places, T(0));
        }
        std::fill(to + samples * c.places, to + step, T(0));
    }
    std::fill(to, to + c.guard, T(0));
}

}  // namespace descent::nn::detail
