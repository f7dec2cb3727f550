// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include <descent/core/math.hpp>
#include <descent/core/memory.hpp>
#include <descent/search/detail/draw.hpp>
#include <descent/search/detail/improvement.hpp>
#include <descent/search/detail/triangular.hpp>

namespace descent::search::detail {

/// A density of points: a mixture of products around each of `n` centers, normal and cut off at [0, 1] for
/// numbers, a share `loose` spread over the other labels for categories, and of the uniform density.
class density {
public:
    /// points: rows of as many numbers as `space` has names; weights: one a point and, last, the uniform
    /// density's; widths: one a number's coordinate.
    void set(search::space const& space, std::vector<double const*> const& points,
             std::vector<double> const& weights, std::vector<double> const& widths, double loose) {
        space_ = &space;
        points_ = points;
        widths_ = widths;
        loose_ = loose;
        index const n = index(points.size()), d = space.size();
        stride_ = padded(std::max<index>(n, 1));
        if (index(x_.size()) < stride_ * d)
            x_ = aligned_buffer<double>(std::size_t(2 * stride_ * d));
        if (index(log_weight_.size()) < 2 * stride_)
            log_weight_ = aligned_buffer<double>(std::size_t(4 * stride_));
        double total = 0;
        for (double const w : weights)
            total += w;
        share_.clear();
        for (double const w : weights)
            share_.push_back(w / total + (share_.empty() ? 0.0 : share_.back()));
        for (index i = 0; i < stride_; ++i)
            log_weight_[std::size_t(i)] = i < n ? std::log(weights[std::size_t(i)] / total) : -1e300;
        uniform_ = weights.back() / total;
        for (index k = 0; k < d; ++k) {
            double const width = widths[std::size_t(k)];
            for (index i = 0; i < stride_; ++i) {
                double const at = i < n ? points[std::size_t(i)][k] : 0;
                x_[std::size_t(k * stride_ + i)] = at;
                if (i < n && !space[k].nominal())
                    log_weight_[std::size_t(i)] -=
                        std::log(2.50662827463100050242 * width *
                                 (normal_below((1 - at) / width) - normal_below(-at / width)));
            }
            if (space[k].nominal())
                uniform_ /= double(space[k].count());
        }
    }

    /// The logarithm of the density.
    double log_at(double const* point) const {
        using V = lanes;
        double* const exponent = log_weight_.data() + stride_;
        double most = std::log(uniform_);
        for (index i = 0; i < stride_; i += lanes_of<V>) {
            V e = load_unaligned<V>(log_weight_.data() + i);
            for (index k = 0; k < space_->size(); ++k) {
                V const apart = load_unaligned<V>(x_.data() + k * stride_ + i) - V(point[k]);
                if ((*space_)[k].nominal()) {
                    double const others = double((*space_)[k].count() - 1);
                    e += select(apart == V(0.0), V(others > 0 ? std::log(1 - loose_) : 0.0),
                                V(others > 0 ? std::log(loose_ / others) : 0.0));
                } else {
                    V const z = apart * V(1 / widths_[std::size_t(k)]);
                    e = fused_multiply_add(z * z, V(-0.5), e);
                }
            }
            store_unaligned(exponent + i, e);
        }
        for (index i = 0; i < stride_; ++i)
            most = std::max(most, exponent[i]);
        V total(0.0);
        for (index i = 0; i < stride_; i += lanes_of<V>)
            total += exp(load_unaligned<V>(exponent + i) - V(most));
        return most + std::log(sum(total) + uniform_ * std::exp(-most));
    }

    /// One draw.
    void draw(stream& draws, std::vector<double>& to) const {
        double const u = draws.uniform();
        auto const i = std::size_t(std::lower_bound(share_.begin(), share_.end(), u) - share_.begin());
        for (std::size_t k = 0; k < to.size(); ++k) {
            domain const& of = (*space_)[index(k)];
            if (i >= points_.size()) {
                to[k] = coordinate_of(of, draws.uniform());
            } else if (of.nominal()) {
                to[k] = draws.uniform() < loose_ ? coordinate_of(of, draws.uniform()) : points_[i][k];
            } else {
                do
                    to[k] = points_[i][k] + widths_[k] * draws.normal();
                while (to[k] < 0 || to[k] > 1);
            }
        }
    }

private:
    search::space const* space_ = nullptr;
    std::vector<double const*> points_ = {};
    std::vector<double> widths_ = {}, share_ = {};
    mutable aligned_buffer<double> x_ = {}, log_weight_ = {};
    index stride_ = 0;
    double loose_ = 0.1, uniform_ = 1;
};

}  // namespace descent::search::detail
