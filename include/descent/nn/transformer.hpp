// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string_view>

#include <descent/nn/activation.hpp>
#include <descent/nn/attention.hpp>
#include <descent/nn/dense.hpp>
#include <descent/nn/dropout.hpp>
#include <descent/nn/layer_norm.hpp>
#include <descent/nn/named.hpp>
#include <descent/nn/residual.hpp>
#include <descent/nn/sequential.hpp>

namespace descent::nn {

namespace detail {

/// One of two layers, chosen when it is bound.
template <class A, class B>
struct either {
    bool first;
    A a;
    B b;
    static constexpr std::string_view name = "either";

    template <class T>
    class bound {
    public:
        static constexpr aliasing alias = aliasing::none;
        static constexpr bool reads_output = bound_layer<A, T>::reads_output || bound_layer<B, T>::reads_output;

        bound(either const& d, shape const& input, builder<T>& builder) {
            builder.called(d.first ? A::name : B::name);
            if (d.first)
                a_.emplace(d.a.template bind<T>(input, builder));
            else
                b_.emplace(d.b.template bind<T>(input, builder));
        }
        shape output() const { return a_ ? a_->output() : b_->output(); }
        template <class Pass>
        void forward(Pass& p, T const* x, T* y) const {
            a_ ? a_->forward(p, x, y) : b_->forward(p, x, y);
        }
        template <class Pass>
        void backward(Pass& p, T const* x, T const* y, T* dy, T* dx) const {
            a_ ? a_->backward(p, x, y, dy, dx) : b_->backward(p, x, y, dy, dx);
        }

    private:
        std::optional<bound_layer<A, T>> a_;
        std::optional<bound_layer<B, T>> b_;
    };

    template <class T>
    bound<T> bind(shape const& input, builder<T>& builder) const {
        return {*this, input, builder};
    }
};
template <class A, class B>
either(bool, A, B) -> either<A, B>;

}  // namespace detail

/// One block of a transformer's encoder over [steps, features] (Vaswani et al., 2017): self-attention, then two
/// dense layers at every step, each added to its input. Layers of norm stand in front of both parts (Xiong et
/// al.: "On layer normalization in the transformer architecture", 2020), or behind the sums as in the paper.
/// Tensors and numbers are those of torch.nn.TransformerEncoderLayer: "norm1", "self_attn", "norm2", "linear1",
/// "linear2", though in another order where the norms stand behind; its gelu is nn::gelu. bind throws
/// descent::error where nn::attention or nn::dropout would, and for width < 0.
struct transformer_block {
    enum class curve : char { gelu, relu };
    index heads = 1;
    index width = 0;  ///< of the dense layer in between; 0: 4 times the features
    double dropout = 0.1;
    bool norm_first = true;
    curve activation = curve::gelu;
    static constexpr std::string_view name = "transformer_block";

    template <class T>
    auto bind(shape const& input, builder<T>& b) const {
        expect(width >= 0, b.where(name), ": width = ", width, ": must be >= 0");
        expect(input.rank() == 2 && input.size() > 0, b.where(name), ": input is ", input.text(),
               ": must be [steps, features]");
        index const features = input[1];
        named const norm1{"norm1", layer_norm{}}, norm2{"norm2", layer_norm{}};
        nn::dropout const drop{dropout};
        sequential const look{named{"self_attn", attention{heads, dropout}}, drop};
        sequential const think{named{"linear1", dense{width ? width : 4 * features}},
                               detail::either{activation == curve::gelu, gelu{}, relu{}}, drop,
                               named{"linear2", dense{features}}, drop};
        auto const plain = [](auto const& layer) { return named{"", layer}; };
        return detail::either{
            norm_first,
            sequential{plain(residual{plain(sequential{norm1, plain(look)})}),
                       plain(residual{plain(sequential{norm2, plain(think)})})},
            sequential{plain(residual{plain(look)}), norm1, plain(residual{plain(think)}), norm2}}
            .template bind<T>(input, b);
    }
};

}  // namespace descent::nn
