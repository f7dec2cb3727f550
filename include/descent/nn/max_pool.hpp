// SPDX-License-Identifier: MIT
#pragma once

#include <limits>
#include <string_view>
#include <type_traits>

#include <descent/nn/detail/pool.hpp>
#include <descent/nn/layer.hpp>

namespace descent::nn {

namespace detail {

/// Does b win over a? The first of equal numbers stays; NaN wins.
template <class V>
DESCENT_FN mask_of<V> beats(V b, V a) {
    return b > a || b != b;
}

/// The number of the largest number of a window in its plane.
template <class T>
index largest_in(T const* plane, pool_windows const& w, pool_window const& in) {
    index best = in.top * w.wide + in.left;
    for (index r = in.top; r < in.bottom; ++r)
        for (index c = in.left; c < in.right; ++c)
            if (beats(plane[r * w.wide + c], plane[best]))
                best = r * w.wide + c;
    return best;
}

/// Two rows of a plane to one of half the width.
template <class T>
void halve_rows(T const* DESCENT_RESTRICT x, index width, T* DESCENT_RESTRICT y) {
    overlapping_packs<native_pack<T>>(width / 2, [=](auto kind, index i) {
        using V = decltype(kind);
        auto const row = [&](T const* from) {
            V const first = load_unaligned<V>(from + 2 * i);
            V const second = load_unaligned<V>(from + 2 * i + lanes_of<V>);
            V const left = every_second<0>(first, second), right = every_second<1>(first, second);
            return select(beats(right, left), right, left);
        };
        V const above = row(x), below = row(x + width);
        store_unaligned(y + i, select(beats(below, above), below, above));
    });
}

/// The slopes of halve_rows.
template <class T>
void halve_rows_backward(T const* DESCENT_RESTRICT x, index width, T const* DESCENT_RESTRICT dy,
                         T* DESCENT_RESTRICT dx) {
    overlapping_packs<native_pack<T>>(width / 2, [=](auto kind, index i) {
        using V = decltype(kind);
        constexpr int lanes = lanes_of<V>;
        V const none = V(T(0)), slope = load_unaligned<V>(dy + i);
        auto const row = [&](T const* from, V& left, V& right) {
            V const first = load_unaligned<V>(from + 2 * i), second = load_unaligned<V>(from + 2 * i + lanes);
            left = every_second<0>(first, second), right = every_second<1>(first, second);
            auto const second_wins = beats(right, left);
            V const most = select(second_wins, right, left);
            left = select(second_wins, none, slope), right = select(second_wins, slope, none);
            return most;
        };
        V a, b, c, d;
        V const above = row(x, a, b), below = row(x + width, c, d);
        auto const below_wins = beats(below, above);
        a = select(below_wins, none, a), b = select(below_wins, none, b);
        c = select(below_wins, c, none), d = select(below_wins, d, none);
        store_unaligned(dx + 2 * i, in_turn<0>(a, b));
        store_unaligned(dx + 2 * i + lanes, in_turn<1>(a, b));
        store_unaligned(dx + width + 2 * i, in_turn<0>(c, d));
        store_unaligned(dx + width + 2 * i + lanes, in_turn<1>(c, d));
    });
}

}  // namespace detail

/// The largest number of each window of images [channels, height, width], or of sequences [channels, length],
/// where the width counts. A window of which some lies in the padding takes the rest alone; the first of equal
/// numbers gets the slope; NaN stays NaN. Same numbers as torch.nn.MaxPool2d. bind throws descent::error where
/// input or settings do not fit.
///
///     nn::max_pool{.size = 3, .stride = 2, .padding = 1}
struct max_pool {
    extent2 size = 2;
    extent2 stride = 0;  ///< 0: as the size
    extent2 padding = 0;
    static constexpr std::string_view name = "max_pool";

    template <class T>
    class bound {
    public:
        static constexpr aliasing alias = aliasing::none;
        static constexpr bool reads_output = false;

        explicit bound(detail::pool_windows const& windows) : windows_(windows) {}
        shape output() const { return windows_.output(); }

        template <class Pass>
        void forward(Pass& p, T const* x, T* y) const {
            if constexpr (Pass::host)
                detail::for_planes(p.executor, p.samples * windows_.channels, windows_.input_plane(),
                                   [=, w = windows_](index i) {
                                       plane(w, x + i * w.input_plane(), y + i * w.output_plane());
                                   });
            else
                device_pool(detail::there{}, p.executor, std::true_type{}, windows_, true,
                            p.samples * windows_.channels, x, y);
        }
        template <class Pass>
        void backward(Pass& p, T const* x, T const*, T* dy, T* dx) const {
            if (!dx)
                return;
            if constexpr (Pass::host)
                detail::for_planes(p.executor, p.samples * windows_.channels, windows_.input_plane(),
                                   [=, w = windows_](index i) {
                                       plane_backward(w, x + i * w.input_plane(), dy + i * w.output_plane(),
                                                      dx + i * w.input_plane());
                                   });
            else
                device_pool_backward(detail::there{}, p.executor, std::true_type{}, windows_, true,
                                     p.samples * windows_.channels, x, dy, dx);
        }

    private:
        static void plane(detail::pool_windows const& w, T const* x, T* y) {
            index const rows = w.rows(), columns = w.columns();
            if (w.halves())
                for (index r = 0; r < rows; ++r)
                    detail::halve_rows(x + 2 * r * w.wide, w.wide, y + r * columns);
            else
                for (index r = 0; r < rows; ++r)
                    for (index c = 0; c < columns; ++c)
                        y[r * columns + c] = x[detail::largest_in(x, w, detail::pool_window(w, r, c))];
        }

        static void plane_backward(detail::pool_windows const& w, T const* x, T const* dy, T* dx) {
            index const rows = w.rows(), columns = w.columns();
            if (w.halves()) {
                for (index r = 0; r < rows; ++r) {
                    detail::halve_rows_backward(x + 2 * r * w.wide, w.wide, dy + r * columns,
                                                dx + 2 * r * w.wide);
                    if (w.wide % 2)
                        dx[(2 * r + 1) * w.wide - 1] = dx[(2 * r + 2) * w.wide - 1] = T(0);
                }
                std::fill(dx + 2 * rows * w.wide, dx + w.input_plane(), T(0));
            } else {
                std::fill(dx, dx + w.input_plane(), T(0));
                for (index r = 0; r < rows; ++r)
                    for (index c = 0; c < columns; ++c)
                        dx[detail::largest_in(x, w, detail::pool_window(w, r, c))] += dy[r * columns + c];
            }
        }

        detail::pool_windows windows_;
    };

    template <class T>
    bound<T> bind(shape const& input, builder<T>& b) const {
        return bound<T>(detail::make_pool_windows(b.where(name), input, size, stride, padding));
    }
};

}  // namespace descent::nn
