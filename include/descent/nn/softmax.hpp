// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include <descent/nn/detail/row_math.hpp>
#include <descent/nn/layer.hpp>

namespace descent::nn {

/// e^x / sum(e^x) over the last axis. A classifier's last layer needs none: loss::softmax_cross_entropy has it.
/// bind throws descent::error for an input without numbers.
struct softmax {
    static constexpr std::string_view name = "softmax";

    template <class T>
    class bound {
    public:
        static constexpr aliasing alias = aliasing::in_place;
        static constexpr bool reads_output = true;

        explicit bound(shape const& input) : shape_(input), columns_(input[input.rank() - 1]) {}
        shape output() const { return shape_; }

        template <class Pass>
        void forward(Pass& p, T const* x, T* y) const {
            if constexpr (Pass::host)
                detail::for_rows(p.executor, rows(p), columns_, [=, n = columns_](index first, index last) {
                    for (index r = first; r < last; ++r)
                        detail::softmax_row(x + r * n, n, T(1), y + r * n);
                });
            else
                device_softmax(detail::there{}, p.executor, rows(p), columns_, x, y);
        }
        template <class Pass>
        void backward(Pass& p, T const*, T const* y, T* dy, T* dx) const {
            if (!dx)
                return;
            if constexpr (Pass::host)
                detail::for_rows(p.executor, rows(p), columns_, [=, n = columns_](index first, index last) {
                    for (index r = first; r < last; ++r)
                        detail::softmax_row_backward(y + r * n, dy + r * n, n, T(1), dx + r * n);
                });
            else
                device_softmax_backward(detail::there{}, p.executor, rows(p), columns_, y, dy, dx);
        }

    private:
        template <class Pass>
        index rows(Pass const& p) const {
            return p.samples * (shape_.size() / columns_);
        }
        shape shape_;
        index columns_;
    };

    template <class T>
    bound<T> bind(shape const& input, builder<T>& b) const {
        expect(input.rank() >= 1 && input.size() > 0, b.where(name), ": input is ", input.text(),
               ": must have numbers along a last axis");
        return bound<T>(input);
    }
};

}  // namespace descent::nn
