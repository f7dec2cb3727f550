// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <string>
#include <utility>

#include <descent/core/math.hpp>
#include <descent/core/pack.hpp>
#include <descent/nn/extent2.hpp>
#include <descent/nn/layer.hpp>

namespace descent::nn::detail {

/// Windows that slide over the planes of [channels, height, width], or over the rows of [channels, length].
struct pool_windows {
    index channels, high, wide;  ///< of the input
    extent2 size, stride, padding;
    bool flat;  ///< [channels, length]

    index rows() const { return (high + 2 * padding.height - size.height) / stride.height + 1; }
    index columns() const { return (wide + 2 * padding.width - size.width) / stride.width + 1; }
    index input_plane() const { return high * wide; }
    index output_plane() const { return rows() * columns(); }
    shape output() const { return flat ? shape{channels, columns()} : shape{channels, rows(), columns()}; }
    bool halves() const {
        return size == extent2{2} && stride == extent2{2} && padding == extent2{0} && wide >= 2;
    }
};

/// The part of one window inside its plane: rows [top, bottom), columns [left, right).
struct pool_window {
    index top, bottom, left, right;

    pool_window(pool_windows const& w, index row, index column)
        : top(row * w.stride.height - w.padding.height),
          bottom(std::min(top + w.size.height, w.high)),
          left(column * w.stride.width - w.padding.width),
          right(std::min(left + w.size.width, w.wide)) {
        top = std::max<index>(top, 0), left = std::max<index>(left, 0);
    }
};

inline pool_windows make_pool_windows(std::string const& who, shape const& input, extent2 size, extent2 stride,
                                      extent2 padding) {
    expect((input.rank() == 2 || input.rank() == 3) && input.size() > 0, who, ": input is ", input.text(),
           ": must be [channels, height, width] or [channels, length]");
    bool const flat = input.rank() == 2;
    if (stride == extent2{0})
        stride = size;
    if (flat)
        size.height = 1, stride.height = 1, padding.height = 0;
    pool_windows const w{input[0], flat ? 1 : input[1], flat ? input[1] : input[2], size, stride, padding,
                         flat};
    auto const axis = [&](index extent, index kernel, index step, index pad) {
        expect(kernel >= 1, who, ": size = ", kernel, ": must be >= 1");
        expect(step >= 1, who, ": stride = ", step, ": must be >= 1");
        constexpr index most = 1 << 30;  // products of two must not overflow
        expect(kernel <= most && step <= most, who, ": size or stride = ", std::max(kernel, step),
               ": must be <= ", most);
        expect(pad >= 0 && pad <= kernel / 2, who, ": padding = ", pad, ": must be in [0, size / 2]");
        expect(kernel <= extent + 2 * pad, who, ": input is ", input.text(), ": a window of ", kernel,
               " does not fit into ", extent, " with padding ", pad);
    };
    axis(w.high, w.size.height, w.stride.height, w.padding.height);
    axis(w.wide, w.size.width, w.stride.width, w.padding.width);
    return w;
}

/// body(plane) for all planes, some at a time to each task.
template <class Executor, class Body>
void for_planes(Executor const& executor, index planes, index plane_size, Body const& body) {
    index const each = std::max<index>(1, 8192 / std::max<index>(1, plane_size));
    executor.for_each((planes + each - 1) / each, [=](index task) {
        for (index i = task * each; i < std::min(planes, (task + 1) * each); ++i)
            body(i);
    });
}

/// f(V{}, i) such that packs of V from i on cover [0, count), the last one over the one before it; V gets
/// narrower where count is small.
template <class V, class F>
DESCENT_FN void overlapping_packs(index count, F const& f) {
    constexpr int lanes = lanes_of<V>;
    if constexpr (lanes > 1) {
        if (count < lanes) {
            using T = number_of<V>;
            if constexpr (lanes > 2)
                overlapping_packs<pack<T, lanes / 2>>(count, f);
            else
                overlapping_packs<T>(count, f);
            return;
        }
    }
    index i = 0;
    for (; i + lanes <= count; i += lanes)
        f(V(number_of<V>(0)), i);
    if (i < count)
        f(V(number_of<V>(0)), count - lanes);
}

/// Lanes first, first + 2, ... of a and b, one behind the other.
template <int first, class V>
DESCENT_FN V every_second(V a, V b) {
#if DESCENT_VECTOR_EXTENSIONS
    if constexpr (lanes_of < V >> 1)
        return [&]<int... L>(std::integer_sequence<int, L...>) {
            return V::of(__builtin_shufflevector(a.v, b.v, (2 * L + first)...));
        }
    (std::make_integer_sequence<int, lanes_of<V>>{});
#endif
    return first == 0 ? a : b;
}

/// Lanes of a and b in turn: the first half of them, or the second.
template <int half, class V>
DESCENT_FN V in_turn(V a, V b) {
#if DESCENT_VECTOR_EXTENSIONS
    constexpr int lanes = lanes_of<V>;
    if constexpr (lanes > 1)
        return [&]<int... L>(std::integer_sequence<int, L...>) {
            return V::of(__builtin_shufflevector(a.v, b.v, (half * lanes / 2 + L / 2 + L % 2 * lanes)...));
        }
    (std::make_integer_sequence<int, lanes>{});
#endif
    return half == 0 ? a : b;
}

}  // namespace descent::nn::detail
