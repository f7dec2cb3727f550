// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

#include <descent/core/pack.hpp>
#include <descent/nn/layer.hpp>

namespace descent::nn {

/// Stochastic depth (Huang, Sun, Liu, Sedra, Weinberger, 2016): in training, all numbers of a sample are 0 with
/// this probability and else divided by 1 - probability; in evaluation nothing happens. As the last layer of a
/// residual's body it leaves the shortcut alone for such a sample. Draw i of a step decides over sample i of
/// the batch. bind throws descent::error unless 0 <= probability < 1.
///
///     nn::residual{nn::sequential{nn::dense{64}, nn::relu{}, nn::dense{64}, nn::drop_path{0.1}}}
struct drop_path {
    double probability = 0.1;
    static constexpr std::string_view name = "drop_path";

    template <class T>
    class bound {
    public:
        static constexpr aliasing alias = aliasing::in_place;
        static constexpr bool reads_output = false;

        bound(drop_path const& d, shape const& input, builder<T>& b)
            : probability_(d.probability), shape_(input), stream_(b.stream()) {}
        shape output() const { return shape_; }

        template <class Pass>
        void forward(Pass& p, T const* x, T* y) const {
            if (p.training || x != y)
                scale_samples(p, x, y);
        }
        template <class Pass>
        void backward(Pass& p, T const*, T const*, T* dy, T* dx) const {
            if (dx)
                scale_samples(p, dy, dx);
        }

    private:
        template <class Pass>
        void scale_samples(Pass& p, T const* from, T* to) const {
            if constexpr (Pass::host)
                scale_here(p, from, to);
            else
                device_drop_samples(detail::there{}, p, stream_, probability_, shape_.size(), from, to);
        }
        template <class Pass>
        void scale_here(Pass& p, T const* from, T* to) const {
            generator const draws = p.draws(stream_);
            auto const least = std::uint32_t(probability_ * 0x1p32);
            bool const training = p.training;
            T const scale = T(1 / (1 - probability_));
            index const size = shape_.size();
            p.executor.for_each(p.samples, [=](index sample) {
                bool const dropped = training && draws.bits<std::uint32_t>(std::uint64_t(sample)) < least;
                T const factor = dropped ? T(0) : training ? scale : T(1);
                for (index i = sample * size; i < (sample + 1) * size; ++i)
                    to[i] = dropped ? T(0) : factor * from[i];
            });
        }

        double probability_;
        shape shape_;
        std::uint32_t stream_;
    };

    template <class T>
    bound<T> bind(shape const& input, builder<T>& b) const {
        expect(probability >= 0 && probability < 1, b.where(name), ": probability = ", probability,
               ": must be in [0, 1)");
        return {*this, input, b};
    }
};

}  // namespace descent::nn
