// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>
#include <utility>

#include <descent/nn/detail/elementwise.hpp>
#include <descent/nn/detail/watched.hpp>
#include <descent/nn/layer.hpp>

namespace descent::nn {

/// The input itself: the shortcut of a residual block.
struct identity {
    static constexpr std::string_view name = "identity";

    template <class T>
    struct bound {
        static constexpr aliasing alias = aliasing::view;
        static constexpr bool reads_output = false;
        shape extents;

        shape output() const { return extents; }
        template <class Pass>
        void forward(Pass&, T const*, T*) const {}
        template <class Pass>
        void backward(Pass&, T const*, T const*, T*, T*) const {}
    };

    template <class T>
    bound<T> bind(shape const& input, builder<T>&) const {
        return {input};
    }
};

/// y = body(x) + shortcut(x) (He, Zhang, Ren, Sun: "Deep residual learning for image recognition", 2016).
/// Tensors of the body and the shortcut are named as the children of a block are, "body.0.weight", unless they
/// are nn::named. bind throws descent::error unless both give one shape.
///
///     nn::residual{nn::sequential{nn::dense{64}, nn::relu{}, nn::dense{64}}}
template <class Body, class Shortcut = identity>
struct residual {
    Body body;
    Shortcut shortcut = {};
    static constexpr std::string_view name = "residual";

    template <class T>
    class bound {
        using body_layer = bound_layer<Body, T>;
        using shortcut_layer = bound_layer<Shortcut, T>;
        static constexpr bool straight = shortcut_layer::alias == aliasing::view;
        static constexpr bool own_output = body_layer::reads_output;

    public:
        static constexpr aliasing alias = aliasing::none;
        static constexpr bool reads_output = false;
        static constexpr bool checks_input =
            detail::checks_input<body_layer> || detail::checks_input<shortcut_layer>;

        bound(residual const& r, shape const& input, builder<T>& b)
            : inputs_(input.size()),
              body_(bind(r.body, "body", input, b)),
              shortcut_(bind(r.shortcut, "shortcut", input, b)) {
            expect(body_.output() == shortcut_.output(), b.where(name), ": the body gives ",
                   body_.output().text(), ", the shortcut ", shortcut_.output().text(), ": must be one shape");
            index const size = body_.output().size();
            if constexpr (own_output)
                of_body_ = b.keep(size);
            if constexpr (!straight)
                of_shortcut_ = b.keep(size);
            slopes_ = b.pass_above(size);
            more_ = b.pass_above(inputs_);
        }

        shape output() const { return body_.output(); }
        void check_input(T const* x, index sample) const {
            detail::check_input(body_, x, sample);
            detail::check_input(shortcut_, x, sample);
        }

        template <class Pass>
        void forward(Pass& p, T const* x, T* y) const {
            T* const own = own_output ? p.at(of_body_) : y;
            T const* beside = x;
            detail::enter(p, 0);
            body_.forward(p, x, own);
            detail::show(p, x, static_cast<T const*>(own));
            detail::leave(p);
            if constexpr (!straight) {
                detail::enter(p, 1);
                shortcut_.forward(p, x, p.at(of_shortcut_));
                detail::show(p, x, static_cast<T const*>(p.at(of_shortcut_)));
                detail::leave(p);
                beside = p.at(of_shortcut_);
            }
            detail::map(p.executor, p.samples * output().size(), static_cast<T const*>(own), beside, y,
                        detail::added{});
        }

        template <class Pass>
        void backward(Pass& p, T const* x, T const* y, T* dy, T* dx) const {
            index const size = p.samples * output().size();
            T const* const own = own_output ? p.at(of_body_) : y;
            T* const copy = p.at(slopes_);
            detail::map(p.executor, size, static_cast<T const*>(dy), copy, detail::same{});
            detail::enter(p, 0);
            body_.backward(p, x, own, copy, dx);
            detail::leave(p);
            if constexpr (straight) {
                if (dx)
                    detail::add_to(p.executor, size, static_cast<T const*>(dy), dx);
            } else {
                T* const more = dx ? p.at(more_) : nullptr;
                detail::enter(p, 1);
                shortcut_.backward(p, x, p.at(of_shortcut_), dy, more);
                detail::leave(p);
                if (dx)
                    detail::add_to(p.executor, p.samples * inputs_, static_cast<T const*>(more), dx);
            }
        }

    private:
        template <class Layer>
        static auto bind(Layer const& layer, std::string_view usual, shape const& input, builder<T>& b) {
            std::string_view label = usual;
            if constexpr (requires { layer.label; })
                label = layer.label;
            return b.inside(label, layer, input);
        }

        index inputs_;
        body_layer body_;
        shortcut_layer shortcut_;
        region of_body_, of_shortcut_, slopes_, more_;
    };

    template <class T>
    bound<T> bind(shape const& input, builder<T>& b) const {
        return {*this, input, b};
    }
};

template <class Body>
residual(Body) -> residual<Body>;
template <class Body, class Shortcut>
residual(Body, Shortcut) -> residual<Body, Shortcut>;

}  // namespace descent::nn
