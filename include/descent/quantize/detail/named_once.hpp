// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <functional>
#include <string_view>
#include <vector>

#include <descent/core/error.hpp>

namespace descent::quantize::detail {

/// Throws descent::error, naming `who`, where two of the items, or their members `name`, are the same: "pack:
/// tensor 'weight' is named twice".
template <class Items, class Name = std::identity>
void expect_named_once(std::string_view who, Items const& items, Name const& name = {}) {
    std::vector<std::string_view> names;
    for (auto const& each : items)
        names.push_back(std::invoke(name, each));
    std::sort(names.begin(), names.end());
    auto const twice = std::adjacent_find(names.begin(), names.end());
    if (twice != names.end())
        fail(who, ": tensor '", *twice, "' is named twice");
}

}  // namespace descent::quantize::detail
