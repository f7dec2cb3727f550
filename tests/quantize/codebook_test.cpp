// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include <descent/core/random.hpp>
#include <descent/quantize/codebook.hpp>

#include "message.hpp"

using namespace descent;

namespace {

using numbers = std::vector<double>;

/// The least error of 1 .. most clusters: the textbook's recursion over all pairs, O(k n^2), each error by
/// Welford's update and not by differences of sums.
numbers least_errors(numbers x, numbers w, std::size_t most) {
    std::vector<std::size_t> order(x.size());
    for (std::size_t i = 0; i < x.size(); ++i)
        order[i] = i;
    std::sort(order.begin(), order.end(), [&](auto a, auto b) { return x[a] < x[b]; });
    std::size_t const n = x.size();
    std::vector<numbers> error(n + 1, numbers(n + 1));
    for (std::size_t i = 0; i < n; ++i) {
        double mass = 0, mean = 0, sum = 0;
        for (std::size_t j = i; j < n; ++j) {
            double const weight = w.empty() ? 1 : w[order[j]], away = x[order[j]] - x[0] - mean;
            mass += weight;
            mean += mass > 0 ? weight * away / mass : 0;
            sum += weight * away * (x[order[j]] - x[0] - mean);
            error[i][j + 1] = sum;
        }
    }
    numbers found, before = error[0];
    for (std::size_t k = 1; k <= most; ++k) {
        if (k > 1) {
            numbers now(n + 1, 0);
            for (std::size_t j = 1; j <= n; ++j) {
                now[j] = before[j];
                for (std::size_t i = 1; i < j; ++i)
                    now[j] = std::min(now[j], before[i] + error[i][j]);
            }
            before = now;
        }
        found.push_back(before[n]);
    }
    return found;
}

template <class T>
double error_of(quantize::codebook<T> const& book, std::vector<T> const& x, std::vector<T> const& w) {
    double sum = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
        double const away = double(x[i]) - double(book.values[std::size_t(book.code(x[i]))]);
        sum += (w.empty() ? 1 : double(w[i])) * away * away;
    }
    return sum;
}

/// The first k from 1 to `most` for which the codebook is not the best one, not rising, or tells another error;
/// 0 for none.
template <class T>
std::size_t first_wrong(std::vector<T> const& x, std::vector<T> const& w, std::size_t most) {
    numbers const best = least_errors({x.begin(), x.end()}, {w.begin(), w.end()}, most);
    double spread = 0, furthest = 0, mass = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
        spread += (double(x[i]) - double(x[0])) * (double(x[i]) - double(x[0]));
        furthest = std::max(furthest, std::fabs(double(x[i])));
        mass += w.empty() ? 1 : double(w[i]);
    }
    double const step = furthest * double(std::numeric_limits<T>::epsilon());  // of the stored values
    double const rounding = 1e-13 * spread * std::max(1.0, mass), stored = mass * step * step;
    for (std::size_t k = 1; k <= most; ++k) {
        auto const book = quantize::optimal_codebook<T>(x, descent::index(k), w);
        bool const rising = std::is_sorted(book.values.begin(), book.values.end(), std::less_equal<T>());
        if (!rising || book.size() > descent::index(k) || std::fabs(book.error - best[k - 1]) > rounding ||
            std::fabs(error_of(book, x, w) - best[k - 1]) > rounding + stored)
            return k;
    }
    return 0;
}

template <class T>
std::vector<T> draws(std::size_t n, int kind, std::uint32_t seed) {
    generator const g{.seed = seed, .stream = 1};
    std::vector<T> x(n);
    for (std::size_t i = 0; i < n; ++i) {
        if (kind == 0)
            x[i] = g.normal<T>(i);
        else if (kind == 1)  // many ties
            x[i] = T(g.integer(i, 12)) - T(4);
        else if (kind == 2)  // a lattice: every price ties
            x[i] = T(i);
        else if (kind == 3)  // heavy tails
            x[i] = g.normal<T>(i) / (g.uniform<T>(i + 1000) + T(0.01));
        else  // far from 0
            x[i] = T(4096) + g.uniform<T>(i);
    }
    return x;
}

}  // namespace

TEST_CASE("quantize codebook: the optimum of k-means in one dimension, for every k") {
    for (int kind = 0; kind < 5; ++kind)
        for (std::size_t const n : {1u, 2u, 3u, 17u, 70u}) {
            CAPTURE(kind, n);
            auto const x = draws<double>(n, kind, 5);
            CHECK(first_wrong<double>(x, {}, n) == 0);
            CHECK(first_wrong<float>(draws<float>(n, kind, 6), {}, n) == 0);
            auto weights = draws<double>(n, 0, 7);
            for (double& w : weights)
                w = std::max(0.0, w);  // half of them weigh nothing
            weights[0] = 3;
            CHECK(first_wrong<double>(x, weights, n) == 0);
        }
}

TEST_CASE("quantize codebook: many numbers, few codes") {
    CHECK(first_wrong<float>(draws<float>(1500, 0, 1), {}, 20) == 0);
    CHECK(first_wrong<double>(draws<double>(1500, 3, 2), {}, 12) == 0);
    CHECK(first_wrong<double>(draws<double>(900, 2, 3), {}, 12) == 0);
}

TEST_CASE("quantize codebook: equal parts of a lattice") {
    // 60000 whole numbers in 6 parts of m = 10000: each part's error is (m^3 - m) / 12.
    auto const x = draws<float>(60000, 2, 0);
    auto const book = quantize::optimal_codebook<float>(x, 6);
    CHECK(std::fabs(book.error / (6 * (1e12 - 1e4) / 12) - 1) < 1e-9);
    CHECK(book.values == std::vector<float>{4999.5f, 14999.5f, 24999.5f, 34999.5f, 44999.5f, 54999.5f});
}

TEST_CASE("quantize codebook: the nearest code") {
    quantize::codebook<float> const book{{-1, 0, 3}};
    CHECK(book.code(-7) == 0);
    CHECK(book.code(-0.5f) == 0);
    CHECK(book.code(-0.49f) == 1);
    CHECK(book.code(1.6f) == 2);
    CHECK(book.code(std::numeric_limits<float>::infinity()) == 2);
    CHECK(quantize::codebook<float>{{5}}.code(-5) == 0);
}

TEST_CASE("quantize codebook: fewer codes than asked for where there are fewer numbers") {
    std::vector<float> const x{2, 1, -0.0f, 2, 0, 1};
    auto const book = quantize::optimal_codebook<float>(x, 9);
    CHECK(book.values == std::vector<float>{0, 1, 2});
    CHECK(book.error == 0);
}

TEST_CASE("quantize codebook: the fast one is within 1e-4 of the optimum") {
    auto x = draws<float>(100000, 0, 1);
    std::vector<float> weights(x.size());
    for (std::size_t i = 0; i < x.size(); ++i)
        weights[i] = float(i % 3);
    for (descent::index const k : {1, 2, 16, 300}) {
        CAPTURE(k);
        auto const best = quantize::optimal_codebook<float>(x, k, weights).error;
        auto const fast = quantize::fast_codebook<float>(x, k, weights);
        CHECK(fast.size() == k);
        CHECK(fast.error >= best * (1 - 1e-9));
        CHECK(fast.error <= best * (1 + 1e-4));
        CHECK(error_of(fast, x, weights) <= best * (1 + 1e-4));
    }
    x[7] = 1e6f;  // no bins are fine enough
    CHECK(quantize::fast_codebook<float>(x, 16).values == quantize::optimal_codebook<float>(x, 16).values);
    std::fill(x.begin(), x.end(), 3.0f);
    CHECK(quantize::fast_codebook<float>(x, 16).values == std::vector<float>{3});
}

TEST_CASE("quantize codebook: ranges of every kind, whose numbers lie side by side") {
    std::vector<float> const x{1, 2, 3, 10, 11};
    std::vector<float> const right{2, 10.5f};
    std::array<double, 5> const doubles{1, 2, 3, 10, 11};
    vector<float> const eigen = Eigen::Map<vector<float> const>(x.data(), 5);
    std::vector<float> writable = x;
    CHECK(quantize::optimal_codebook(x, 2).values == right);
    CHECK(quantize::optimal_codebook(std::span(eigen.data(), std::size_t(eigen.size())), 2).values == right);
    CHECK(quantize::optimal_codebook(std::span<float>(writable), 2).values == right);
    CHECK(quantize::optimal_codebook(std::span<float const>(x), 2).values == right);
    CHECK(quantize::optimal_codebook(doubles, 2).values == std::vector<double>{2, 10.5});
    CHECK(quantize::optimal_codebook(x, 2, std::vector<float>{1, 0, 0, 1, 1}).values ==
          std::vector<float>{1, 10.5f});
    CHECK(quantize::fast_codebook(x, 2).values == right);
}

TEST_CASE("quantize codebook: bad input") {
    float const nan = std::numeric_limits<float>::quiet_NaN();
    auto const told = [](std::vector<float> const& x, descent::index k, std::vector<float> const& w = {}) {
        return message_of([&] { quantize::optimal_codebook<float>(x, k, w); });
    };
    CHECK(told({1, 2}, 0) == "optimal_codebook: k = 0: must be >= 1");
    CHECK(told({}, 2) == "optimal_codebook: there are no numbers");
    CHECK(told({1, 2}, 2, {1}) == "optimal_codebook: 1 weights for 2 numbers");
    CHECK(told({1, 2, 3, nan}, 2) == "optimal_codebook: number 3 is nan: must be finite");
    CHECK(told({1, 2}, 2, {1, -2}) == "optimal_codebook: weight 1 = -2: must be finite and >= 0");
    CHECK(told({1, 2}, 2, {0, 0}) == "optimal_codebook: all weights are 0");
    CHECK(message_of([&] {
              quantize::fast_codebook<float>(std::vector<float>{1, -1 / 0.0f}, 3);
          }) == "fast_codebook: number 1 is -inf: must be finite");
}
