// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include <descent/search/detail/density.hpp>
#include <descent/search/latin_hypercube.hpp>

namespace descent::search {

/// Tree-structured Parzen estimator (Bergstra, Bardenet, Bengio & Kegl, 2011), multivariate (Falkner, Klein &
/// Hutter, 2018): of `candidates` draws from the density of the good trials the one with the largest ratio to
/// the density of the others. Of n trials the best `good` sqrt(n) are good, at least 3 and at most 25, weighed
/// by rank as log((count + 1) / rank)^1.2. Both densities hold a share of the uniform one, the prior. Trials at
/// work and failed ones count among the others (a constant liar), so that batches spread. Cheap: about 30 us a
/// trial at 100 trials.
///
/// The defaults did well at 30, 60 and 100 trials on all of eleven functions of 2 to 8 variables, if not best
/// on each. More candidates or less prior are greedier: better where there is one valley, worse where there are
/// many.
struct tpe {
    std::uint64_t seed = 0;
    int initial = 10;  ///< trials of a Latin hypercube first
    int candidates = 16;
    double good = 0.7;   ///< times sqrt(n) are good
    double prior = 0.3;  ///< weight of the uniform density in both, in trials
    /// Of a kernel, of the space's edge; times n^(-1 / (variables + 4)) where it is one of n.
    double width = 0.12;

    // Its own.
    detail::density better = {}, worse = {};

    void check() const {
        expect(initial >= 2, "tpe: initial = ", initial, ": must be >= 2");
        expect(candidates >= 1, "tpe: candidates = ", candidates, ": must be >= 1");
        expect(good > 0, "tpe: good = ", good, ": must be > 0");
        expect(prior > 0, "tpe: prior = ", prior, ": must be > 0");
        expect(width > 0, "tpe: width = ", width, ": must be > 0");
    }

    void suggest(history const& past, std::int64_t number, std::vector<double>& to) {
        search::space const& space = past.space;
        index const d = space.size();
        struct seen {
            double loss;
            index at;
        };
        std::vector<seen> told, others;
        std::vector<double> rows;
        for (record const& r : past.records) {
            double const loss = past.loss(r);
            (loss == loss ? told : others).push_back({loss, index(rows.size())});
            for (index k = 0; k < d; ++k)
                rows.push_back(history::coordinate(r, k, space[k].nominal() ? 0 : 0.5));
        }
        if (number < initial || index(told.size()) < 4)
            return latin_hypercube{seed, initial}.suggest(past, number, to);
        double const told_count = double(told.size());
        auto const count = std::ptrdiff_t(
            std::min(std::min(25.0, told_count - 1), std::max(3.0, std::ceil(good * std::sqrt(told_count)))));
        std::stable_sort(told.begin(), told.end(),
                         [](seen const& a, seen const& b) { return a.loss < b.loss; });
        std::vector<double const*> low, high;
        for (std::size_t i = 0; i < told.size(); ++i)
            (std::ptrdiff_t(i) < count ? low : high).push_back(rows.data() + told[i].at);
        for (seen const& s : others)
            high.push_back(rows.data() + s.at);
        spread(space, low, better, true);
        spread(space, high, worse, false);

        detail::stream draws{{seed, 0x79e00000u + std::uint32_t(number)}};
        std::vector<double> at(to.size());
        double best = -INFINITY;
        for (int c = 0, allowed = 0; allowed < candidates && c < 20 * candidates; ++c) {
            better.draw(draws, at);
            for (std::size_t k = 0; k < at.size(); ++k)
                if (space[index(k)].count() > 0)
                    at[k] = space[index(k)].coordinate(space[index(k)].value(at[k]));
            if (!space.allows(at.data()))
                continue;
            ++allowed;
            double const gain = better.log_at(at.data()) - worse.log_at(at.data());
            if (gain > best) {
                best = gain;
                to = at;
            }
        }
        if (!(best > -INFINITY))
            detail::until_allowed(space, to, [&](int) {
                for (std::size_t k = 0; k < to.size(); ++k)
                    to[k] = detail::coordinate_of(space[index(k)], draws.uniform());
            });
    }

private:
    void spread(search::space const& space, std::vector<double const*> const& points, detail::density& to,
                bool leading) const {
        double const n = double(points.size()), shrunk = std::pow(n, -1 / (double(space.size()) + 4));
        std::vector<double> widths, weights;
        for (index k = 0; k < space.size(); ++k) {
            double mean = 0, squares = 0;
            for (double const* p : points)
                mean += p[k] / n;
            for (double const* p : points)
                squares += (p[k] - mean) * (p[k] - mean) / n;
            // The good ones' kernels follow how far those are apart.
            double const edge = leading ? 0.55 * width + 0.45 * std::sqrt(squares) : width * 5 / 6;
            widths.push_back(std::max(shrunk * edge, 0.02 / std::min(100.0, n + 2)));
        }
        for (std::size_t i = 0; i < points.size(); ++i)
            weights.push_back(leading ? std::pow(std::log((n + 1) / double(i + 1)), 1.2) : 1);
        weights.push_back(prior);
        to.set(space, points, weights, widths, 0.3 * shrunk);
    }
};
static_assert(sampler<tpe>);

}  // namespace descent::search
