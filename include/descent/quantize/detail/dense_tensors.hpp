// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include <descent/core/error.hpp>
#include <descent/core/params.hpp>
#include <descent/core/tensor.hpp>
#include <descent/exec/block.hpp>

namespace descent::quantize::detail {

/// A dense layer among parameters.
template <class T>
struct dense_tensors {
    exec::block<T const> weights;  ///< [outputs, inputs]
    vector<float> bias;            ///< or none
};

/// "<layer>.weight" and "<layer>.bias", without the point where the layer has no name. Throws descent::error,
/// naming `who`, where there is no such matrix.
template <class T>
dense_tensors<T> dense_tensors_of(std::string_view who, params<T> const& from, std::string_view layer) {
    std::string const front = layer.empty() ? "" : text(layer, ".");
    auto const weight = from[front + "weight"];
    expect(weight.extents.rank() == 2, who, ": '", front, "weight' is ", weight.extents.text(),
           ": must be [outputs, inputs]");
    vector<float> bias;
    if (from.find(front + "bias")) {
        auto const numbers = from[front + "bias"];
        bias.resize(numbers.size());
        std::copy_n(numbers.data, numbers.size(), bias.data());
    }
    return {exec::as_block(weight), std::move(bias)};
}

}  // namespace descent::quantize::detail
