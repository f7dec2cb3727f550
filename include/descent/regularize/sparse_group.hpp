// SPDX-License-Identifier: MIT
#pragma once

#include <descent/regularize/detail/group_norms.hpp>
#include <descent/regularize/detail/numbers.hpp>
#include <descent/regularize/groups.hpp>
#include <descent/regularize/l1.hpp>
#include <descent/regularize/penalty.hpp>

namespace descent::regularize {

/// The sparse group lasso penalty l1 sum |w| + lambda sum over groups of sqrt(size) |w_g| (Simon, Friedman,
/// Hastie, Tibshirani, 2013): whole groups become 0, and weights in those that stay. Throws descent::error for
/// a strength that is negative or not finite and where w has another number of weights than the groups.
struct sparse_group {
    double l1 = 1e-4, lambda = 1e-4;
    regularize::groups groups = {};
    bool by_size = true;  ///< false: without sqrt(size)

    template <detail::numbers W>
    double value(W const& w) const {
        check();
        groups.check("sparse_group", w.size());
        return regularize::l1{l1}.value(w) + detail::group_value(groups, lambda, by_size, w.data());
    }

    /// 0 for a weight and for a group that is 0.
    template <detail::numbers W, detail::writable_numbers G>
    void slope(W const& w, G&& g) const {
        check();
        groups.check("sparse_group", w.size());
        detail::check_sizes("sparse_group", w.size(), g.size());
        regularize::l1{l1}.slope(w, g);
        detail::add_group_slope(groups, lambda, by_size, w.data(), g.data());
    }

    /// The soft threshold of every weight, then the shrinkage of every group: exact, since the norm of a group
    /// is alike under signs and grows with every size.
    template <detail::writable_numbers W>
    void prox(W&& w, double step) const {
        check();
        groups.check("sparse_group", w.size());
        detail::check_step("sparse_group", step);
        regularize::l1{l1}.prox(w, step);
        detail::group_prox(groups, lambda, by_size, w.data(), step);
    }

    void check() const {
        detail::check_not_negative("sparse_group: l1", l1);
        detail::check_not_negative("sparse_group: lambda", lambda);
    }
};
static_assert(has_slope<sparse_group>);

}  // namespace descent::regularize
