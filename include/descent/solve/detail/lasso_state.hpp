// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <descent/solve/detail/columns.hpp>

namespace descent::solve::detail {

/// Where coordinate descent on an elastic net stands: w, the residual or all correlations, and which features
/// may still be other than 0.
template <class Rows>
class lasso_state {
    using T = typename Rows::scalar;

public:
    lasso_state(design<Rows>& columns, double l1, double l2, vector_view<T> w)
        : columns_(columns), l1_(l1), l2_(l2), w_(w), keeps_products_(pays(columns)) {
        for (index j = 0; j < columns.features(); ++j) {
            if (columns.square(j) != T(0))  // NaN stays and is seen
                candidates_.push_back(j);
            else
                w_[j] = T(0);
        }
        columns.restart(w.data());
        if (keeps_products_) {
            correlation_.resize(std::size_t(columns.features()));
            column_of_.assign(correlation_.size(), -1);
            for (index const j : candidates_)
                correlation_[std::size_t(j)] = columns.correlation(j);
        }
    }

    std::int64_t steps() const { return steps_; }

    /// One pass over the candidates, then passes over those at work until they are nearly at rest.
    void pass() {
        double const moved = visit(candidates_);
        active_.clear();
        for (index const j : candidates_)
            if (w_[j] != T(0))
                active_.push_back(j);
        constexpr int most = 100;
        for (int inner = 0; inner < most && visit(active_) > 0.1 * moved; ++inner) {
        }
    }

    struct seen {
        double value, gap, scale;
    };
    /// Value and duality gap, in double; proven zeros are dropped from the candidates.
    seen look() {
        if (keeps_products_)
            columns_.restart(w_.data());
        auto const squares = columns_.measure();
        double size = 0, norm = 0, steepest = 0, slope = 0;
        at_.resize(candidates_.size());
        for (std::size_t k = 0; k < candidates_.size(); ++k) {
            index const j = candidates_[k];
            double const weight = double(w_[j]), a = double(correlation(j)) - l2_ * weight;
            at_[k] = a;
            size += std::abs(weight);
            norm += weight * weight;
            steepest = std::max(steepest, std::abs(a));
            slope += a * a;
        }
        double const value = squares.residual / 2 + l1_ * size + l2_ / 2 * norm;
        // The residual, made shorter until it is a point of the dual.
        double const scale = steepest > l1_ ? l1_ / steepest : 1;
        double gap = value - scale * squares.with_target + scale * scale / 2 * (squares.residual + l2_ * norm);
        if (l1_ == 0)
            gap = slope / (2 * l2_);
        gap = std::max(gap, 0.0);
        if (l1_ > 0)
            drop(scale, gap + 16 * double(std::numeric_limits<T>::epsilon()) * (value + squares.target));
        return {value, gap, squares.target};
    }

private:
    /// Products of columns cost a pass over the table each, and make every later step independent of the
    /// number of samples.
    static bool pays(design<Rows> const& columns) {
        return columns.features() <= columns.samples() && columns.features() <= 4096;
    }

    T correlation(index j) const {
        return keeps_products_ ? correlation_[std::size_t(j)] : columns_.correlation(j);
    }

    /// The largest change of a fitted value's root mean square.
    double visit(std::vector<index> const& which) {
        double most = 0;
        for (index const j : which) {
            T const square = columns_.square(j), old = w_[j], aim = correlation(j) + square * old;
            T const shrunk = std::max(std::abs(aim) - T(l1_), T(0));
            T const next = std::copysign(shrunk, aim) / (square + T(l2_)), change = next - old;
            ++steps_;
            if (change == T(0))
                continue;
            w_[j] = next;
            step(j, change);
            most = std::max(most, std::abs(double(change)) * std::sqrt(double(square)));
        }
        return most;
    }

    void step(index j, T change) {
        if (!keeps_products_)
            return columns_.move(j, change);
        index const n = columns_.features();
        index& at = column_of_[std::size_t(j)];
        if (at < 0) {
            at = index(products_.size());
            products_.emplace_back(std::size_t(n));
            columns_.products(j, products_.back().data());
        }
        exec::add_scaled(-change, products_[std::size_t(at)].data(), n, correlation_.data());
    }

    /// gap: as it may be without rounding.
    void drop(double scale, double gap) {
        std::size_t kept = 0;
        for (std::size_t k = 0; k < candidates_.size(); ++k) {
            index const j = candidates_[k];
            double const reach = std::sqrt(2 * gap * (double(columns_.square(j)) + l2_));
            // A weight other than 0 goes there by steps: the gap that was seen is that of these weights.
            bool const proven =
                scale * std::abs(at_[k]) + reach < l1_ * (1 - 1e3 * double(std::numeric_limits<T>::epsilon()));
            if (!proven || w_[j] != T(0))
                candidates_[kept++] = j;
        }
        candidates_.resize(kept);
    }

    design<Rows>& columns_;
    double l1_, l2_;
    vector_view<T> w_;
    bool keeps_products_;
    std::vector<index> candidates_ = {}, active_ = {}, column_of_ = {};
    std::vector<T> correlation_ = {};
    std::vector<double> at_ = {};
    std::vector<std::vector<T>> products_ = {};
    std::int64_t steps_ = 0;
};

}  // namespace descent::solve::detail
