// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include <descent/nn/detail/elementwise.hpp>
#include <descent/nn/detail/watched.hpp>
#include <descent/nn/layer.hpp>
#include <descent/nn/sequential.hpp>

namespace descent::nn {

template <class T>
class onnx_export;

namespace detail {

/// f(constant i, the bound layer) of the alternative that the variant holds.
template <class... Bound, class F>
void with_held(std::variant<Bound...> const& held, F const& f) {
    each_index<sizeof...(Bound)>([&](auto i) {
        if (auto const* const layer = std::get_if<i>(&held))
            f(i, *layer);
    });
}

/// A layer's forward and backward into memory of its own, a view's too.
template <class Layer, class Pass, class T>
void forward_apart(Layer const& layer, Pass& p, T const* x, T* y) {
    if constexpr (Layer::alias == aliasing::view) {
        map(p.executor, p.samples * layer.output().size(), x, y, same{});
    } else {
        layer.forward(p, x, y);
        show(p, x, static_cast<T const*>(y));
    }
}
template <class Layer, class Pass, class T>
void backward_apart(Layer const& layer, Pass& p, T const* x, T const* y, T* dy, T* dx) {
    if constexpr (Layer::alias == aliasing::view) {
        if (dx && dx != dy)
            map(p.executor, p.samples * layer.output().size(), static_cast<T const*>(dy), dx, same{});
    } else {
        layer.backward(p, x, y, dy, dx);
    }
}

}  // namespace detail

/// One layer of several kinds, chosen when the network is made: networks whose shape a program decides, such as
/// those of an architecture search. Only the chosen one has tensors; they are named by its place in the list:
/// "2.weight". What a step does is one branch more than the layer by itself.
///
///     using activation = nn::choice<nn::relu, nn::silu, nn::tanh_layer>;
///     nn::network net{nn::input<float>{64}, nn::sequential{nn::dense{32}, activation{nn::silu{}},
///                                                          nn::dense{10}}};
template <class... L>
struct choice {
    static_assert(sizeof...(L) > 0, "nn::choice needs a layer");
    std::variant<L...> layer;
    static constexpr std::string_view name = "choice";

    template <class T>
    class bound {
        using held = std::variant<bound_layer<L, T>...>;
        // No relation of y and x holds for all, unless all can write over their input.
        static constexpr bool in_place = ((bound_layer<L, T>::alias == aliasing::in_place) && ...);

    public:
        static constexpr aliasing alias = in_place ? aliasing::in_place : aliasing::none;
        static constexpr bool reads_output = (bound_layer<L, T>::reads_output || ...);
        static constexpr bool checks_input = (detail::checks_input<bound_layer<L, T>> || ...);

        bound(choice const& c, shape const& input, builder<T>& b) : layer_(bind<0>(c, input, b)) {
            detail::with_held(layer_, [&](auto, auto const& made) { output_ = made.output(); });
        }

        shape output() const { return output_; }
        void check_input(T const* x, index sample) const {
            detail::with_held(layer_, [&](auto, auto const& made) { detail::check_input(made, x, sample); });
        }

        template <class Pass>
        void forward(Pass& p, T const* x, T* y) const {
            detail::enter(p, 0);
            detail::with_held(layer_, [&](auto, auto const& made) { detail::forward_apart(made, p, x, y); });
            detail::leave(p);
        }
        template <class Pass>
        void backward(Pass& p, T const* x, T const* y, T* dy, T* dx) const {
            detail::enter(p, 0);
            detail::with_held(layer_,
                              [&](auto, auto const& made) { detail::backward_apart(made, p, x, y, dy, dx); });
            detail::leave(p);
        }

    private:
        template <std::size_t I>
        static held bind(choice const& c, shape const& input, builder<T>& b) {
            if constexpr (I + 1 < sizeof...(L))
                if (c.layer.index() != I)
                    return bind<I + 1>(c, input, b);
            auto const& chosen = std::get<I>(c.layer);
            return held(std::in_place_index<I>, b.inside(child_name(chosen, I), chosen, input));
        }

        shape output_;
        held layer_;
    };

    template <class T>
    bound<T> bind(shape const& input, builder<T>& b) const {
        return {*this, input, b};
    }
};

/// The nodes of the one that was chosen: see nn/onnx.hpp.
template <class T, class... L>
std::string onnx_node(choice<L...> const& c, shape const& input, std::string const& x, onnx_export<T>& to) {
    std::string result;
    detail::with_held(
        c.layer, [&](auto i, auto const& layer) { result = to.inside(child_name(layer, i), layer, input, x); });
    return result;
}

}  // namespace descent::nn
