// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string_view>
#include <type_traits>
#include <vector>

#include <descent/core/error.hpp>
#include <descent/core/tensor.hpp>
#include <descent/solve/detail/walk.hpp>
#include <descent/solve/problem.hpp>

// sum_over as the methods see it that draw samples.
namespace descent::solve::detail {

template <class F>
inline constexpr bool is_sum = descent::detail::is_sum<std::remove_const_t<F>>;

/// Throws descent::error for a sum or a start that no run can begin with.
template <class F>
void check_sum(std::string_view who, F const& f, index numbers) {
    static_assert(is_sum<F>, "this method takes a sum over samples: sum_over{n, f}, or a linear model in fit");
    expect(f.samples > 0, "sum_over: samples = ", f.samples, ": must be > 0");
    expect(numbers > 0, who, ": x is empty");
}

/// The loss of sample i at x; its gradient overwrites g.
template <class F, class X, class G>
double sample_gradient(F& f, index i, X const& x, G& g) {
    g.setZero();
    return double(f.f(i, x, g));
}

/// The mean of all losses at x.
template <class F, class X, class G>
double mean_of_sum(F& f, X const& x, G& g) {
    double total = 0;
    for (index i = 0; i < f.samples; ++i)
        total += sample_gradient(f, i, x, g);
    return total / double(f.samples);
}

/// How far apart two gradients are taken whose difference tells the curvature.
template <class T>
double difference_at(vector_view<T> const& x) {
    return std::cbrt(double(std::numeric_limits<T>::epsilon())) *
           std::max(1.0, std::sqrt(double(x.squaredNorm())));
}

template <class T>
struct sum_curvature {
    double mean = 0, largest = 0;
    std::int64_t evaluations = 0;
    std::vector<T> each = {};
};

/// How strongly the losses of single samples bend at x, each along its own gradient: by differences of two
/// gradients. For a loss of one score that is its curvature times |x_i|^2.
template <class T, class F>
sum_curvature<T> curvature_of_sum(F& f, vector_view<T> const& x) {
    index const n = x.size();
    vector<T> near(n), slope(n), other(n);
    vector_view<T> g(slope.data(), n), h(other.data(), n);
    vector_view<T const> const at(x.data(), n), beside(near.data(), n);
    double const reach = difference_at<T>(x);
    sum_curvature<T> seen{.evaluations = 2 * f.samples};
    seen.each.resize(std::size_t(f.samples), T(0));
    for (index i = 0; i < f.samples; ++i) {
        sample_gradient(f, i, at, g);
        double const norm = std::sqrt(double(g.squaredNorm()));
        if (!(norm > 0) || !std::isfinite(norm))
            continue;
        near = x - T(reach / norm) * g;
        sample_gradient(f, i, beside, h);
        double const bend = std::sqrt(double((h - g).squaredNorm())) / reach;
        if (!std::isfinite(bend))
            continue;
        seen.each[std::size_t(i)] = T(bend);
        seen.mean += bend / double(f.samples);
        seen.largest = std::max(seen.largest, bend);
    }
    return seen;
}

/// The largest curvature of the mean at x, from some of the samples, by differences of gradients, which are
/// counted.
template <class T, class F>
double mean_curvature(F& f, vector_view<T> const& x, std::uint64_t seed, std::int64_t& evaluations) {
    index const n = x.size();
    auto const samples = some_samples(f.samples, seed);
    vector<T> near = x, slope(n), here = vector<T>::Zero(n);
    vector_view<T> g(slope.data(), n);
    vector_view<T const> const at(near.data(), n);
    auto const add_mean = [&](vector<T>& out) {
        for (index const i : samples) {
            sample_gradient(f, i, at, g);
            out += g / T(samples.size());
        }
        evaluations += index(samples.size());
    };
    add_mean(here);
    T const reach = T(difference_at<T>(x));
    return largest_eigenvalue<T>(n, seed, [&](vector<T> const& v, vector<T>& out) {
        near = x + reach * v;
        add_mean(out);
        out = (out - here) / reach;
    });
}

}  // namespace descent::solve::detail
