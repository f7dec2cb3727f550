// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstddef>
#include <vector>

namespace descent::solve::detail {

/// The b that minimizes sum cost_i loss(z_i + b, y_i), from a first guess: the slope's sign change is bracketed
/// and cut, by the secant where that helps (Illinois; Dowell & Jarratt, 1971). The guess where no slope of it
/// is finite or it never changes sign.
template <class Loss, class Samples, class Label>
double best_bias(Loss const& loss, std::vector<double> const& z, Samples const& samples, double guess,
                 Label const& label) {
    auto const slope = [&](double b) {
        double total = 0;
        for (std::size_t i = 0; i < z.size(); ++i)
            total += double(samples[i].cost) * double(loss.slope(z[i] + b, label(samples[i])));
        return total;
    };
    double low = guess, at_low = slope(low);
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
        at_high = slope(high);
    }
    for (int cut = 0; cut < 60 && at_high != 0 && std::abs(high - low) > 1e-14 * (1 + std::abs(low)); ++cut) {
        double const share = cut % 3 == 2 ? 0.5 : at_low / (at_low - at_high);
        double const middle = low + share * (high - low), at_middle = slope(middle);
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
