// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>
#include <type_traits>

#include <descent/nn/detail/pool.hpp>
#include <descent/nn/layer.hpp>

namespace descent::nn {

/// The mean of each window of images [channels, height, width], or of sequences [channels, length], where the
/// width counts. Same numbers as torch.nn.AvgPool2d. bind throws descent::error where input or settings do not
/// fit.
///
///     nn::average_pool{.size = 4}
struct average_pool {
    extent2 size = 2;
    extent2 stride = 0;  ///< 0: as the size
    extent2 padding = 0;
    bool count_padding = true;  ///< Do zeros of the padding count, as in torch? Else only what is there.
    static constexpr std::string_view name = "average_pool";

    template <class T>
    class bound {
    public:
        static constexpr aliasing alias = aliasing::none;
        static constexpr bool reads_output = false;

        bound(detail::pool_windows const& windows, bool count_padding)
            : windows_(windows), count_padding_(count_padding) {}
        shape output() const { return windows_.output(); }

        template <class Pass>
        void forward(Pass& p, T const* x, T* y) const {
            if constexpr (Pass::host)
                detail::for_planes(p.executor, p.samples * windows_.channels, windows_.input_plane(),
                                   [=, w = windows_, all = count_padding_](index i) {
                                       T const* const from = x + i * w.input_plane();
                                       each_window(w, all, y + i * w.output_plane(),
                                                   [=](T& mean, T share, detail::pool_window const& in) {
                                                       T total = 0;
                                                       for (index r = in.top; r < in.bottom; ++r)
                                                           for (index c = in.left; c < in.right; ++c)
                                                               total += from[r * w.wide + c];
                                                       mean = total * share;
                                                   });
                                   });
            else
                device_pool(detail::there{}, p.executor, std::false_type{}, windows_, count_padding_,
                            p.samples * windows_.channels, x, y);
        }
        template <class Pass>
        void backward(Pass& p, [[maybe_unused]] T const* x, T const*, T* dy, T* dx) const {
            if (!dx)
                return;
            if constexpr (Pass::host)
                detail::for_planes(p.executor, p.samples * windows_.channels, windows_.input_plane(),
                                   [=, w = windows_, all = count_padding_](index i) {
                                       T* const to = dx + i * w.input_plane();
                                       std::fill(to, to + w.input_plane(), T(0));
                                       each_window(w, all, dy + i * w.output_plane(),
                                                   [=](T slope, T share, detail::pool_window const& in) {
                                                       for (index r = in.top; r < in.bottom; ++r)
                                                           for (index c = in.left; c < in.right; ++c)
                                                               to[r * w.wide + c] += slope * share;
                                                   });
                                   });
            else
                device_pool_backward(detail::there{}, p.executor, std::false_type{}, windows_, count_padding_,
                                     p.samples * windows_.channels, x, dy, dx);
        }

    private:
        /// f(the window's output, 1 / how many count, window).
        template <class F>
        static void each_window(detail::pool_windows const& w, bool count_padding, T* outputs, F const& f) {
            for (index r = 0; r < w.rows(); ++r)
                for (index c = 0; c < w.columns(); ++c, ++outputs) {
                    detail::pool_window const in(w, r, c);
                    index const count = count_padding ? w.size.height * w.size.width
                                                      : (in.bottom - in.top) * (in.right - in.left);
                    f(*outputs, T(1) / T(count), in);
                }
        }

        detail::pool_windows windows_;
        bool count_padding_;
    };

    template <class T>
    bound<T> bind(shape const& input, builder<T>& b) const {
        return {detail::make_pool_windows(b.where(name), input, size, stride, padding), count_padding};
    }
};

}  // namespace descent::nn
