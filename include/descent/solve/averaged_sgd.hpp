// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include <descent/core/memory.hpp>
#include <descent/solve/detail/sample_steps.hpp>
#include <descent/solve/detail/walk.hpp>
#include <descent/solve/linear_problem.hpp>

namespace descent::solve {

namespace detail {

/// w = W / divisor and its average (A + share W) / divided: a step costs two sparse additions, whatever the
/// number of features (Bottou's form; Xu, 2011).
template <class T>
class averaged_weights {
public:
    explicit averaged_weights(vector_view<T> start)
        : n_(start.size()), moving_(std::size_t(n_)), sum_(std::size_t(n_)) {
        std::copy_n(start.data(), n_, moving_.data());
    }

    template <class Row>
    T score(Row x) const {
        return dot(x, moving_.data()) / T(divisor_);
    }
    /// w <- keep w - size x, and the new w enters the average with the given share.
    template <class Row>
    void step(Row x, double keep, double size, double share) {
        divisor_ /= keep;
        double const change = -size * divisor_;
        add(x, T(change), moving_.data());
        if (share >= 1) {
            std::fill_n(sum_.data(), n_, T(0));
            divided_ = 1;
            part_ = 1 / divisor_;
        } else {
            add(x, T(-change * part_), sum_.data());
            divided_ /= 1 - share;
            part_ += share * divided_ / divisor_;
        }
        if (divisor_ > 1e5 || divided_ > 1e5)
            settle();
    }
    void average(T* to) const {
        for (index j = 0; j < n_; ++j)
            to[j] = T((double(sum_.data()[j]) + part_ * double(moving_.data()[j])) / divided_);
    }

private:
    void settle() {
        for (index j = 0; j < n_; ++j) {
            sum_.data()[j] = T(double(sum_.data()[j]) / divided_);
            moving_.data()[j] = T(double(moving_.data()[j]) / divisor_);
        }
        part_ *= divisor_ / divided_;
        divided_ = divisor_ = 1;
    }

    index n_;
    aligned_buffer<T> moving_, sum_;
    double divisor_ = 1, divided_ = 1, part_ = 1;
};

}  // namespace detail

/// Averaged stochastic gradient descent (Ruppert, 1988; Polyak & Juditsky, 1992): one sample a step,
///
///     w <- w - rate_t (slope_i x_i + l2 w),   rate_t = rate / (1 + l2 rate t)^(3/4)
///
/// (Bottou, 2010; Xu, 2011), and the result is the mean of all w, where late ones count more: the k-th of t
/// with weight k^3 (polynomial decay; Shamir & Zhang, 2013). With the rate left at 0 it is 1 / (4 c mean
/// |x|^2), c the loss's largest curvature (1 for losses without): no search, and within 1 % of the optimum in
/// some five passes. No step is longer than 1 / (c |x_i|^2). For dense and sparse rows, any loss of one score;
/// the work of a step does not depend on the number of features.
struct averaged_sgd {
    using problem = sum_of_samples;

    std::int64_t passes = 10;  ///< over the data; > 0
    double rate = 0;           ///< 0: from the data
    std::uint64_t seed = 0;    ///< of the order of the samples

    /// Minimizes from (w, bias) and leaves the average there, after each pass too: progress tells the pass and
    /// the samples visited. The outcome's value is exact. Throws descent::error for bad settings and shapes; a
    /// weight that is not finite is status::diverged, and the start is put back.
    template <class Rows, class Loss, class Watch>
    outcome run(linear_problem<Rows, Loss> const& p, vector_view<typename Rows::scalar> w,
                vector_view<typename Rows::scalar> bias, Watch const& watch) const {
        using T = typename Rows::scalar;
        p.check(w, bias, "averaged_sgd");
        detail::check_passes("averaged_sgd", passes, rate);
        bool const with_bias = bias.size() > 0;
        auto const lengths = detail::lengths_of(p, with_bias);
        detail::sample_weights const weight(p);
        double const bend = detail::curvature_bound(p.loss);
        double const first = rate > 0 ? rate : lengths.mean > 0 ? 1 / (4 * bend * lengths.mean) : 1;
        vector<T> const start = w;
        T const start_bias = with_bias ? bias[0] : T(0);

        detail::averaged_weights<T> state(w);
        double b = double(start_bias), mean_b = b;
        std::vector<index> order;
        outcome result;
        auto told = verdict{};
        for (std::int64_t pass = 1; pass <= passes && !told.stop; ++pass) {
            detail::shuffle(p.samples(), seed, pass, order);
            for (std::size_t k = 0; k < order.size(); ++k) {
                if (k + 3 < order.size())
                    detail::prefetch(detail::row_of(p.rows, order[k + 3]));
                index const i = order[k];
                auto const x = detail::row_of(p.rows, i);
                double const t = double(++result.evaluations);
                double const along = first / std::pow(1 + p.l2 * first * t, 0.75);
                double const most = 1 / (bend * double(lengths.square[std::size_t(i)]) * double(weight(i)));
                double const eta = std::min(along, most);
                double const slope = double(weight(i) * p.loss.slope(state.score(x) + T(b), p.rows.target(i)));
                double const share = std::min(1.0, 4 / (t + 3));
                state.step(x, std::max(1 - along * p.l2, 0.5), eta * slope, share);
                if (with_bias) {
                    b -= eta * slope;
                    mean_b += share * (b - mean_b);
                }
            }
            state.average(w.data());
            if (with_bias)
                bias[0] = T(mean_b);
            result.iterations = pass;
            if (!std::isfinite(double(w.squaredNorm()) + mean_b)) {
                w = start;
                bias.setConstant(start_bias);
                result.value = p.value({w.data(), w.size()}, {bias.data(), bias.size()});
                return detail::ended(result, status::diverged, "a weight was not finite");
            }
            told = watch(progress{.iteration = pass, .evaluations = result.evaluations});
        }
        result.value = p.value({w.data(), w.size()}, {bias.data(), bias.size()});
        return told.stop ? detail::ended(result, told.status, told.reason)
                         : detail::ended(result, status::finished, text(passes, " passes"));
    }
};

}  // namespace descent::solve
