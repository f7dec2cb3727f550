// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <string_view>

#include <descent/core/error.hpp>
#include <descent/nn/layer.hpp>
#include <descent/quantize/affine.hpp>
#include <descent/quantize/aware.hpp>
#include <descent/quantize/learned_step.hpp>

namespace descent::quantize {

/// A layer that rounds what passes to multiples of a trained step: learned_step of activations (Esser et al.,
/// 2020), N the numbers of a sample. Codes are 0 .. 2^bits - 1, or symmetric ones. Tensor: "step" [1], 0 until
/// begin_steps, which means that numbers pass as they are. Inf and NaN become NaN. bind throws descent::error
/// for bits outside [2, 8].
///
/// It is a layer, so that those behind it have other numbers than in a network without it: nn::named gives
/// those names that stay, for take_weights and for files.
///
///     nn::sequential{quantize::aware{nn::dense{64}, {.bits = 2}}, nn::relu{},
///                    quantize::learned_activation{.bits = 2}, ...}
struct learned_activation {
    int bits = 8;
    bool symmetric = false;
    static constexpr std::string_view name = "learned_activation";

    template <class T>
    class bound {
    public:
        static constexpr nn::aliasing alias = nn::aliasing::none;
        static constexpr bool reads_output = false;

        bound(learned_activation const& d, shape const& input, nn::builder<T>& b)
            : low_(T(d.format().lowest())),
              high_(T(d.format().highest())),
              shape_(input),
              step_(b.add("step", {1}, nn::zeros)),
              sums_(b.fix(most)) {}
        shape output() const { return shape_; }

        template <class Pass>
        void forward(Pass& p, T const* x, T* y) const {
            static_assert(Pass::host, "quantize::learned_activation runs on the host");
            if constexpr (requires { p.executor.begin_activation(step_, high_, x, p.samples); })
                p.executor.begin_activation(step_, high_, x, p.samples * shape_.size());
            auto const k = kernel(p);
            each_part(p, [=](index first, index count, index) {
                detail::round_numbers(x + first, count, k, y + first);
            });
        }
        template <class Pass>
        void backward(Pass& p, T const* x, T const*, T* dy, T* dx) const {
            auto const k = kernel(p);
            T* const sums = p.at(sums_);
            index const parts = each_part(p, [=](index first, index count, index part) {
                detail::turn_slopes<1>(x + first, count, k, dy + first, (dx ? dx : dy) + first, sums + part);
            });
            T total = 0;
            for (index part = 0; part < parts; ++part)
                total += sums[part];
            *p.slope(step_) = k.share * total;
        }

    private:
        static constexpr index most = 16;  // partial sums, whatever the number of threads

        template <class Pass>
        learned_step::kernel<T> kernel(Pass const& p) const {
            return learned_step::with<T>(*p.weight(step_), low_, high_, shape_.size());
        }
        /// f(first, count, part); gives the number of parts.
        template <class Pass, class F>
        index each_part(Pass const& p, F const& f) const {
            index const all = p.samples * shape_.size(),
                        each = std::max(detail::piece, (all + most - 1) / most),
                        parts = (all + each - 1) / each;
            p.executor.for_each(parts,
                                [=](index part) { f(part * each, std::min(each, all - part * each), part); });
            return parts;
        }

        T low_, high_;
        shape shape_;
        nn::parameter step_;
        nn::region sums_;
    };

    template <class T>
    bound<T> bind(shape const& input, nn::builder<T>& b) const {
        format().check(b.where(name));
        return {*this, input, b};
    }
    affine_format format() const { return {bits, symmetric}; }
};

}  // namespace descent::quantize
