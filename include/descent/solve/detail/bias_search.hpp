// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>

namespace descent::solve::detail {

/// Finds the bias at which sum beta_i = 0, by one step a pass over the samples. The bias stands still during a
/// pass, so that the passes converge as without one.
struct bias_search {
    double bias = 0;

    /// balance: sum beta_i after a pass. response: by how much it falls per unit of bias, as each sample alone
    /// would answer; > 0. The weights answer too, which takes from it, down to almost nothing where they can
    /// stand in for a bias: the secant of the last two passes shows by how much. It is noisy as long as the
    /// passes have far to go, so a step is at most three times the one before, or what the samples alone say.
    void move(double balance, double response) {
        double const least = std::abs(balance) / response, most = std::max(least, 3 * std::abs(step_));
        double const secant = step_ != 0 ? (balance_ - balance) / step_ : response;
        double const size = secant > 0 ? std::clamp(std::abs(balance) / secant, least, most) : most;
        step_ = std::copysign(size, balance);
        balance_ = balance;
        bias += step_;
    }

private:
    double step_ = 0, balance_ = 0;
};

}  // namespace descent::solve::detail
