// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <string_view>

#include <descent/nn/detail/row_math.hpp>
#include <descent/nn/layer.hpp>

namespace descent::nn {

/// y = weight (x - mean) / sqrt(variance + epsilon) + bias, mean and variance (over n, not n - 1) of each row
/// along the last axis (Ba, Kiros, Hinton: "Layer normalization", 2016). Tensors: "weight", "bias" [features],
/// as torch.nn.LayerNorm. bind throws descent::error for an input without numbers and unless epsilon > 0.
struct layer_norm {
    double epsilon = 1e-5;
    static constexpr std::string_view name = "layer_norm";

    template <class T>
    class bound {
    public:
        static constexpr aliasing alias = aliasing::none;
        static constexpr bool reads_output = false;

        bound(layer_norm const& d, shape const& input, builder<T>& b)
            : shape_(input),
              columns_(input[input.rank() - 1]),
              rows_(input.size() / columns_),
              epsilon_(T(d.epsilon)),
              weight_(b.add("weight", {columns_}, ones)),
              bias_(b.add("bias", {columns_}, zeros)),
              seen_(b.keep(2 * rows_)),
              sums_(b.fix(parts * 2 * columns_)) {}
        shape output() const { return shape_; }

        template <class Pass>
        void forward(Pass& p, T const* x, T* y) const {
            T const *const weight = p.weight(weight_), *const bias = p.weight(bias_);
            T* const seen = p.training ? p.at(seen_) : nullptr;
            if constexpr (Pass::host)
                detail::for_rows(p.executor, p.samples * rows_, columns_,
                                 [=, n = columns_, epsilon = epsilon_](index first, index last) {
                                     for (index r = first; r < last; ++r)
                                         normalize(x + r * n, n, epsilon, weight, bias, y + r * n,
                                                   seen ? seen + 2 * r : nullptr);
                                 });
            else
                device_layer_norm(detail::there{}, p.executor, p.samples * rows_, columns_, x, epsilon_, weight,
                                  bias, y, seen);
        }

        template <class Pass>
        void backward(Pass& p, T const* x, T const*, T* dy, T* dx) const {
            if constexpr (Pass::host)
                backward_here(p, x, dy, dx);
            else
                device_layer_norm_backward(detail::there{}, p.executor, p.samples * rows_, columns_, x, dy,
                                           p.weight(weight_), p.at(seen_), p.slope(weight_), p.slope(bias_),
                                           dx);
        }

    private:
        template <class Pass>
        void backward_here(Pass& p, T const* x, T const* dy, T* dx) const {
            index const rows = p.samples * rows_, n = columns_;
            index const count = std::clamp<index>(rows * n / detail::piece, 1, parts);
            index const each = (rows + count - 1) / count;
            T const *const weight = p.weight(weight_), *const seen = p.at(seen_);
            T* const sums = p.at(sums_);
            p.executor.for_each(count, [=](index part) {
                T *const slope = sums + part * 2 * n, *const shift = slope + n;
                std::fill_n(slope, 2 * n, T(0));
                for (index r = part * each; r < std::min(rows, (part + 1) * each); ++r)
                    turn_back(x + r * n, dy + r * n, n, weight, seen + 2 * r, slope, shift,
                              dx ? dx + r * n : nullptr);
            });
            T *const weight_slope = p.slope(weight_), *const bias_slope = p.slope(bias_);
            for (index j = 0; j < n; ++j) {
                T slope = 0, shift = 0;
                for (index part = 0; part < count; ++part) {
                    slope += sums[part * 2 * n + j];
                    shift += sums[(part * 2 + 1) * n + j];
                }
                weight_slope[j] = slope;
                bias_slope[j] = shift;
            }
        }

        static constexpr index parts = 16;  // partial sums, whatever the number of threads

        static void normalize(T const* x, index n, T epsilon, T const* weight, T const* bias, T* y, T* seen) {
            T const mean = detail::row_sum(x, n) / T(n);
            T const scale = T(1) / sqrt(detail::row_spread(x, n, mean) / T(n) + epsilon);
            detail::each_pack<T>(n, [&](index j, auto kind) {
                using K = decltype(kind);
                K const level = (load_unaligned<K>(x + j) - K(mean)) * K(scale);
                store_unaligned(y + j, fused_multiply_add(load_unaligned<K>(weight + j), level,
                                                          load_unaligned<K>(bias + j)));
            });
            if (seen)
                seen[0] = mean, seen[1] = scale;
        }

        static void turn_back(T const* x, T const* dy, index n, T const* weight, T const* seen, T* slope,
                              T* shift, T* dx) {
            using V = native_pack<T>;
            T const mean = seen[0], scale = seen[1];
            V plain = V(T(0)), along = V(T(0));
            T plain_rest = 0, along_rest = 0;
            detail::each_pack<T>(n, [&](index j, auto kind) {
                using K = decltype(kind);
                K const level = (load_unaligned<K>(x + j) - K(mean)) * K(scale), d = load_unaligned<K>(dy + j);
                K const inner = d * load_unaligned<K>(weight + j);
                store_unaligned(slope + j, fused_multiply_add(d, level, load_unaligned<K>(slope + j)));
                store_unaligned(shift + j, load_unaligned<K>(shift + j) + d);
                if constexpr (lanes_of<K> == lanes_of<V>) {
                    plain += inner;
                    along = fused_multiply_add(inner, level, along);
                } else {
                    plain_rest += inner;
                    along_rest = fused_multiply_add(inner, level, along_rest);
                }
            });
            if (!dx)
                return;
            T const plain_mean = (sum(plain) + plain_rest) / T(n),
                    along_mean = (sum(along) + along_rest) / T(n);
            detail::each_pack<T>(n, [&](index j, auto kind) {
                using K = decltype(kind);
                K const level = (load_unaligned<K>(x + j) - K(mean)) * K(scale);
                K const inner = load_unaligned<K>(dy + j) * load_unaligned<K>(weight + j);
                store_unaligned(dx + j, K(scale) * (inner - K(plain_mean) - level * K(along_mean)));
            });
        }

        shape shape_;
        index columns_, rows_;
        T epsilon_;
        parameter weight_, bias_;
        region seen_, sums_;
    };

    template <class T>
    bound<T> bind(shape const& input, builder<T>& b) const {
        expect(input.rank() >= 1 && input.size() > 0, b.where(name), ": input is ", input.text(),
               ": must have numbers along a last axis");
        expect(epsilon > 0, b.where(name), ": epsilon = ", epsilon, ": must be > 0");
        return {*this, input, b};
    }
};

}  // namespace descent::nn
