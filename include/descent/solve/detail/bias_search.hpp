// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

namespace descent::solve::detail {

/// Finds the bias at which sum beta_i = 0, by one step a pass over the samples. The bias stands still during a
/// pass, so that the passes converge as without one.
class bias_search {
public:
    bias_search() = default;

    /// steepest: the most by which the sum can fall per unit of bias; > 0.
    explicit bias_search(double steepest) : steepest_(steepest) {}

    /// The next bias, from the balance sum beta_i after a pass. The weights answer to a bias too, which takes
    /// from the fall, down to almost nothing where they can stand in for it: the secant of the last two passes
    /// shows by how much. It is noisy as long as the passes have far to go, so a step is at most three times
    /// the one before.
    double next(double balance) {
        double const least = std::abs(balance) / steepest_, last = std::abs(step_);
        double const fall = step_ != 0 ? (balance_ - balance) / step_ : steepest_;
        double const size = fall > 0 ? std::min(std::abs(balance) / fall, 3 * last) : last;
        step_ = std::copysign(std::max(size, least), balance);
        balance_ = balance;
        first_ = ++passes_ <= 2 ? std::max(first_, std::abs(balance)) : first_;
        waited_ = std::abs(balance) < 0.9 * calmest_ ? 0 : waited_ + 1;
        calmest_ = std::min(calmest_, std::abs(balance));
        return bias_ += step_;
    }

    /// Is the balance much larger than at first, or not smaller for long? Where the passes hardly converge
    /// themselves, the search may run away or circle.
    bool lost() const { return std::abs(balance_) > 4 * first_ || waited_ > 30; }

private:
    double bias_ = 0, steepest_ = 1, step_ = 0, balance_ = 0, first_ = 0;
    double calmest_ = std::numeric_limits<double>::infinity();
    int passes_ = 0, waited_ = 0;
};

}  // namespace descent::solve::detail
