// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include <descent/quantize/detail/penalized_chain.hpp>

namespace descent::quantize::detail {

/// k clusters made of two chains that are both best under one price, with fewer and with more: the first ones
/// of `fewer`, then the last ones of `more`, from where a cluster of `fewer` holds the one of `more` that
/// stands k clusters before the end (Aggarwal, Schieber, Tokuyama, 1994). By the quadrangle inequality it is
/// best, too.
inline chain splice(point_sums const& points, chain const& fewer, chain const& more, index k) {
    auto const ahead = std::size_t(more.clusters() - k);
    std::size_t i = 0;
    while (more.cuts[i + ahead + 1] > fewer.cuts[i + 1])
        ++i;
    chain joined;
    joined.cuts.assign(fewer.cuts.begin(), fewer.cuts.begin() + std::ptrdiff_t(i) + 1);
    joined.cuts.insert(joined.cuts.end(), more.cuts.begin() + std::ptrdiff_t(i + ahead) + 1, more.cuts.end());
    for (std::size_t c = 0; c + 1 < joined.cuts.size(); ++c)
        joined.error += points.error(joined.cuts[c], joined.cuts[c + 1]);
    return joined;
}

/// The k clusters of least error, 1 <= k <= points, and a price under which they are best. The least error is
/// convex in k, so such a price exists: it is searched for, first where `guess` says.
inline std::pair<chain, double> search_price(point_sums const& points, index k, double guess) {
    struct side {
        double price;
        chain best;
        bool known;  ///< of a price between the two ends
    };
    index const n = points.size;
    side fewer{0, {{0, n}, points.error(0, n)}, false}, more{0, {}, false};
    if (k == 1)
        return {fewer.best, fewer.best.error};
    for (index i = 0; i <= n; ++i)
        more.best.cuts.push_back(i);
    if (k == n)
        return {more.best, 0};
    chain_solver solve(points);
    double price = guess > 0 ? guess : 2 * fewer.best.error / (double(k) * double(k) * double(k));
    bool chord = false;
    for (;;) {
        chain now = solve(price);
        index const m = now.clusters();
        if (m == k)
            return {std::move(now), price};
        // On the chord through both sides' errors, no third chain below: all on it are best under its slope.
        double const slope =
            (fewer.best.error - more.best.error) / double(more.best.clusters() - fewer.best.clusters());
        if (chord && (m <= fewer.best.clusters() || m >= more.best.clusters() ||
                      now.error + price * double(m - fewer.best.clusters()) >= fewer.best.error * (1 - 1e-14)))
            return {splice(points, fewer.best, more.best, k), slope};
        bool const outside = m < fewer.best.clusters() || m > more.best.clusters();
        if (!outside) {
            side& place = m < k ? fewer : more;
            bool const same = m == place.best.clusters();
            place = {price, std::move(now), true};
            chord = same;
        }
        double const ratio = double(k) / double(m);
        if (chord || outside ||
            (fewer.known && more.known && more.best.clusters() - fewer.best.clusters() <= 3)) {
            chord = true;
        } else if (fewer.known && more.known) {
            double const share = std::log(double(k) / double(fewer.best.clusters())) /
                                 std::log(double(more.best.clusters()) / double(fewer.best.clusters()));
            price = fewer.price * std::pow(more.price / fewer.price, share);
        } else {
            price /= ratio * ratio * ratio;
        }
        if (chord)
            price = (fewer.best.error - more.best.error) / double(more.best.clusters() - fewer.best.clusters());
    }
}

/// Neighbours joined to about `groups` points: steps in rank and in position alike.
inline point_sums joined_points(point_sums const& points, index groups) {
    index const n = points.size;
    std::vector<index> ends;
    double const low = points.mean(0, 1), range = points.mean(n - 1, n) - low;
    double reached = 0;
    index const stride = std::max<index>(1, n / (8 * groups));
    for (index i = stride; i < n; i += stride) {
        double const way = double(i) / double(n) + (points.mean(i, i + 1) - low) / range;
        if (way - reached >= 2 / double(groups)) {
            ends.push_back(i);
            reached = way;
        }
    }
    ends.push_back(n);
    point_sums joined(index(ends.size()));
    for (std::size_t i = 0; i < ends.size(); ++i) {
        auto const end = std::size_t(ends[i]);
        joined.mass[i + 1] = points.mass[end];
        joined.first[i + 1] = points.first[end];
        joined.second[i + 1] = points.second[end];
    }
    return joined;
}

/// The k clusters of least error. Many points are first joined to few, which tell the price well enough for one
/// look at all of them.
inline chain best_chain(point_sums const& points, index k) {
    index const groups = std::max<index>(4096, 128 * k);
    double guess = 0;
    if (points.size > 4 * groups && k > 2) {
        point_sums const joined = joined_points(points, groups);
        if (joined.size > 2 * k) {
            auto const found = search_price(joined, k, 0);
            // The price lies between the gains of the last and of the next cluster; take the middle.
            auto const beside = [&](index m) {
                return search_price(joined, m, found.second * std::pow(double(k) / double(m), 3));
            };
            guess = std::sqrt((beside(k - 1).first.error - found.first.error) *
                              (found.first.error - beside(k + 1).first.error));
        }
    }
    return search_price(points, k, guess).first;
}

}  // namespace descent::quantize::detail
