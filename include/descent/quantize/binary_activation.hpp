// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <string_view>

#include <descent/core/math.hpp>
#include <descent/nn/layer.hpp>
#include <descent/quantize/detail/slices.hpp>

namespace descent::quantize {

/// A layer that passes 1 or -1: the sign, 1 for 0; NaN stays NaN. Slopes pass where |x| <= 1 (Hubara,
/// Courbariaux, Soudry, El-Yaniv, Bengio: "Binarized neural networks", 2016).
struct binary_activation {
    static constexpr std::string_view name = "binary_activation";

    template <class T>
    class bound {
    public:
        static constexpr nn::aliasing alias = nn::aliasing::none;
        static constexpr bool reads_output = false;

        explicit bound(shape const& input) : shape_(input) {}
        shape output() const { return shape_; }

        template <class Pass>
        void forward(Pass& p, T const* x, T* y) const {
            static_assert(Pass::host, "quantize::binary_activation runs on the host");
            each(p, [=](index i, auto kind) {
                using V = decltype(kind);
                V const v = load_unaligned<V>(x + i);
                store_unaligned(y + i, select(v < V(0), V(-1), select(v >= V(0), V(1), v)));
            });
        }
        template <class Pass>
        void backward(Pass& p, T const* x, T const*, T* dy, T* dx) const {
            if (!dx)
                return;
            each(p, [=](index i, auto kind) {
                using V = decltype(kind);
                store_unaligned(dx + i,
                                select(abs(load_unaligned<V>(x + i)) > V(1), V(0), load_unaligned<V>(dy + i)));
            });
        }

    private:
        template <class Pass, class F>
        void each(Pass const& p, F const& f) const {
            index const all = p.samples * shape_.size();
            p.executor.for_each((all + detail::piece - 1) / detail::piece, [=](index task) {
                index const first = task * detail::piece;
                detail::each_pack<T>(std::min(detail::piece, all - first),
                                     [=](index j, auto kind) { f(first + j, kind); });
            });
        }

        shape shape_;
    };

    template <class T>
    bound<T> bind(shape const& input, nn::builder<T>&) const {
        return bound<T>(input);
    }
};

}  // namespace descent::quantize
