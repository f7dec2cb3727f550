// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include <descent/nn/layer.hpp>

namespace descent::nn {

/// The same numbers as one vector: [channels, height, width] -> [channels * height * width]. Costs nothing.
struct flatten {
    static constexpr std::string_view name = "flatten";

    template <class T>
    struct bound {
        static constexpr aliasing alias = aliasing::view;
        static constexpr bool reads_output = false;
        index size;

        shape output() const { return {size}; }
        template <class Pass>
        void forward(Pass&, T const*, T*) const {}
        template <class Pass>
        void backward(Pass&, T const*, T const*, T*, T*) const {}
    };

    template <class T>
    bound<T> bind(shape const& input, builder<T>&) const {
        return {input.size()};
    }
};

}  // namespace descent::nn
