// SPDX-License-Identifier: MIT
#pragma once

#include <descent/core/tensor.hpp>

namespace descent::nn {

/// Height and width of a kernel, a stride, a padding: {3, 5}, or one number for both.
struct extent2 {
    index height = 1, width = 1;

    constexpr extent2() = default;
    constexpr extent2(index both) : height(both), width(both) {}
    constexpr extent2(index h, index w) : height(h), width(w) {}

    friend constexpr bool operator==(extent2 const&, extent2 const&) = default;
};

}  // namespace descent::nn
