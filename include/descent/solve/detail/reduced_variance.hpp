// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <utility>
#include <vector>

#include <descent/solve/detail/l1_step.hpp>
#include <descent/solve/detail/sample_steps.hpp>
#include <descent/solve/linear_problem.hpp>

namespace descent::solve::detail {

/// Steps of saga and svrg on a linear problem. Each sample has a remembered slope, and `mean` is the mean of
/// the rows times them; a step goes along (slope - remembered) x_i + mean + l2 w and then through the prox of
/// l1. Columns that a sparse row does not touch are brought up to date when they are next needed: their steps
/// depend on mean and w alone, and k of them have a closed form.
template <class Rows, class Loss>
class reduced_variance {
    using T = typename Rows::scalar;
    using row = decltype(row_of(std::declval<Rows const&>(), index(0)));
    static constexpr bool lazy = !std::same_as<row, dense_row<T>>;

public:
    reduced_variance(linear_problem<Rows, Loss> const& p, vector_view<T> w, vector_view<T> bias, double l1,
                     double step)
        : p_(p),
          weight_(p),
          w_(w),
          bias_(bias),
          along_(step, l1, p.l2),
          reach_(p.l2 > 0 ? 1 / p.l2 : 0),
          slope_(std::size_t(p.samples()), T(0)),
          mean_(std::size_t(p.features()), T(0)),
          last_(lazy ? std::size_t(p.features()) : 0, 0) {
        double const bend = step * p.l2;
        if (lazy && bend > 1e-12) {
            kept_.resize(std::size_t(p.samples()) + 1);
            for (std::size_t k = 0; k < kept_.size(); ++k)
                kept_[k] = std::exp(double(k) * std::log1p(-bend));
        }
    }

    index samples() const { return p_.samples(); }

    row sample(index i) const { return row_of(p_.rows, i); }

    /// A step along sample i; `remember`: its slope takes the place of the remembered one.
    void step(index i, bool remember) {
        auto const x = row_of(p_.rows, i);
        auto const along = along_;  // no store to w can change it
        if constexpr (lazy)
            for (index k = 0; k < x.count; ++k)
                catch_up(x.columns[k]);
        T const b = bias_.size() ? bias_[0] : T(0);
        T const now = weight_(i) * p_.loss.slope(dot(x, w_.data()) + b, p_.rows.target(i));
        T const change = now - slope_[std::size_t(i)], part = remember ? change / T(p_.samples()) : T(0);
        ++time_;
        if constexpr (lazy) {
            for (index k = 0; k < x.count; ++k) {
                auto const j = std::size_t(x.columns[k]);
                along.move(w_.data()[j], mean_[j] + change * x.values[k]);
                mean_[j] += part * x.values[k];
                last_[j] = time_;
            }
        } else {
            T *const w = w_.data(), *const mean = mean_.data();
            for (index j = 0; j < x.count; ++j)
                along.move(w[j], mean[j] + change * x.values[j]);
            if (remember)
                add(x, part, mean);
        }
        if (bias_.size()) {
            bias_[0] -= along.step * (change + mean_bias_);
            mean_bias_ += part;
        }
        if (remember)
            slope_[std::size_t(i)] = now;
    }

    /// All columns up to date.
    void flush() {
        if constexpr (lazy) {
            for (index j = 0; j < p_.features(); ++j)
                catch_up(std::size_t(j));
            std::fill(last_.begin(), last_.end(), std::uint32_t(0));
            time_ = 0;
        }
    }

    /// The norm of the gradient, or of its mapping where there is an l1, as the remembered slopes have it.
    double shown_norm() const {
        double square = double(mean_bias_) * double(mean_bias_) * double(bias_.size());
        for (index j = 0; j < p_.features(); ++j)
            square += along_.part_of_norm(double(mean_[std::size_t(j)]), double(w_[j]));
        return std::sqrt(square);
    }

    /// Value and that norm, exactly and in double; the slopes at w are remembered from here on.
    seen_point look() {
        std::vector<double> sum(mean_.size(), 0.0);
        double const b = bias_.size() ? double(bias_[0]) : 0;
        double total = 0, sum_b = 0, size = 0, square = 0;
        for (index i = 0; i < p_.samples(); ++i) {
            auto const x = row_of(p_.rows, i);
            double const z = exact_dot(x, w_.data()) + b, y = double(p_.rows.target(i)),
                         weight = double(weight_(i));
            double const slope = weight * p_.loss.slope(z, y);
            total += weight * p_.loss.value(z, y);
            slope_[std::size_t(i)] = T(slope);
            add_exactly(x, slope, sum.data());
            sum_b += slope;
        }
        double const n = double(p_.samples());
        mean_bias_ = T(sum_b / n);
        double norm = bias_.size() ? sum_b / n * (sum_b / n) : 0;
        for (index j = 0; j < p_.features(); ++j) {
            double const w = double(w_[j]);
            mean_[std::size_t(j)] = T(sum[std::size_t(j)] / n);
            norm += along_.part_of_norm(sum[std::size_t(j)] / n, w);
            size += std::abs(w);
            square += w * w;
        }
        return {total / n + along_.l1 * size + p_.l2 / 2 * square, std::sqrt(norm)};
    }

private:
    void catch_up(std::size_t j) {
        std::int64_t left = std::int64_t(time_) - last_[j];
        if (left == 0)
            return;
        last_[j] = time_;
        T& w = w_.data()[j];
        T const mean = mean_[j];
        if (along_.threshold == T(0)) {
            w = T(after(double(w), double(mean), left));
            return;
        }
        // On one side of 0 the steps are w <- keep w - step (mean +- l1): many at once, as long as w stays
        // there.
        while (left > 0) {
            if (left < 4 || w == T(0)) {
                T const before = w;
                along_.move(w, mean);
                --left;
                if (w == before)
                    return;  // at rest, forever
                continue;
            }
            double const pull = double(mean) + (w > T(0) ? along_.l1 : -along_.l1);
            std::int64_t safe = left;
            double then = after(double(w), pull, safe);
            // The sequence is monotone: the last that has not crossed is found by halving.
            if (!(then * double(w) > 0)) {
                std::int64_t crossed = left;
                safe = 0;
                while (crossed - safe > 1) {
                    std::int64_t const middle = (safe + crossed) / 2;
                    (after(double(w), pull, middle) * double(w) > 0 ? safe : crossed) = middle;
                }
                then = after(double(w), pull, safe);
                w = T(then);
                along_.move(w, mean);
                left -= safe + 1;
            } else {
                w = T(then);
                left = 0;
            }
        }
    }

    /// w after so many steps on one side of 0.
    double after(double w, double pull, std::int64_t steps) const {
        if (kept_.empty())
            return w - double(steps) * double(along_.step) * pull;
        double const kept = kept_[std::size_t(steps)];
        return kept * w - (1 - kept) * reach_ * pull;
    }

    linear_problem<Rows, Loss> const& p_;
    sample_weights<linear_problem<Rows, Loss>> weight_;
    vector_view<T> w_, bias_;
    l1_step<T> along_;
    double reach_;
    std::vector<T> slope_, mean_;
    std::vector<std::uint32_t> last_;  ///< the pass's step up to which a column is brought
    std::vector<double> kept_ = {};    ///< (1 - step l2)^k
    std::uint32_t time_ = 0;
    T mean_bias_ = 0;
};

}  // namespace descent::solve::detail
