// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <string_view>
#include <tuple>
#include <utility>

#include <descent/nn/detail/elementwise.hpp>
#include <descent/nn/detail/watched.hpp>
#include <descent/nn/layer.hpp>

namespace descent::nn {

namespace detail {

/// f(constant 0), f(constant 1), ... below N.
template <std::size_t N, class F>
constexpr void each_index(F const& f) {
    [&]<std::size_t... I>(std::index_sequence<I...>) { (f(std::integral_constant<std::size_t, I>{}), ...); }
    (std::make_index_sequence<N>{});
}

}  // namespace detail

/// Layers one behind the other. Tensors are named by a layer's place: "0.weight", "2.bias", as in
/// torch.nn.Sequential.
///
///     nn::sequential{nn::dense{256}, nn::relu{}, nn::dense{10}}
template <class... L>
struct sequential {
    static_assert(sizeof...(L) > 0, "nn::sequential needs a layer");
    std::tuple<L...> layers;
    static constexpr std::string_view name = "sequential";

    constexpr sequential(L... each) : layers(std::move(each)...) {}

    template <class T>
    class bound {
        static constexpr std::size_t count = sizeof...(L);
        using children = std::tuple<bound_layer<L, T>...>;
        template <std::size_t I>
        using child = std::tuple_element_t<I, children>;

    public:
        static constexpr aliasing alias = aliasing::none;

        bound(sequential const& s, shape const& input, builder<T>& b)
            : layers_(bind(s, input, b, std::index_sequence_for<L...>{})) {}

        shape output() const { return std::get<count - 1>(layers_).output(); }

        template <class Pass>
        void forward(Pass& p, T const* x, T* y) const {
            auto const at = outputs_of(p, y);
            detail::each_index<count>([&](auto i) {
                constexpr bool apart = detail::watches_numbers<Pass>;
                if constexpr (way[i] != aliasing::view && (apart || !taken(i))) {
                    detail::enter(p, i);
                    if constexpr (takes_next[i] && !apart)
                        std::get<i>(layers_).forward(p, input_of(i, x, at), at[i],
                                                     std::get<i + 1>(layers_).function());
                    else
                        std::get<i>(layers_).forward(p, input_of(i, x, at), at[i]);
                    detail::show(p, input_of(i, x, at), static_cast<T const*>(at[i]));
                    detail::leave(p);
                }
            });
            if constexpr (only_views)
                copy(p, x, y);
        }

        template <class Pass>
        void backward(Pass& p, T const* x, T const* y, T* dy, T* dx) const {
            auto const at = outputs_of(p, const_cast<T*>(y));
            T* slopes = dy;
            int turn = 0;
            detail::each_index<count>([&](auto reversed) {
                constexpr std::size_t i = count - 1 - reversed;
                if constexpr (way[i] == aliasing::view || taken(i))
                    return;
                T* to = slopes;
                if constexpr (way[i] == aliasing::none)
                    to = i <= first_owner ? dx : p.at(slopes_[std::size_t(turn++ % 2)]);
                detail::enter(p, i);
                if constexpr (takes_next[i])
                    std::get<i>(layers_).backward(p, input_of(i, x, at), at[i], slopes, to,
                                                  std::get<i + 1>(layers_).function());
                else
                    std::get<i>(layers_).backward(p, input_of(i, x, at), at[i], slopes, to);
                detail::leave(p);
                slopes = to;
            });
            if constexpr (only_views)
                if (dx)
                    copy(p, dy, dx);
        }

    private:
        // Which child writes over its input: one that can, behind one that does not need that any more.
        static constexpr std::array<aliasing, count> ways() {
            std::array<aliasing, count> chosen{};
            std::array<aliasing, count> const can{bound_layer<L, T>::alias...};
            std::array<bool, count> const reads{bound_layer<L, T>::reads_output...};
            bool owned = false, needed = false;  // are the numbers so far ours, does a backward read them?
            for (std::size_t i = 0; i < count; ++i) {
                if (can[i] == aliasing::view) {
                    chosen[i] = aliasing::view;
                } else {
                    chosen[i] =
                        can[i] == aliasing::in_place && owned && !needed ? aliasing::in_place : aliasing::none;
                    owned = true;
                    needed = reads[i];
                }
            }
            return chosen;
        }
        static constexpr std::array<aliasing, count> way = ways();
        /// The first child with an output of its own.
        static constexpr std::size_t first_owner = [] {
            std::size_t i = 0;
            while (i < count && way[i] == aliasing::view)
                ++i;
            return i;
        }();
        static constexpr bool only_views = first_owner == count;
        /// The last child whose output is where child i has written.
        static constexpr std::array<bool, count> writes_last = [] {
            std::array<bool, count> last{};
            for (std::size_t i = count; i-- > 0;) {
                last[i] = true;
                if (way[i] == aliasing::none)
                    break;
            }
            return last;
        }();

        /// Which child does the next one's work too: one that can take a function into its own loops, before an
        /// activation that tells its slope from its output and writes over its input.
        template <std::size_t I>
        static constexpr bool can_take_next() {
            if constexpr (I + 1 < count)
                return way[I + 1] == aliasing::in_place && requires {
                    requires child<I>::takes_function && child<I + 1>::by_output;
                };
            else
                return false;
        }
        static constexpr std::array<bool, count> takes_next = []<std::size_t... I>(std::index_sequence<I...>) {
            return std::array<bool, count>{can_take_next<I>()...};
        }
        (std::make_index_sequence<count>{});
        static constexpr bool taken(std::size_t i) { return i > 0 && takes_next[i - 1]; }

    public:
        static constexpr bool reads_output = [] {
            std::array<bool, count> const reads{bound_layer<L, T>::reads_output...};
            for (std::size_t i = count; i-- > 0;)
                if (way[i] != aliasing::view)
                    return reads[i];
            return false;
        }();
        static constexpr bool checks_input = [] {
            if constexpr (!only_views)
                return detail::checks_input<child<first_owner>>;
            return false;
        }();
        void check_input(T const* x, index sample) const {
            if constexpr (checks_input)
                std::get<first_owner>(layers_).check_input(x, sample);
        }

    private:
        template <std::size_t... I>
        children bind(sequential const& s, shape input, builder<T>& b, std::index_sequence<I...>) {
            index widest = input.size();
            auto const one = [&]<std::size_t K>(std::integral_constant<std::size_t, K>) {
                auto const& description = std::get<K>(s.layers);
                auto made = b.inside(child_name(description, K), description, input);
                input = made.output();
                widest = std::max(widest, input.size());
                if (way[K] == aliasing::none && !writes_last[K])
                    outputs_[K] = b.keep_output(input.size());
                return made;
            };
            children made{one(std::integral_constant<std::size_t, I>{})...};  // braces keep the order
            slopes_ = {b.pass_above(widest), b.pass_above(widest)};
            return made;
        }

        template <class Pass>
        std::array<T*, count> outputs_of(Pass& p, T* y) const {
            std::array<T*, count> at{};
            T* last = nullptr;
            std::size_t turn = 0;
            for (std::size_t i = 0; i < count; ++i) {
                // Only backward needs all outputs; without it two buffers serve in turns and stay in cache.
                if (way[i] == aliasing::none)
                    last = writes_last[i] ? y : p.at(p.training ? outputs_[i] : slopes_[turn++ % 2]);
                at[i] = last;  // null while there are only views: the input itself
            }
            return at;
        }
        static T const* input_of(std::size_t i, T const* x, std::array<T*, count> const& at) {
            return i == 0 || !at[i - 1] ? x : at[i - 1];
        }
        template <class Pass>
        void copy(Pass& p, T const* from, T* to) const {
            detail::map(p.executor, p.samples * output().size(), from, to, detail::same{});
        }

        std::array<region, count> outputs_{};
        std::array<region, 2> slopes_{};
        children layers_;
    };

    template <class T>
    bound<T> bind(shape const& input, builder<T>& b) const {
        return {*this, input, b};
    }
};

}  // namespace descent::nn
