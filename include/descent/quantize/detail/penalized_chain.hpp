// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

#include <descent/core/memory.hpp>
#include <descent/core/pack.hpp>
#include <descent/quantize/detail/sorted_points.hpp>

namespace descent::quantize::detail {

/// Consecutive clusters of sorted points: cluster c holds points cuts[c] .. cuts[c + 1] - 1.
struct chain {
    std::vector<index> cuts = {};
    double error = 0;  ///< the sum of the clusters' errors

    index clusters() const { return index(cuts.size()) - 1; }
};

/// Finds the clusters, of any number, with the least error + price per cluster: the shortest path over points
/// whose edges have the quadrangle inequality, so the best last cut c(j) of the first j points never moves back
/// (Yao, 1980; Wilber, 1988; Wu, 1991).
///
/// With total(j) for the least sum of the first j points: total never falls, and each cut adds the price. So
/// while total(j) <= total(s) + price, no cut behind s can serve j, and all rows up to there are one matrix
/// whose entries are known. Its row minima come by halving, in packs over the cuts, and at the end in packs
/// over the rows.
class chain_solver {
public:
    explicit chain_solver(point_sums const& points)
        : points_(points),
          least_(std::size_t(points.size + 1 + point_sums::room)),
          from_(std::size_t(points.size + 1)) {}

    chain operator()(double price) {
        index const n = points_.size;
        least_[0] = 0;
        for (index done = 0, cut = 0; done < n;) {
            index const end = reach(done, cut, price);
            index const last = put(end, scan(end, cut, done), price);
            fill(done, cut, end, last, price);
            done = end, cut = last;
        }
        chain best;
        for (index at = n; at > 0; at = from_[std::size_t(at)]) {
            best.cuts.push_back(at);
            best.error += points_.error(from_[std::size_t(at)], at);
        }
        best.cuts.push_back(0);
        std::reverse(best.cuts.begin(), best.cuts.end());
        return best;
    }

private:
    using V = native_pack<double>;
    static constexpr index lanes = lanes_of<V>;

    struct place {
        double value, cut;
    };

    /// The last row that no cut behind `done` can serve: one where the cluster from c(done) on still costs
    /// at most the price more.
    index reach(index done, index cut, double price) const {
        double const most = price + (done > cut ? points_.error(cut, done) : 0);
        index const n = points_.size;
        index good = done + 1, step = 1;
        while (good + step <= n && points_.error(cut, good + step) <= most)
            good += step, step *= 2;
        for (; step > 0; step /= 2)
            if (good + step <= n && points_.error(cut, good + step) <= most)
                good += step;
        return good;
    }

    /// The best cut of row j among lo .. hi, the first of equals.
    place scan(index j, index lo, index hi) const {
        double const* const DESCENT_RESTRICT first = points_.first.data();
        double const* const DESCENT_RESTRICT mass = points_.mass.data();
        double const* const DESCENT_RESTRICT least = least_.data();
        double const moment = first[j], total = mass[j];
        place best{infinity, double(lo)};
        index i = lo;
        if (hi - lo >= 2 * lanes) {
            V value(infinity), cut = V(double(lo)), at = lane_numbers<V>() + V(double(lo));
            for (; i + lanes <= hi + 1; i += lanes) {
                V const shift = V(moment) - load_unaligned<V>(first + i);
                V const sum =
                    load_unaligned<V>(least + i) - shift * shift / (V(total) - load_unaligned<V>(mass + i));
                auto const lower = sum < value;
                value = select(lower, sum, value);
                cut = select(lower, at, cut);
                at += V(double(lanes));
            }
            double values[lanes], cuts[lanes];
            store_unaligned(values, value);
            store_unaligned(cuts, cut);
            for (index lane = 0; lane < lanes; ++lane)
                if (values[lane] < best.value || (values[lane] == best.value && cuts[lane] < best.cut))
                    best = {values[lane], cuts[lane]};
        }
        for (; i <= hi; ++i) {
            double const shift = moment - first[i];
            double const sum = least[i] - shift * shift / (total - mass[i]);
            if (sum < best.value)
                best = {sum, double(i)};
        }
        return best;
    }

    index put(index j, place best, double price) {
        // Without the squares, which every way to j has in common.
        least_[std::size_t(j)] = best.value + price;
        from_[std::size_t(j)] = std::int32_t(best.cut);
        return index(best.cut);
    }

    /// The rows between j0 and j1, whose best cuts c0 and c1 are known.
    void fill(index j0, index c0, index j1, index c1, double price) {
        while (j1 - j0 > 2 * lanes && c1 - c0 > 4) {
            index const j = j0 + (j1 - j0) / 2, c = put(j, scan(j, c0, c1), price);
            fill(j0, c0, j, c, price);
            j0 = j, c0 = c;
        }
        double const* const DESCENT_RESTRICT first = points_.first.data();
        double const* const DESCENT_RESTRICT mass = points_.mass.data();
        double const* const DESCENT_RESTRICT least = least_.data();
        for (index j = j0 + 1; j < j1; j += lanes) {
            V const moment = load_unaligned<V>(first + j), total = load_unaligned<V>(mass + j);
            V value(infinity), cut = V(double(c0));
            for (index i = c0; i <= c1; ++i) {
                V const shift = moment - V(first[i]);
                V const sum = V(least[i]) - shift * shift / (total - V(mass[i]));
                auto const lower = sum < value;
                value = select(lower, sum, value);
                cut = select(lower, V(double(i)), cut);
            }
            double values[lanes], cuts[lanes];
            store_unaligned(values, value);
            store_unaligned(cuts, cut);
            for (index lane = 0; lane < lanes && j + lane < j1; ++lane)
                put(j + lane, {values[lane], cuts[lane]}, price);
        }
    }

    static constexpr double infinity = std::numeric_limits<double>::infinity();

    point_sums const& points_;
    aligned_buffer<double> least_;
    std::vector<std::int32_t> from_;
};

}  // namespace descent::quantize::detail
