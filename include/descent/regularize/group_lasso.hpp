// SPDX-License-Identifier: MIT
#pragma once

#include <descent/regularize/detail/group_norms.hpp>
#include <descent/regularize/detail/numbers.hpp>
#include <descent/regularize/groups.hpp>
#include <descent/regularize/penalty.hpp>

namespace descent::regularize {

/// The group lasso penalty lambda sum over groups of sqrt(size) |w_g|, |.| the Euclidean norm (Yuan & Lin,
/// 2006): whole groups become 0. Throws descent::error for a lambda that is negative or not finite and where w
/// has another number of weights than the groups.
struct group_lasso {
    double lambda = 1e-4;
    regularize::groups groups = {};
    bool by_size = true;  ///< false: without sqrt(size)

    template <detail::numbers W>
    double value(W const& w) const {
        check();
        groups.check("group_lasso", w.size());
        return detail::group_value(groups, lambda, by_size, w.data());
    }

    /// 0, the smallest subgradient, for a group that is 0.
    template <detail::numbers W, detail::writable_numbers G>
    void slope(W const& w, G&& g) const {
        check();
        groups.check("group_lasso", w.size());
        detail::check_sizes("group_lasso", w.size(), g.size());
        detail::add_group_slope(groups, lambda, by_size, w.data(), g.data());
    }

    /// w_g max(0, 1 - step lambda sqrt(size) / |w_g|).
    template <detail::writable_numbers W>
    void prox(W&& w, double step) const {
        check();
        groups.check("group_lasso", w.size());
        detail::check_step("group_lasso", step);
        detail::group_prox(groups, lambda, by_size, w.data(), step);
    }

    void check() const { detail::check_not_negative("group_lasso: lambda", lambda); }
};
static_assert(has_slope<group_lasso> && !separable<group_lasso>);

}  // namespace descent::regularize
