// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>

#include <descent/regularize/detail/numbers.hpp>
#include <descent/regularize/groups.hpp>

// The penalty lambda sum over groups of (sqrt(size) or 1) |w_g|, which group_lasso and sparse_group share.
namespace descent::regularize::detail {

/// Calls each(group, strength, norm) for each group.
template <class T, class Each>
void for_each_group(groups const& all, double lambda, bool by_size, T const* w, Each const& each) {
    for (index g = 0; g < all.count(); ++g) {
        index const size = all.size(g);
        double const strength = by_size ? lambda * std::sqrt(double(size)) : lambda;
        each(g, strength, norm(size, [&](index k) { return double(w[all.member(g, k)]); }));
    }
}

template <class T>
double group_value(groups const& all, double lambda, bool by_size, T const* w) {
    double sum = 0;
    for_each_group(all, lambda, by_size, w,
                   [&](index, double strength, double norm) { sum += strength * norm; });
    return sum;
}

/// g += strength w / |w|, a group at a time; 0 is a subgradient at 0.
template <class T>
void add_group_slope(groups const& all, double lambda, bool by_size, T const* w, T* g) {
    for_each_group(all, lambda, by_size, w, [&](index group, double strength, double norm) {
        if (norm == 0)
            return;
        for (index k = 0; k < all.size(group); ++k) {
            index const at = all.member(group, k);
            g[at] += T(strength * (double(w[at]) / norm));
        }
    });
}

/// Each group nearer to 0 by step strength, and no further than 0.
template <class T>
void group_prox(groups const& all, double lambda, bool by_size, T* w, double step) {
    for_each_group(all, lambda, by_size, w, [&](index group, double strength, double norm) {
        if (norm == 0)
            return;
        double const share = 1 - step * strength / norm, left = share < 0 ? 0 : share;  // NaN stays
        for (index k = 0; k < all.size(group); ++k) {
            T& each = w[all.member(group, k)];
            each = T(double(each) * left);
        }
    });
}

}  // namespace descent::regularize::detail
