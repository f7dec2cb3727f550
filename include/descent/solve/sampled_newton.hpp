// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <descent/core/error.hpp>
#include <descent/solve/problem.hpp>

namespace descent::solve {

/// An objective over samples that can be taken over some of them: f.sampled(count, seed) is the same mean over
/// `count` random samples.
template <class F, class T>
concept samplable = has_hessian_product<F, T> && requires(F& f) {
    { f.samples() } -> std::convertible_to<index>;
    f.sampled(index(1), std::uint64_t(0));
};

/// Newton's method with sampled curvature (Byrd, Chin, Neveitt & Nocedal, 2011; Roosta-Khorasani & Mahoney,
/// 2019) for smooth convex sums over many samples: the default for linear models on dense data.
///
/// It begins on a small random sample, where passes run in cache, solves that about as exactly as the sample
/// knows the answer, and goes on with `growth` times as many samples from there, so that few passes over all of
/// them are left. Each step is p = -H^-1 g, with the gradient of the present samples and the Hessian of fewer,
/// by conjugate gradients; where a step gains less than it should, the next takes more of these, then more
/// samples. The last stage sees all samples.
///
/// Converged when -g.p / 2, the distance to the optimum that the model of second order predicts, is at most
/// `tolerance` of the value. Throws descent::error for settings out of range.
struct sampled_newton {
    using problem = twice_differentiable;

    double tolerance = 1e-4;        ///< of the value: predicted distance to the optimum
    std::int64_t iterations = 200;  ///< Newton steps at most, all stages together
    double growth = 8;              ///< samples of a stage over those of the one before, >= 1.5
    double share = 1.0 / 16;        ///< samples of the Hessian over those of the gradient at least, in (0, 1]
    std::uint64_t seed = 0;         ///< of the samples' choice

    template <class F, class T, class Watch>
    outcome run(F& f, vector_view<T> x, Watch const& watch) const {
        static_assert(samplable<F, T>,
                      "sampled_newton: f offers hessian_product, samples() and sampled(count, seed)");
        expect(tolerance > 0 && std::isfinite(tolerance), "sampled_newton: tolerance = ", tolerance,
               ": must be finite and > 0");
        expect(iterations >= 0, "sampled_newton: iterations = ", iterations, ": must be >= 0");
        expect(growth >= 1.5 && growth <= 1e6, "sampled_newton: growth = ", growth, ": must be in [1.5, 1e6]");
        expect(share > 0 && share <= 1, "sampled_newton: share = ", share, ": must be in (0, 1]");

        expect(x.size() > 0, "sampled_newton: x is empty");
        state<T, Watch> now(x, watch);
        index const all = f.samples();
        // Fewer samples than some five a parameter tell little of the whole.
        index const least = std::max<index>(1024, 5 * x.size());
        index count = all;
        while (now.x.isZero(0) && double(count) / growth >= double(least))
            count = index(std::ceil(double(count) / growth));
        for (; count < all; count = index(std::ceil(double(count) * growth)) < all - all / 4
                                        ? index(std::ceil(double(count) * growth))
                                        : all) {
            auto part = f.sampled(count, seed + std::uint64_t(now.stage));
            // A sample's optimum is this far from that of all, in the mean: more exactly, and it is fitted to
            // noise.
            double const noise = 0.2 * double(x.size()) / double(count);
            stage(part, now, count, double(count) / double(all), std::max(noise, tolerance));
            if (now.stop)
                return now.result;
            ++now.stage;
        }
        stage(f, now, all, 1, tolerance);
        return now.result;
    }

private:
    template <class T, class Watch>
    struct state {
        vector_view<T> x;
        Watch const& watch;
        vector<T> g, p, residual, direction, product, trial, old_slope;
        std::vector<std::pair<vector<T>, vector<T>>>
            pairs;  ///< steps and changes of the gradient, of this stage
        outcome result;
        int stage = 0;
        double passes = 0;
        bool stop = false;

        state(vector_view<T> const& point, Watch const& watcher) : x(point), watch(watcher) {
            for (vector<T>* each : {&g, &p, &residual, &direction, &product, &trial, &old_slope})
                each->resize(x.size());
        }

        void end(descent::status status, std::string reason) {
            result.status = status;
            result.reason = std::move(reason);
            stop = true;
        }
    };

    /// Newton steps on `f` until the predicted distance to its optimum is at most `goal` of the value.
    /// `weight`: the share of all samples that f has.
    template <class F, class T, class Watch>
    void stage(F& f, state<T, Watch>& now, index count, double weight, double goal) const {
        using sample = decltype(f.sampled(index(1), std::uint64_t(0)));
        std::optional<sample> curved;
        index rows = std::min(count, std::max<index>(index(share * double(count)),
                                                     std::min<index>(count, 3 * now.x.size() + 256)));
        auto const curvature = [&] {
            if (2 * rows >= count)
                curved.reset(), rows = count;
            else
                curved.emplace(f.sampled(rows, ~seed + std::uint64_t(now.stage)));
        };
        curvature();
        now.pairs.clear();

        vector_view<T> g(now.g.data(), now.g.size());
        // Conjugate gradients end where a step of theirs gains so little. Directions of small curvature show
        // last: to be certain that none is left takes more steps than to go on.
        double settled = 0.3;
        double const strict = std::clamp(300 * goal, 1e-3, settled);
        double value = f(view(now.x), g), before = std::numeric_limits<double>::infinity();
        bool const whole = weight == 1;
        now.passes += weight;
        for (;;) {
            now.result.value = value;
            now.result.gradient_norm = std::sqrt(double(g.squaredNorm()));
            now.result.evaluations = std::int64_t(std::ceil(now.passes));
            if (!std::isfinite(value) || !std::isfinite(now.result.gradient_norm))
                return now.end(status::diverged, text("the objective is ", value));
            if (whole) {
                verdict const asked = now.watch(
                    progress{now.result.iterations, now.result.evaluations, value, now.result.gradient_norm});
                if (asked.stop)
                    return now.end(asked.status, asked.reason);
            }
            if (curved) {
                vector_view<T> unused(now.trial.data(), now.trial.size());
                (*curved)(view(now.x), unused);
            }
            auto const direction = [&] {
                int const least = settled > strict ? 1 : 8;
                return curved ? corrected(*curved, now, settled, least) : corrected(f, now, settled, least);
            };
            double slope = direction();
            if (-slope / 2 <= goal * std::fabs(value) && settled > strict) {
                settled = strict;
                slope = direction();
            }
            double const gap = -slope / 2;
            if (gap <= goal * std::fabs(value)) {
                if (whole)
                    now.end(status::converged, text("the optimum is predicted ", detail::brief(gap), " below"));
                return;
            }
            if (now.result.iterations >= iterations)
                return now.end(status::finished, text(iterations, " iterations done"));
            if (gap > 0.7 * before) {  // the last step gained too little: look closer
                if (settled > strict) {
                    settled = std::max(strict, settled / 10);
                } else if (curved) {
                    rows *= 2;
                    curvature();
                    if (!curved)
                        now.pairs.clear();
                }
            }
            before = gap;

            double length = 1;
            now.trial = now.x;
            now.old_slope = now.g;
            for (double next = value;; length /= 2) {
                now.x = now.trial + T(length) * now.p;
                next = f(view(now.x), g);
                now.passes += weight;
                if (next <= value + 1e-4 * length * slope) {
                    value = next;
                    break;
                }
                if (length < 1e-10) {
                    now.x = now.trial;
                    value = f(view(now.x), g);
                    if (curved) {
                        rows = count;
                        curvature();
                        break;
                    }
                    if (!whole)
                        return;
                    now.result.value = value;
                    return now.end(status::stalled, "no lower point along Newton's direction: rounding");
                }
            }
            ++now.result.iterations;
            if (curved) {
                now.pairs.emplace_back(now.x - now.trial, now.g - now.old_slope);
                if (!(now.pairs.back().first.dot(now.pairs.back().second) > 0))
                    now.pairs.pop_back();
            }
        }
    }

    /// p = -H^-1 g about, and g.p: what the sampled Hessian lacks, the gradients of past steps add (the two
    /// loops of L-BFGS around H^-1).
    template <class F, class T, class Watch>
    static double corrected(F& f, state<T, Watch>& now, double settled, int least) {
        vector<T> q = now.g;
        std::vector<T> share(now.pairs.size());
        for (std::size_t i = now.pairs.size(); i-- > 0;) {
            auto const& [step, change] = now.pairs[i];
            share[i] = step.dot(q) / step.dot(change);
            q -= share[i] * change;
        }
        conjugate_gradient(f, q, now, settled, least);
        for (std::size_t i = 0; i < now.pairs.size(); ++i) {
            auto const& [step, change] = now.pairs[i];
            now.p -= (share[i] + change.dot(now.p) / step.dot(change)) * step;
        }
        return double(now.g.dot(now.p));
    }

    /// p = -H^-1 g about, and g.p; by `least` steps at least, which are all where there are few parameters.
    template <class F, class T, class Watch>
    static double conjugate_gradient(F& f, vector<T> const& g, state<T, Watch>& now, double settled,
                                     int least) {
        now.p.setZero();
        now.residual = -g;
        now.direction = now.residual;
        double rr = double(now.residual.squaredNorm()), slope = 0;
        if (rr == 0)
            return 0;
        double const start = rr;
        for (int k = 1; k <= 250; ++k) {
            vector_view<T> product(now.product.data(), now.product.size());
            f.hessian_product(view(now.direction), product);
            double const bend = double(now.direction.dot(now.product));
            if (!(bend > 0))
                break;
            double const along = rr / bend;
            now.p += T(along) * now.direction;
            now.residual -= T(along) * now.product;
            double const gained = along * rr, next = double(now.residual.squaredNorm());
            slope -= gained;
            // Nash & Sofer (1990): the quadratic model has settled.
            if ((k >= least && double(k) * gained <= settled * -slope) || next <= 1e-12 * start)
                break;
            now.direction = now.residual + T(next / rr) * now.direction;
            rr = next;
        }
        return slope;
    }

    template <class V>
    static auto view(V const& v) {
        using T = typename V::Scalar;
        return vector_view<T const>(v.data(), v.size());
    }
};

}  // namespace descent::solve
