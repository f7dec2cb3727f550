// SPDX-License-Identifier: MIT
#pragma once

#include <limits>
#include <string_view>

#include <descent/core/math.hpp>
#include <descent/nn/detail/elementwise.hpp>
#include <descent/nn/layer.hpp>

// Functions of single numbers between layers. Each offers value(x) and either slope_from_output(y) or
// slope_from_input(x), for a number or a pack of them.
namespace descent::nn {

namespace detail {

template <class F>
struct value_of {
    F f;
    template <class V>
    DESCENT_FN V operator()(V x) const {
        return f.value(x);
    }
};
/// The slope by the input from the one by the output, and from y or x.
template <class F>
struct slope_by_output {
    F f;
    template <class V>
    DESCENT_FN V operator()(V y, V slope) const {
        return f.slope_from_output(y) * slope;
    }
};
template <class F>
struct slope_by_input {
    F f;
    template <class V>
    DESCENT_FN V operator()(V x, V slope) const {
        return f.slope_from_input(x) * slope;
    }
};

/// A function whose slope can be told from its output runs in place and keeps nothing; others keep x.
template <class F, class T>
class activation {
public:
    static constexpr bool by_output = requires(F const& f, T y) { f.slope_from_output(y); };
    static constexpr aliasing alias = by_output ? aliasing::in_place : aliasing::none;
    static constexpr bool reads_output = by_output;

    activation(F const& f, shape const& input) : f_(f), shape_(input) {}
    shape output() const { return shape_; }
    /// For a layer in front that does this layer's work with its own: see nn::sequential.
    F const& function() const { return f_; }

    template <class Pass>
    void forward(Pass& p, T const* x, T* y) const {
        map(p.executor, p.samples * shape_.size(), x, y, value_of<F>{f_});
    }
    template <class Pass>
    void backward(Pass& p, T const* x, T const* y, T* dy, T* dx) const {
        if (!dx)
            return;
        index const count = p.samples * shape_.size();
        T const* const slopes = dy;
        if constexpr (by_output)
            map(p.executor, count, y, slopes, dx, slope_by_output<F>{f_});
        else
            map(p.executor, count, x, slopes, dx, slope_by_input<F>{f_});
    }

private:
    F f_;
    shape shape_;
};

}  // namespace detail

/// max(0, x); slope 0 at 0. NaN stays NaN.
struct relu {
    static constexpr std::string_view name = "relu";

    template <class V>
    static DESCENT_FN V value(V x) {
        return max(x, V(0));
    }
    template <class V>
    static DESCENT_FN V slope_from_output(V y) {
        return select(y > V(0), V(1), V(0));
    }

    template <class T>
    auto bind(shape const& input, builder<T>&) const {
        return detail::activation<relu, T>(*this, input);
    }
};

/// x above 0, slope * x below (Maas, Hannun, Ng, 2013). bind throws descent::error unless 0 < slope < inf.
struct leaky_relu {
    double slope = 0.01;
    static constexpr std::string_view name = "leaky_relu";

    template <class V>
    DESCENT_FN V value(V x) const {
        return select(x > V(0), x, V(number_of<V>(slope)) * x);
    }
    template <class V>
    DESCENT_FN V slope_from_output(V y) const {
        return select(y > V(0), V(1), V(number_of<V>(slope)));
    }

    template <class T>
    auto bind(shape const& input, builder<T>& b) const {
        expect(slope > 0 && slope <= std::numeric_limits<float>::max(), b.where(name), ": slope = ", slope,
               ": must be finite and > 0");
        return detail::activation<leaky_relu, T>(*this, input);
    }
};

/// The hyperbolic tangent.
struct tanh_layer {
    static constexpr std::string_view name = "tanh";

    template <class V>
    static DESCENT_FN V value(V x) {
        return descent::tanh(x);
    }
    template <class V>
    static DESCENT_FN V slope_from_output(V y) {
        return V(1) - y * y;
    }

    template <class T>
    auto bind(shape const& input, builder<T>&) const {
        return detail::activation<tanh_layer, T>(*this, input);
    }
};

/// 1 / (1 + e^-x).
struct sigmoid_layer {
    static constexpr std::string_view name = "sigmoid";

    template <class V>
    static DESCENT_FN V value(V x) {
        return descent::sigmoid(x);
    }
    template <class V>
    static DESCENT_FN V slope_from_output(V y) {
        return y * (V(1) - y);
    }

    template <class T>
    auto bind(shape const& input, builder<T>&) const {
        return detail::activation<sigmoid_layer, T>(*this, input);
    }
};

/// x / (1 + e^-x), also called swish (Elfwing, Uchibe, Doya, 2017; Ramachandran, Zoph, Le, 2017).
struct silu {
    static constexpr std::string_view name = "silu";

    template <class V>
    static DESCENT_FN V value(V x) {
        return x * descent::sigmoid(x);
    }
    template <class V>
    static DESCENT_FN V slope_from_input(V x) {
        V const s = descent::sigmoid(x);
        return s + x * s * (V(1) - s);
    }

    template <class T>
    auto bind(shape const& input, builder<T>&) const {
        return detail::activation<silu, T>(*this, input);
    }
};

/// x times the standard normal distribution function, in the usual form by tanh: 0.5 x (1 + tanh(sqrt(2 / pi)
/// (x + 0.044715 x^3))) (Hendrycks, Gimpel: "Gaussian error linear units", 2016). Same numbers as
/// torch.nn.GELU(approximate='tanh').
struct gelu {
    static constexpr std::string_view name = "gelu";

    template <class V>
    static DESCENT_FN V value(V x) {
        return V(number_of<V>(0.5)) * x * (V(1) + descent::tanh(inner(x)));
    }
    template <class V>
    static DESCENT_FN V slope_from_input(V x) {
        using T = number_of<V>;
        V const t = descent::tanh(inner(x));
        V const inner_slope = V(T(root)) * (V(1) + V(T(3 * cubic)) * x * x);
        return V(T(0.5)) * (V(1) + t + x * (V(1) - t * t) * inner_slope);
    }

    template <class T>
    auto bind(shape const& input, builder<T>&) const {
        return detail::activation<gelu, T>(*this, input);
    }

private:
    static constexpr double root = 0.79788456080286536, cubic = 0.044715;

    template <class V>
    static DESCENT_FN V inner(V x) {
        using T = number_of<V>;
        return V(T(root)) * (x + V(T(cubic)) * x * x * x);
    }
};

}  // namespace descent::nn
