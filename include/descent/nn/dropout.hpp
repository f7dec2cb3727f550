// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>

#include <descent/core/pack.hpp>
#include <descent/nn/detail/elementwise.hpp>
#include <descent/nn/layer.hpp>

namespace descent::nn {

/// In training, each number is 0 with this probability and else divided by 1 - probability (inverted dropout:
/// Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov, 2014); in evaluation nothing happens. Draw i of a
/// step's batch decides over number i, so every backend and thread count drops the same. bind throws
/// descent::error unless 0 <= probability < 1.
struct dropout {
    double probability = 0.5;
    static constexpr std::string_view name = "dropout";

    template <class T>
    class bound {
    public:
        static constexpr aliasing alias = aliasing::in_place;
        static constexpr bool reads_output = false;

        bound(dropout const& d, shape const& input, builder<T>& b)
            : probability_(d.probability), shape_(input), stream_(b.stream()) {}
        shape output() const { return shape_; }

        template <class Pass>
        void forward(Pass& p, T const* x, T* y) const {
            if (p.training && probability_ > 0)
                drop(p, x, y);
            else if (x != y)
                detail::map(p.executor, p.samples * shape_.size(), x, y, detail::same{});
        }
        template <class Pass>
        void backward(Pass& p, T const*, T const*, T* dy, T* dx) const {
            if (!dx)
                return;
            if (probability_ > 0)
                drop(p, dy, dx);
            else if (dx != dy)
                detail::map(p.executor, p.samples * shape_.size(), static_cast<T const*>(dy), dx,
                            detail::same{});
        }

    private:
        template <class Pass>
        void drop(Pass& p, T const* from, T* to) const {
            if constexpr (Pass::host)
                drop_here(p, from, to);
            else
                device_drop(detail::there{}, p, stream_, probability_, p.samples * shape_.size(), from, to);
        }
        template <class Pass>
        void drop_here(Pass& p, T const* from, T* to) const {
            generator const draws = p.draws(stream_);
            // 32 bits decide, whatever T: kept where bits >= least.
            auto const least = std::uint32_t(probability_ * 0x1p32);
            T const scale = T(1 / (1 - probability_));
            detail::for_pieces(p.executor, p.samples * shape_.size(), [=](index first, index last) {
                for (index i = first; i < last; i += 4) {
                    auto const four = draws.block(std::uint64_t(i) / 4);
                    for (index k = 0; k < 4; ++k)
                        to[i + k] = four.word[k] < least ? T(0) : scale * from[i + k];
                }
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
