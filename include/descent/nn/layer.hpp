// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>
#include <string_view>

#include <descent/core/tensor.hpp>
#include <descent/exec/serial.hpp>
#include <descent/nn/builder.hpp>
#include <descent/nn/pass.hpp>

// A layer is two things. The description is an aggregate of settings, what users write:
//
//     struct dense {
//         index outputs = 0;
//         static constexpr std::string_view name = "dense";
//         template <class T> bound<T> bind(shape const& input, builder<T>&) const;
//     };
//
// bind() checks the shape of ONE sample's input, asks the builder for tensors and workspace, and gives the
// bound layer, which knows no addresses (networks can be copied) and runs batches, sample after sample in
// memory:
//
//     template <class T> struct dense::bound {
//         static constexpr aliasing alias = aliasing::none;
//         static constexpr bool reads_output = false;             // does backward read y?
//         shape output() const;                                   // of one sample
//         void forward(pass& p, T const* x, T* y) const;
//         void backward(pass& p, T const* x, T const* y, T* dy, T* dx) const;
//     };
//
// backward gets the slopes dy of the loss by the outputs and may overwrite them; it overwrites dx, unless that
// is nullptr, and its tensors' part of p.slopes. It runs after a forward with p.training of the same batch.
// A layer that cannot read all numbers (class numbers, say) has beside this
//
//         static constexpr bool checks_input = true;
//         void check_input(T const* x, index sample) const;       // of one sample; throws, naming it
//
// Buffers of a batch may be read and written up to the next whole 64 bytes.
namespace descent::nn {

/// Where a layer's output may lie.
enum class aliasing : char {
    none,      ///< y is not x
    in_place,  ///< y may be x, and dx may be dy: backward does not read x
    view       ///< the numbers stay as they are: y is x, dx is dy, nothing runs
};

/// What sequential, residual and network are made of; see above.
template <class L, class T = float>
concept layer = requires(L const& description, shape const& input, builder<T>& b) {
    { L::name } -> std::convertible_to<std::string_view>;
    { description.template bind<T>(input, b).output() } -> std::convertible_to<shape>;
};

/// What a layer's bind<T> gives.
template <class L, class T>
using bound_layer = decltype(std::declval<L const&>().template bind<T>(std::declval<shape const&>(),
                                                                       std::declval<builder<T>&>()));

/// The next layer's name among its neighbours: its own, if it is a named one, or its number.
template <class L>
std::string child_name(L const& child, std::size_t number) {
    if constexpr (requires { child.label; })
        return std::string(child.label);
    else
        return std::to_string(number);
}

}  // namespace descent::nn
