// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include <descent/core/math.hpp>
#include <descent/core/memory.hpp>
#include <descent/search/detail/box_descent.hpp>
#include <descent/search/detail/triangular.hpp>

namespace descent::search {

/// How fast what is known of one point is lost on the way to another, by r^2 = sum of (difference / scale)^2:
/// matern52 (1 + sqrt5 r + 5/3 r^2) e^(-sqrt5 r), twice differentiable functions; rbf e^(-r^2 / 2), smooth
/// ones.
enum class covariance { matern52, rbf };

/// Gaussian-process regression with a constant mean (Rasmussen & Williams, 2006, chapter 2): a scale for each
/// variable (ARD) and the noise by maximum a posteriori; the mean and the variance of the process are profiled
/// out of the likelihood. A nominal variable counts 1 where two values differ and 0 where they are equal.
///
/// Memory: 4 n^2 numbers. fit() costs about 0.7 n^3 multiply-adds for each of its few dozen evaluations, add()
/// and predict() n^2.
class gp_regression {
public:
    /// Beliefs before data: log scale of a variable, log of (noise variance / process variance), both normal.
    struct prior {
        double log_scale = 0, log_scale_deviation = 0.7;
        double log_noise = -14, log_noise_deviation = 3.0;
    };

    covariance kernel = covariance::matern52;
    prior belief = {};
    std::vector<double> log_scale = {};  ///< one a variable
    double log_noise = -12;              ///< of the ratio noise variance / process variance
    static constexpr double least_log_noise = -18, most_log_noise = 2;

    gp_regression() = default;
    /// nominal[k]: does variable k hold labels and not numbers? Throws descent::error for no variables.
    explicit gp_regression(std::vector<char> nominal)
        : log_scale(nominal.size()), nominal_(std::move(nominal)) {
        expect(!nominal_.empty(), "gp_regression: variables = 0: must be > 0");
        forget_scales();
    }

    /// Scales and noise as believed before data.
    void forget_scales() {
        std::fill(log_scale.begin(), log_scale.end(), belief.log_scale);
        log_noise = belief.log_noise;
    }

    index variables() const { return index(nominal_.size()); }
    index size() const { return n_; }
    double mean() const { return mean_; }          ///< of the process
    double variance() const { return variance_; }  ///< of the process
    /// The negative logarithm of likelihood times prior at the present scales (mean and variance profiled out).
    double cost() const { return cost_; }

    /// Takes n points (rows of `variables` numbers) and their values; scales and noise stay.
    void set(double const* points, double const* values, index n) {
        reserve(n);
        n_ = n;
        for (index k = 0; k < variables(); ++k)
            for (index i = 0; i < stride_; ++i)
                x(k)[i] = i < n ? points[i * variables() + k] : 0;
        values_.assign(values, values + n);
    }

    /// Scales and noise by maximum a posteriori, from the present ones, and conditions on the data.
    void fit(int iterations = 30) {
        std::size_t const d = nominal_.size();
        std::vector<double> theta = log_scale, low(d, -5.0), high(d, 5.0);
        theta.push_back(log_noise);
        low.push_back(least_log_noise);
        high.push_back(most_log_noise);
        detail::box_descent(
            [&](std::vector<double> const& at, std::vector<double>& g) { return posterior(at, &g); }, theta,
            low, high, iterations, 1e-3, 0.5);
        std::copy_n(theta.begin(), d, log_scale.begin());
        log_noise = theta[d];
        condition();
    }

    /// Conditions on the data at the present scales; raises the noise where rounding asks for it.
    void condition() {
        std::vector<double> theta = log_scale;
        theta.push_back(log_noise);
        while (!std::isfinite(cost_ = posterior(theta, nullptr)) && theta.back() < most_log_noise)
            theta.back() += 2;
        log_noise = theta.back();
    }

    /// One more point and value, at the present scales: O(n^2). The variance of the process stays what it was.
    void add(double const* point, double value) {
        grow();
        double* const k = row_.data();
        double* const c = row_.data() + stride_;
        correlations(point, k, nullptr);
        detail::transposed_times(w_.data(), k, c, n_, stride_);
        double const noise = std::exp(log_noise);
        double const rest = std::max(1 + noise - detail::dot_rows(c, c, 0, n_), 0.1 * noise);
        double const pivot = std::sqrt(rest);
        for (index i = 0; i < n_; ++i)
            w_[std::size_t(i * stride_ + n_)] =
                -detail::dot_rows(w_.data() + i * stride_, c, detail::pack_start(i), n_) / pivot;
        w_[std::size_t(n_ * stride_ + n_)] = 1 / pivot;
        for (index v = 0; v < variables(); ++v)
            x(v)[n_] = point[v];
        values_.push_back(value);
        ++n_;
        weigh();
    }

    /// Other values at the same points, as many as there are points: O(n^2). The variance of the process stays.
    void set_values(std::vector<double> const& values) {
        values_ = values;
        weigh();
    }

    struct prediction {
        double mean = 0, variance = 0;
    };

    /// Mean and variance of the process (without noise) at a point. Not for several threads at once.
    prediction predict(double const* point) const { return predict(point, nullptr, nullptr); }

    /// The same with slopes: of the mean and of the variance, one a variable; 0 for nominal ones.
    prediction predict(double const* point, double* mean_slope, double* variance_slope) const {
        double* const k = row_.data();
        double* const c = k + stride_;
        double* const h = c + stride_;
        correlations(point, k, mean_slope ? h : nullptr);
        detail::transposed_times(w_.data(), k, c, n_, stride_);
        double const known = detail::dot_rows(c, c, 0, n_);
        prediction const at{mean_ + detail::dot_rows(k, alpha_.data(), 0, n_),
                            variance_ * std::max(1 - known, 1e-12)};
        if (mean_slope) {
            double* const v = h + stride_;
            detail::times(w_.data(), c, v, n_, stride_);
            for (index i = 0; i < n_; ++i) {
                v[i] *= h[i];
                h[i] *= alpha_[std::size_t(i)];
            }
            for (index s = 0; s < variables(); ++s) {
                mean_slope[s] = variance_slope[s] = 0;
                if (nominal_[std::size_t(s)])
                    continue;
                detail::lanes of_mean(0.0), of_variance(0.0);
                double const* const there = x(s);
                for (index i = 0; i < stride_; i += lanes_of<detail::lanes>) {
                    auto const apart = detail::lanes(point[s]) - load_unaligned<detail::lanes>(there + i);
                    of_mean = fused_multiply_add(apart, load_unaligned<detail::lanes>(h + i), of_mean);
                    of_variance = fused_multiply_add(apart, load_unaligned<detail::lanes>(v + i), of_variance);
                }
                double const inverse = std::exp(-2 * log_scale[std::size_t(s)]);
                mean_slope[s] = -sum(of_mean) * inverse;
                variance_slope[s] = 2 * variance_ * sum(of_variance) * inverse;
            }
        }
        return at;
    }

    /// The mean alone: O(n).
    double predict_mean(double const* point) const {
        correlations(point, row_.data(), nullptr);
        return mean_ + detail::dot_rows(row_.data(), alpha_.data(), 0, n_);
    }

private:
    double* x(index k) { return x_.data() + k * stride_; }
    double const* x(index k) const { return x_.data() + k * stride_; }

    void reserve(index n) {
        index const wanted = detail::padded(n + 8);
        if (wanted <= stride_ && wanted * 2 > stride_)
            return;
        stride_ = detail::padded(n + n / 4 + 8);
        auto const square = std::size_t(stride_ * stride_);
        x_ = aligned_buffer<double>(std::size_t(stride_) * nominal_.size());
        u_ = aligned_buffer<double>(square);
        w_ = aligned_buffer<double>(square);
        inverse_ = aligned_buffer<double>(square);
        slope_ = aligned_buffer<double>(square);
        alpha_ = aligned_buffer<double>(std::size_t(stride_));
        row_ = aligned_buffer<double>(std::size_t(stride_) * 4);
        inverse_scale_.resize(nominal_.size());
    }

    /// Room for one more point; keeps what is known.
    void grow() {
        if (n_ < stride_)
            return;
        index const old = stride_;
        aligned_buffer<double> const points = x_, weights = w_;
        reserve(n_ + 1);
        for (index k = 0; k < variables(); ++k)
            std::copy_n(points.data() + k * old, n_, x(k));
        for (index i = 0; i < n_; ++i)
            std::copy_n(weights.data() + i * old, n_, w_.data() + i * stride_);
    }

    /// value and, where asked, -2 d value / d r^2 of the kernel at squared distance r2.
    template <class V>
    DESCENT_FN static V kernel_at(bool smooth, V r2, V& bend) {
        if (smooth) {
            bend = exp(r2 * V(-0.5));
            return bend;
        }
        V const a = sqrt(r2 * V(5.0)), e = exp(-a);
        bend = (a + V(1.0)) * e * V(5.0 / 3);
        return fused_multiply_add(fused_multiply_add(a, V(1.0 / 3), V(1.0)), a, V(1.0)) * e;
    }

    /// Correlations of a point (its coordinates at `at`, `apart` from one another) with points [begin, end),
    /// whole packs; behind `end` zeros follow.
    void correlations_from(double const* at, index apart, index begin, index end, double* k,
                           double* bend) const {
        using V = detail::lanes;
        bool const smooth = kernel == covariance::rbf;
        for (index i = begin; i < end; i += lanes_of<V>) {
            V r2(0.0);
            for (index s = 0; s < variables(); ++s) {
                V difference = load_unaligned<V>(x(s) + i) - V(at[s * apart]);
                if (nominal_[std::size_t(s)])
                    difference = select(difference == V(0.0), V(0.0), V(1.0));
                difference *= V(inverse_scale_[std::size_t(s)]);
                r2 = fused_multiply_add(difference, difference, r2);
            }
            V b;
            V const value = kernel_at(smooth, r2, b);
            store_unaligned(k + i, value);
            if (bend)
                store_unaligned(bend + i, b);
        }
        for (index i = end; i < std::min(stride_, detail::padded(end)); ++i) {
            k[i] = 0;
            if (bend)
                bend[i] = 0;
        }
    }

    void correlations(double const* point, double* k, double* bend) const {
        correlations_from(point, 1, 0, n_, k, bend);
        for (index i = n_; i < stride_; ++i) {
            k[i] = 0;
            if (bend)
                bend[i] = 0;
        }
    }

    /// mean, alpha and the variance's data part from W.
    double weigh() {
        double* const one = row_.data();
        double* const y = one + stride_;
        double* const ones_solved = y + stride_;
        for (index i = 0; i < stride_; ++i) {
            one[i] = i < n_;
            y[i] = i < n_ ? values_[std::size_t(i)] : 0;
        }
        detail::transposed_times(w_.data(), one, ones_solved, n_, stride_);
        double* const y_solved = alpha_.data();
        detail::transposed_times(w_.data(), y, y_solved, n_, stride_);
        mean_ =
            detail::dot_rows(ones_solved, y_solved, 0, n_) / detail::dot_rows(ones_solved, ones_solved, 0, n_);
        for (index i = 0; i < stride_; ++i)
            y[i] = i < n_ ? y_solved[i] - mean_ * ones_solved[i] : 0;
        double const squares = detail::dot_rows(y, y, 0, n_);
        detail::times(w_.data(), y, alpha_.data(), n_, stride_);
        for (index i = n_; i < stride_; ++i)
            alpha_[std::size_t(i)] = 0;
        return squares;
    }

    /// The cost at theta = log scales, log noise; leaves W, alpha, mean and variance behind.
    double posterior(std::vector<double> const& theta, std::vector<double>* gradient) {
        index const d = variables(), n = n_;
        double const noise = std::exp(theta[std::size_t(d)]);
        for (index k = 0; k < d; ++k)
            inverse_scale_[std::size_t(k)] = std::exp(-theta[std::size_t(k)]);
        for (index i = 0; i < n; ++i) {
            correlations_from(x_.data() + i, stride_, detail::pack_start(i), n, u_.data() + i * stride_,
                              gradient ? slope_.data() + i * stride_ : nullptr);
            u_[std::size_t(i * stride_ + i)] = 1 + noise;
            for (index j = n; j < stride_; ++j)
                u_[std::size_t(i * stride_ + j)] = 0;
        }
        if (!detail::factorize(u_.data(), n, stride_))
            return std::numeric_limits<double>::infinity();
        detail::invert(u_.data(), w_.data(), n, stride_);
        variance_ = std::max(weigh() / double(n), 1e-300);
        double cost = 0.5 * double(n) * std::log(variance_);
        for (index i = 0; i < n; ++i)
            cost += std::log(u_[std::size_t(i * stride_ + i)]);
        auto const believe = [&](index at, double middle, double deviation) {
            double const z = (theta[std::size_t(at)] - middle) / deviation;
            cost += 0.5 * z * z;
            if (gradient)
                (*gradient)[std::size_t(at)] += z / deviation;
        };
        if (gradient)
            slopes(noise, *gradient);
        for (index k = 0; k < d; ++k)
            believe(k, belief.log_scale, belief.log_scale_deviation);
        believe(d, belief.log_noise, belief.log_noise_deviation);
        return cost;
    }

    void slopes(double noise, std::vector<double>& gradient) {
        using V = detail::lanes;
        index const d = variables(), n = n_;
        detail::square_of_inverse(w_.data(), inverse_.data(), n, stride_);
        std::vector<double> part(std::size_t(d * lanes_of<V>), 0.0);
        double of_noise = 0;
        V const per_variance(1 / variance_);
        for (index i = 0; i < n; ++i) {
            double const* const inverse = inverse_.data() + i * stride_;
            double const* const bend = slope_.data() + i * stride_;
            double const alpha = alpha_[std::size_t(i)];
            of_noise += inverse[i] - alpha * alpha / variance_;
            V const scaled = V(alpha) * per_variance;
            for (index j = detail::pack_start(i); j < n; j += lanes_of<V>) {
                V const column = lane_numbers<V>() + V(double(j));
                V weight = (load_unaligned<V>(inverse + j) - scaled * load_unaligned<V>(alpha_.data() + j)) *
                           load_unaligned<V>(bend + j);
                weight = select(column > V(double(i)) && column < V(double(n)), weight, V(0.0));
                for (index k = 0; k < d; ++k) {
                    V difference = load_unaligned<V>(x(k) + j) - V(x(k)[i]);
                    if (nominal_[std::size_t(k)])
                        difference = select(difference == V(0.0), V(0.0), V(1.0));
                    double* const to = part.data() + k * lanes_of<V>;
                    store_unaligned(to,
                                    fused_multiply_add(difference * difference, weight, load_unaligned<V>(to)));
                }
            }
        }
        for (index k = 0; k < d; ++k)
            gradient[std::size_t(k)] =
                sum(load_unaligned<V>(part.data() + k * lanes_of<V>)) * square(inverse_scale_[std::size_t(k)]);
        gradient[std::size_t(d)] = 0.5 * noise * of_noise;
    }

    std::vector<char> nominal_ = {};
    std::vector<double> values_ = {}, inverse_scale_ = {};
    index n_ = 0, stride_ = 0;
    aligned_buffer<double> x_ = {}, u_ = {}, w_ = {}, inverse_ = {}, slope_ = {}, alpha_ = {};
    mutable aligned_buffer<double> row_ = {};
    double mean_ = 0, variance_ = 1, cost_ = 0;
};

}  // namespace descent::search
