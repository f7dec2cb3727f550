// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <string_view>
#include <tuple>
#include <utility>

#include <descent/nn/choice.hpp>
#include <descent/nn/detail/elementwise.hpp>
#include <descent/nn/detail/watched.hpp>
#include <descent/nn/layer.hpp>
#include <descent/nn/sequential.hpp>

namespace descent::nn {

/// Layers side by side of which one runs: the place of a supernet where architectures that share their weights
/// differ (Guo et al.: "Single path one-shot neural architecture search with uniform sampling", 2020). The
/// state tensor "chosen" [layers] tells which: that of the largest number, of equal ones the first. Checkpoints
/// keep it, and it may be written between two steps; search::one_shot draws it for each.
///
///     nn::candidates{nn::conv2d{.channels = 8, .kernel = 1}, nn::identity{}}
///
/// The others do nothing in a step: their running statistics stay, and their gradients are 0 (a recipe inside
/// search::touched leaves their weights and slots as they are). All have tensors: "0.weight", "1.weight"; those
/// that nn::choice gives the layer it is left with, see only(). bind throws descent::error unless all give one
/// shape. Runs on the host alone: on a device, where steps are recorded, forward throws.
template <class... L>
struct candidates {
    static_assert(sizeof...(L) > 0, "nn::candidates needs a layer");
    std::tuple<L...> layers;
    static constexpr std::string_view name = "candidates";

    constexpr candidates(L... each) : layers(std::move(each)...) {}

    /// Number i alone, with the same names of tensors. Throws descent::error where there is no such layer.
    choice<L...> only(index i) const {
        expect(i >= 0 && i < index(sizeof...(L)), "candidates: only(", i, "): must be in [0, ", sizeof...(L),
               ")");
        return pick<0>(std::size_t(i));
    }

    template <class T>
    class bound {
        static constexpr std::size_t count = sizeof...(L);
        using children = std::tuple<bound_layer<L, T>...>;

    public:
        static constexpr aliasing alias = aliasing::none;
        static constexpr bool reads_output = (bound_layer<L, T>::reads_output || ...);
        static constexpr bool checks_input = (detail::checks_input<bound_layer<L, T>> || ...);

        bound(candidates const& c, shape const& input, builder<T>& b)
            : chosen_(b.add_state("chosen", {index(count)}, 0)),
              layers_(bind(c, input, b, std::index_sequence_for<L...>{})) {
            detail::each_index<count>([&](auto i) {
                expect(std::get<i>(layers_).output() == output(), b.where(name), ": layer 0 gives ",
                       output().text(), ", layer ", std::size_t(i), " ", std::get<i>(layers_).output().text(),
                       ": must be one shape");
            });
        }

        shape output() const { return std::get<0>(layers_).output(); }
        void check_input(T const* x, index sample) const {
            detail::each_index<count>([&](auto i) { detail::check_input(std::get<i>(layers_), x, sample); });
        }

        template <class Pass>
        void forward(Pass& p, T const* x, T* y) const {
            with_chosen(p, [&](auto i) {
                detail::enter(p, i);
                detail::forward_apart(std::get<i>(layers_), p, x, y);
                detail::leave(p);
            });
        }
        template <class Pass>
        void backward(Pass& p, T const* x, T const* y, T* dy, T* dx) const {
            with_chosen(p, [&](auto i) {
                T* const slopes = p.slopes;
                auto const clear = [&](parameter const& stretch) {
                    detail::for_pieces(p.executor, stretch.size, [=](index first, index last) {
                        std::fill(slopes + stretch.offset + first, slopes + stretch.offset + last, T(0));
                    });
                };
                clear({room_[0].offset, room_[i].offset - room_[0].offset});
                clear({room_[i].offset + room_[i].size,
                       room_[count - 1].offset + room_[count - 1].size - room_[i].offset - room_[i].size});
                detail::enter(p, i);
                detail::backward_apart(std::get<i>(layers_), p, x, y, dy, dx);
                detail::leave(p);
            });
        }

    private:
        /// f(constant i) of the one that runs.
        template <class Pass, class F>
        void with_chosen(Pass const& p, F const& f) const {
            if constexpr (Pass::host) {
                T const* const flags = p.stored(chosen_);
                auto const chosen = std::max_element(flags, flags + count) - flags;
                detail::each_index<count>([&](auto i) {
                    if (chosen == index(i))
                        f(i);
                });
            } else {
                fail("candidates: which layer runs is told on the host: a device cannot run them");
            }
        }

        template <std::size_t... I>
        children bind(candidates const& c, shape const& input, builder<T>& b, std::index_sequence<I...>) {
            auto const one = [&](auto const& layer, std::size_t number) {
                index const first = trained_room(b);
                auto made = b.inside(child_name(layer, number), layer, input);
                room_[number] = {first, trained_room(b) - first};
                return made;
            };
            return children{one(std::get<I>(c.layers), I)...};
        }
        static index trained_room(builder<T> const& b) {
            index room = 0;
            for (auto const& tensor : b.trained())
                room += params<T>::padded(tensor.extents.size());
            return room;
        }

        parameter chosen_;
        std::array<parameter, count> room_{};  // where the tensors of each one lie
        children layers_;
    };

    template <class T>
    bound<T> bind(shape const& input, builder<T>& b) const {
        return {*this, input, b};
    }

private:
    template <std::size_t I>
    choice<L...> pick(std::size_t i) const {
        if constexpr (I + 1 < sizeof...(L))
            if (i != I)
                return pick<I + 1>(i);
        return {std::variant<L...>(std::in_place_index<I>, std::get<I>(layers))};
    }
};

}  // namespace descent::nn
