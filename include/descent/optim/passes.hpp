// SPDX-License-Identifier: MIT
#pragma once

#include <utility>

#include <descent/optim/rule.hpp>
#include <descent/optim/sweep.hpp>

namespace descent {

/// Sweeps over memory that one step of the recipe takes: 1, and 1 more for each barrier.
template <class Recipe>
inline constexpr int passes = [] {
    using layout = detail::layout_of<decltype(detail::as_kernels(
        rule_at<float>(std::declval<Recipe const&>(), step_count{}, nullptr)))>;
    int count = 1;
    for (int k = layout::barrier_from(0); k < layout::count; k = layout::barrier_from(k + 1))
        ++count;
    return count;
}();

}  // namespace descent
