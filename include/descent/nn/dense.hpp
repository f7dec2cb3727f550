// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include <descent/exec/gemm.hpp>
#include <descent/nn/detail/rows.hpp>
#include <descent/nn/layer.hpp>

namespace descent::nn {

namespace detail {

/// What a product's last numbers become: a bias is added, if there is one, then f is applied.
template <class T, class F>
struct bias_then {
    T const* bias;
    F f;

    template <class V>
    DESCENT_FN V operator()(V sum, exec::place at) const {
        return f.value(bias ? sum + at.by_column<V>(bias) : sum);
    }
};

/// The slope by what f has had, from the one by f's output y.
template <class F>
struct scaled_slope {
    F f;

    template <class V>
    DESCENT_FN V operator()(V y, V slope) const {
        return f.slope_from_output(y) * slope;
    }
};

/// No function at all.
struct straight {
    template <class V>
    static DESCENT_FN V value(V x) {
        return x;
    }
};

}  // namespace detail

/// y = W x + b of a vector, or of each step of a sequence [steps, features]. Tensors: "weight" [outputs,
/// inputs], "bias" [outputs], as torch.nn.Linear. bind throws descent::error for outputs < 1 and for inputs of
/// another rank.
struct dense {
    index outputs = 0;
    bool bias = true;
    initializer weight = he_normal;
    static constexpr std::string_view name = "dense";

    template <class T>
    class bound {
    public:
        static constexpr aliasing alias = aliasing::none;
        static constexpr bool reads_output = false;
        static constexpr bool takes_function = true;  ///< see sequential: forward and backward with f

        bound(dense const& d, shape const& input, builder<T>& b)
            : steps_(input.rank() == 2 ? input[0] : 0),
              inputs_(input[input.rank() - 1]),
              outputs_(d.outputs),
              weight_(b.add("weight", {outputs_, inputs_}, d.weight)) {
            b.work((steps_ ? steps_ : 1) * inputs_ * outputs_);
            if (d.bias)
                bias_ = b.add("bias", {outputs_}, zeros);
        }
        shape output() const { return steps_ ? shape{steps_, outputs_} : shape{outputs_}; }

        template <class Pass>
        void forward(Pass& p, T const* x, T* y) const {
            forward(p, x, y, detail::straight{});
        }
        template <class Pass>
        void backward(Pass& p, T const* x, T const*, T* dy, T* dx) const {
            if (bias_.size)
                detail::sum_rows(p.executor, dy, rows_of(p), outputs_, p.slope(bias_));
            products(p, x, dy, dx);
        }

        /// With a function behind it, as activations are: y = f.value(W x + b), each number touched once.
        template <class Pass, class F>
        void forward(Pass& p, T const* x, T* y, F const& f) const {
            index const rows = rows_of(p);
            exec::gemm(p.executor, at(x, rows, inputs_), exec::transposed(matrix(p.weight(weight_))),
                       at(y, rows, outputs_),
                       detail::bias_then<T, F>{bias_.size ? p.weight(bias_) : nullptr, f});
        }
        /// Of the same: dy are slopes by f's output y, from which f tells its own slope.
        template <class Pass, class F>
        void backward(Pass& p, T const* x, T const* y, T* dy, T* dx, F const& f) const {
            index const rows = rows_of(p);
            T const* const slopes = dy;
            if (bias_.size)
                detail::scale_and_sum_rows(p.executor, f, y, dy, rows, outputs_, p.slope(bias_));
            else
                detail::map(p.executor, rows * outputs_, y, slopes, dy, detail::scaled_slope<F>{f});
            products(p, x, dy, dx);
        }

    private:
        template <class Pass>
        void products(Pass& p, T const* x, T const* dy, T* dx) const {
            index const rows = rows_of(p);
            exec::block<T const> const slopes = at(dy, rows, outputs_);
            exec::gemm(p.executor, exec::transposed(slopes), at(x, rows, inputs_), matrix(p.slope(weight_)));
            if (dx)
                exec::gemm(p.executor, slopes, matrix(p.weight(weight_)), at(dx, rows, inputs_));
        }
        template <class Pass>
        index rows_of(Pass const& p) const {
            return p.samples * (steps_ ? steps_ : 1);
        }
        template <class U>
        static exec::block<U> at(U* data, index rows, index columns) {
            return {data, rows, columns, columns};
        }
        template <class U>
        exec::block<U> matrix(U* w) const {
            return {w, outputs_, inputs_, inputs_};
        }

        index steps_, inputs_, outputs_;
        parameter weight_, bias_;
    };

    template <class T>
    bound<T> bind(shape const& input, builder<T>& b) const {
        expect(outputs >= 1, b.where(name), ": outputs = ", outputs, ": must be >= 1");
        expect((input.rank() == 1 || input.rank() == 2) && input.size() > 0, b.where(name), ": input is ",
               input.text(), ": must be [features] or [steps, features]; nn::flatten{} makes a vector");
        return {*this, input, b};
    }
};

}  // namespace descent::nn
