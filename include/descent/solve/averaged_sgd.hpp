// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include <descent/solve/detail/averaged_weights.hpp>
#include <descent/solve/detail/sample_steps.hpp>
#include <descent/solve/detail/sum_samples.hpp>
#include <descent/solve/detail/walk.hpp>
#include <descent/solve/linear_problem.hpp>

namespace descent::solve {

/// Averaged stochastic gradient descent (Ruppert, 1988; Polyak & Juditsky, 1992): one sample a step, or
/// `batch`,
///
///     w <- w - rate_t (mean of slope_i x_i + l2 w),   rate_t = rate / (1 + l2 rate t)^(3/4)
///
/// (Bottou, 2010; Xu, 2011), and the result is the mean of all w, where late ones count more: the k-th of t
/// with weight k^3 (polynomial decay; Shamir & Zhang, 2013). For dense and sparse rows, any loss of one score;
/// the work of a step does not depend on the number of features.
///
/// With the rate left at 0 there is nothing to search for: it is 1 / (c (4 mean |x|^2 / batch + 3/2 (1 - 1 /
/// batch) v)), c the loss's largest curvature (1 for losses without), x with the bias's 1, and v the largest
/// eigenvalue of the mean of x x' without it, from some thousand rows: the noise of a step asks for the first
/// term, the curvature for the second (Gower et al., 2019). The bias has its own rate, where v = 1. Within 1 %
/// of the optimum in some five passes, in some ten with batches of 32. No sample moves its own score by more
/// than slope / c.
struct averaged_sgd {
    using problem = sum_of_samples;

    std::int64_t passes = 10;  ///< over the data; > 0
    double rate = 0;           ///< of weights and bias; 0: from the data
    index batch = 1;           ///< samples a step; > 0
    std::uint64_t seed = 0;    ///< of the order of the samples

    /// Minimizes from (w, bias) and leaves the average there, after each pass too: progress tells the pass and
    /// the samples visited. The outcome's value is exact. Throws descent::error for bad settings and shapes; a
    /// weight that is not finite is status::diverged, and the start is put back.
    template <class Rows, class Loss, class Watch>
    outcome run(linear_problem<Rows, Loss> const& p, vector_view<typename Rows::scalar> w,
                vector_view<typename Rows::scalar> bias, Watch const& watch) const {
        using T = typename Rows::scalar;
        p.check(w, bias, "averaged_sgd");
        check();
        bool const with_bias = bias.size() > 0;
        auto const lengths = detail::lengths_of(p, false);
        detail::sample_weights const weight(p);
        double const bend = detail::curvature_bound(p.loss), mean = lengths.mean + (with_bias ? 1 : 0);
        index const many = std::min(batch, p.samples());
        auto const rate_by = [&](auto const& largest) {
            return rate > 0 ? rate : rate_for(bend * mean, many, [&] { return bend * largest(); });
        };
        double const first = rate_by([&] { return detail::row_curvature(p, seed); });
        double const first_b = with_bias ? rate_by([] { return 1; }) : 0;
        vector<T> const start = w;
        T const start_bias = with_bias ? bias[0] : T(0);

        detail::averaged_weights<T> state(w);
        std::vector<double> size(static_cast<std::size_t>(many));
        double b = double(start_bias), mean_b = b, t = 0;
        std::vector<index> order;
        outcome result;
        auto told = verdict{};
        for (std::int64_t pass = 1; pass <= passes && !told.stop; ++pass) {
            detail::shuffle(p.samples(), seed, pass, order);
            for (std::size_t k = 0, count; k < order.size(); k += count) {
                count = std::min(size.size(), order.size() - k);
                double const fall = 1 / std::pow(1 + p.l2 * first * ++t, 0.75),
                             share = std::min(1.0, 4 / (t + 3));
                for (std::size_t s = 0; s < count; ++s) {
                    if (k + s + 3 < order.size())
                        detail::prefetch(detail::row_of(p.rows, order[k + s + 3]));
                    index const i = order[k + s];
                    double const own = double(weight(i)) / double(count);
                    double const along = (first * double(lengths.square[std::size_t(i)]) + first_b) * fall;
                    size[s] =
                        std::min(fall, fall / (bend * along * own)) * own *
                        double(p.loss.slope(state.score(detail::row_of(p.rows, i)) + T(b), p.rows.target(i)));
                }
                state.shrink(std::max(1 - fall * first * p.l2, 0.5));
                for (std::size_t s = 0; s < count; ++s) {
                    state.move(detail::row_of(p.rows, order[k + s]), first * size[s]);
                    b -= first_b * size[s];
                }
                state.enter(share);
                mean_b += share * (b - mean_b);
            }
            result.evaluations += p.samples();
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

    /// The same for f = sum_over{samples, f}, the mean over its samples: w <- w - rate_t (mean of the
    /// gradients) with rate_t = rate / (1 + t batch / samples)^(3/4). With the rate left at 0 it is as above,
    /// curvatures by differences of gradients at the start: those of samples each along its own gradient, which
    /// takes two passes; that of the mean, for batches, by 21 passes over some thousand samples. No sample's
    /// part of a step is then longer than its gradient over its curvature.
    template <class F, class T, class Watch>
    outcome run(F& f, vector_view<T> x, Watch const& watch) const {
        detail::check_sum("averaged_sgd", f, x.size());
        check();
        index const n = f.samples, many = std::min(batch, n);
        auto const bend = rate > 0 ? detail::sum_curvature<T>{} : detail::curvature_of_sum<T>(f, x);
        outcome result{.evaluations = bend.evaluations};
        double const first = rate > 0 ? rate : rate_for(bend.mean, many, [&] {
            return detail::mean_curvature<T>(f, x, seed, result.evaluations);
        });
        vector<T> const start = x;
        vector<T> moving = x, slope(x.size()), sum(x.size());
        vector_view<T> g(slope.data(), x.size());
        vector_view<T const> const at(moving.data(), x.size()), mean(x.data(), x.size());
        std::vector<index> order;
        auto told = verdict{};
        double t = 0;
        for (std::int64_t pass = 1; pass <= passes && !told.stop; ++pass) {
            detail::shuffle(n, seed, pass, order);
            for (index k = 0, count; k < n; k += count) {
                count = std::min(many, n - k);
                ++t;
                double const eta = first / std::pow(1 + t * double(many) / double(n), 0.75) / double(count);
                sum.setZero();
                for (index s = k; s < k + count; ++s) {
                    auto const i = std::size_t(order[std::size_t(s)]);
                    detail::sample_gradient(f, index(i), at, g);
                    double const most = bend.each.empty() ? eta : 1 / double(bend.each[i]);
                    sum += T(std::min(eta, most)) * g;
                }
                moving -= sum;
                x += T(std::min(1.0, 4 / (t + 3))) * (moving - x);
            }
            result.iterations = pass;
            result.evaluations += n;
            if (!std::isfinite(double(x.squaredNorm()))) {
                x = start;
                result.value = detail::mean_of_sum(f, mean, g);
                return detail::ended(result, status::diverged, "a weight was not finite");
            }
            told = watch(progress{.iteration = pass, .evaluations = result.evaluations});
        }
        result.value = detail::mean_of_sum(f, mean, g);
        return told.stop ? detail::ended(result, told.status, told.reason)
                         : detail::ended(result, status::finished, text(passes, " passes"));
    }

    /// Throws descent::error for settings out of range.
    void check() const {
        detail::check_passes("averaged_sgd", passes, rate);
        expect(batch > 0, "averaged_sgd: batch = ", batch, ": must be > 0");
    }

private:
    /// The first rate: single: how strongly one sample bends in the mean; together(): the mean of all.
    template <class Together>
    static double rate_for(double single, index many, Together const& together) {
        double const asked = 4 * single + (many > 1 ? 1.5 * double(many - 1) * together() : 0.0);
        return asked > 0 && std::isfinite(asked) ? double(many) / asked : 1;
    }
};

}  // namespace descent::solve
