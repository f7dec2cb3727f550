// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>

#include <descent/optim/adam.hpp>
#include <descent/optim/check.hpp>
#include <descent/optim/rule.hpp>

namespace descent {

/// adam with torch.optim.SparseAdam's numbers, for a lazy_optimizer: epsilon is added to the root of the raw v,
/// before the bias is corrected, u <- m_hat sqrt(1 - beta2^t) / (sqrt(v) + epsilon), and t counts all steps,
/// not a row's own. (Any rule can be lazy; this one is adam up to where epsilon stands.) Throws descent::error
/// for a beta outside [0, 1), or an epsilon that is negative or not finite.
struct lazy_adam {
    double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;

    static constexpr bool forgets_rate = true;

    template <class T>
    adam::kernel<T> at(step_count now) const {
        double const unbias = 1 - std::pow(beta2, double(now.step));
        return adam{beta1, beta2, epsilon / std::sqrt(unbias)}.at<T>(now);
    }

    void check() const {
        detail::check_fraction("lazy_adam: beta1", beta1);
        detail::check_fraction("lazy_adam: beta2", beta2);
        detail::check_not_negative("lazy_adam: epsilon", epsilon);
    }
};
static_assert(update_rule<lazy_adam>);

}  // namespace descent
