// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <descent/core/error.hpp>
#include <descent/core/random.hpp>
#include <descent/core/tensor.hpp>
#include <descent/train/detail/distribution.hpp>

namespace descent {

/// What a test of two models says: `p` is how probable a difference as large as this one, or larger, is where
/// both are equally good.
struct paired_test {
    double difference = 0;  ///< mean of a - b
    double statistic = 0;
    double p = 1;
};

namespace detail {

inline void check_pairs(char const* who, std::vector<double> const& a, std::vector<double> const& b) {
    expect(a.size() == b.size(), who, ": ", a.size(), " scores against ", b.size());
    expect(a.size() >= 2, who, ": ", a.size(), " pairs: must be >= 2");
    for (std::size_t i = 0; i < a.size(); ++i)
        expect(std::isfinite(a[i]) && std::isfinite(b[i]), who, ": pair ", i, " is not finite");
}

}  // namespace detail

/// Student's paired t-test of two models' scores on the same folds or rows, two-sided. `test_share` > 0: test
/// rows / train rows of each fold, which corrects the variance for that the folds' train parts overlap (Nadeau
/// & Bengio, 2003): give it for scores of cross-validation, else differences seem surer than they are. Throws
/// descent::error for other counts, fewer than two pairs, and what is not finite.
inline paired_test paired_t_test(std::vector<double> const& a, std::vector<double> const& b,
                                 double test_share = 0) {
    detail::check_pairs("paired_t_test", a, b);
    expect(test_share >= 0, "paired_t_test: test_share = ", test_share, ": must be >= 0");
    double const n = double(a.size());
    double mean = 0, squares = 0;
    for (std::size_t i = 0; i < a.size(); ++i)
        mean += (a[i] - b[i]) / n;
    for (std::size_t i = 0; i < a.size(); ++i)
        squares += (a[i] - b[i] - mean) * (a[i] - b[i] - mean);
    double const error = std::sqrt((1 / n + test_share) * squares / (n - 1));
    paired_test found{mean, mean == 0 ? 0 : mean / error, 1};
    found.p = mean == 0 ? 1 : detail::two_sided_p(found.statistic, n - 1);
    return found;
}

/// McNemar's exact test of two classifiers on the same rows: `only_a` rows that a alone got right, `only_b`
/// that b alone did; each such row is a toss of a coin where both are equally good. Two-sided. Throws
/// descent::error for negative counts.
inline paired_test mcnemar_test(std::int64_t only_a, std::int64_t only_b) {
    expect(only_a >= 0, "mcnemar_test: only_a = ", only_a, ": must be >= 0");
    expect(only_b >= 0, "mcnemar_test: only_b = ", only_b, ": must be >= 0");
    double const n = double(only_a + only_b);
    auto const least = std::min(only_a, only_b);
    double tail = 0;
    for (std::int64_t k = 0; k <= least; ++k)
        tail += std::exp(std::lgamma(n + 1) - std::lgamma(double(k) + 1) - std::lgamma(n - double(k) + 1) -
                         n * std::log(2.0));
    return {n > 0 ? double(only_a - only_b) / n : 0, double(least), std::min(1.0, 2 * tail)};
}

/// The sign-flip permutation test of two models' scores on the same rows or folds: how often a mean difference
/// as large comes out where each pair's sign is tossed. Exact (all 2^n flips) up to 16 pairs, else of `flips`
/// random ones, p = (1 + as large) / (1 + flips). Assumes no distribution. Throws as paired_t_test.
inline paired_test sign_flip_test(std::vector<double> const& a, std::vector<double> const& b, int flips = 9999,
                                  std::uint64_t seed = 0) {
    detail::check_pairs("sign_flip_test", a, b);
    expect(flips >= 1, "sign_flip_test: flips = ", flips, ": must be >= 1");
    std::size_t const n = a.size();
    double sum = 0, scale = 0;
    for (std::size_t i = 0; i < n; ++i) {
        sum += a[i] - b[i];
        scale += std::fabs(a[i] - b[i]);
    }
    double const least = std::fabs(sum) - 1e-12 * scale;
    bool const exact = n <= 16;
    auto const count = exact ? std::uint64_t(1) << n : std::uint64_t(flips);
    generator const draws{seed, 0x666c6970};
    std::uint64_t large = 0;
    for (std::uint64_t flip = 0; flip < count; ++flip) {
        double flipped = 0;
        for (std::size_t i = 0; i < n; ++i) {
            bool const turned = exact ? (flip >> i & 1) != 0 : draws.integer(flip * n + i, 2) != 0;
            flipped += turned ? b[i] - a[i] : a[i] - b[i];
        }
        large += std::fabs(flipped) >= least;
    }
    double const mean = sum / double(n);
    return {mean, mean, exact ? double(large) / double(count) : double(large + 1) / double(count + 1)};
}

}  // namespace descent
