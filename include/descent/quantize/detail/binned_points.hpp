// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include <descent/quantize/detail/sorted_points.hpp>

namespace descent::quantize::detail {

/// Numbers gathered in bins of equal width between the lowest and the highest: a point a bin that holds any,
/// with the exact sums of its numbers.
template <class T>
point_sums binned_points(std::span<T const> numbers, std::span<T const> weights, double low, double high,
                         index bins) {
    struct bin {
        double mass, first, second;
    };
    std::vector<bin> all(std::size_t(bins), bin{});
    double const center = low + (high - low) / 2, scale = double(bins) / (high - low);
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        double const w = weights.empty() ? 1 : double(weights[i]), x = double(numbers[i]) - center;
        bin& at = all[std::size_t(std::min(bins - 1, index((double(numbers[i]) - low) * scale)))];
        at.mass += w;
        at.first += w * x;
        at.second += w * x * x;
    }
    point_sums sums(index(std::count_if(all.begin(), all.end(), [](bin const& b) { return b.mass > 0; })));
    sums.center = center;
    index at = 0;
    for (bin const& b : all)
        if (b.mass > 0)
            sums.add(at++, b.mass, b.first, b.second);
    return sums;
}

}  // namespace descent::quantize::detail
