// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstddef>
#include <vector>

#include <descent/core/math.hpp>
#include <descent/core/pack.hpp>

namespace descent::solve::detail {

/// What the best bias is sought for: the scores without it, and each sample's weight and label.
struct scored {
    std::vector<double> z, cost, label;

    explicit scored(std::size_t samples) : z(samples), cost(samples), label(samples) {}

    /// sum cost_i loss'(z_i + b)
    template <class Loss>
    double slope(Loss const& loss, double b) const {
        using V = native_pack<double>;
        constexpr std::size_t lanes = std::size_t(lanes_of<V>);
        V total(0.0);
        std::size_t i = 0;
        for (; i + lanes <= z.size(); i += lanes)
            total += load_unaligned<V>(&cost[i]) *
                     loss.slope(load_unaligned<V>(&z[i]) + V(b), load_unaligned<V>(&label[i]));
        double rest = descent::sum(total);
        for (; i < z.size(); ++i)
            rest += cost[i] * loss.slope(z[i] + b, label[i]);
        return rest;
    }
};

/// The b that minimizes sum cost_i loss(z_i + b), from a first guess, to `enough` of that sum: the slope's sign
/// change is bracketed and cut, by the secant where that helps (Illinois; Dowell & Jarratt, 1971). The guess
/// where no slope of it is finite or it never changes sign.
template <class Loss>
double best_bias(Loss const& loss, scored const& all, double guess, double enough) {
    double low = guess, at_low = all.slope(loss, low);
    if (!(std::abs(at_low) > 0))
        return guess;
    // Outwards until the slope changes its sign.
    double high = low, at_high = at_low;
    for (double reach = 1e-3 * (1 + std::abs(guess)); (at_low < 0) == (at_high < 0) && at_high != 0;
         reach *= 4) {
        if (!(reach < 1e12))
            return guess;
        low = high, at_low = at_high;
        high = guess + (at_low < 0 ? reach : -reach);
        at_high = all.slope(loss, high);
    }
    for (int cut = 0; cut < 60 && at_high != 0 && std::abs(high - low) > 1e-14 * (1 + std::abs(low)); ++cut) {
        double const share = cut % 3 == 2 ? 0.5 : at_low / (at_low - at_high);
        double const middle = low + share * (high - low), at_middle = all.slope(loss, middle);
        // The sum is convex: the bracket has no point this much lower.
        if (std::abs(at_middle) * std::abs(high - low) <= enough)
            return middle;
        if ((at_middle < 0) == (at_low < 0) && at_middle != 0) {
            low = middle, at_low = at_middle;
            at_high /= cut % 3 == 2 ? 1 : 2;
        } else {
            high = middle, at_high = at_middle;
            at_low /= cut % 3 == 2 || at_middle == 0 ? 1 : 2;
        }
    }
    return at_high == 0 ? high : (low + high) / 2;
}

}  // namespace descent::solve::detail
