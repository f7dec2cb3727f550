// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include <descent/core/pack.hpp>
#include <descent/core/random.hpp>
#include <descent/quantize/ternary.hpp>

using namespace descent;

namespace {

/// Values and slopes of a rule over one slice; slopes by the values are all `up`.
template <class T>
struct rounding {
    std::vector<T> values, slopes;
    T sums[2] = {};
};
template <class T, class Rule>
rounding<T> rounded(Rule const& rule, std::vector<T> const& w, std::vector<T> const& learned = {}, T up = 1) {
    std::vector<T> spare(w.size()), measured(std::size_t(Rule::measured) + 1);
    auto const n = std::ptrdiff_t(w.size());
    rule.measure(w.data(), n, spare.data(), measured.data());
    auto const kernel = rule.template at<T>(learned.data(), measured.data(), n);
    rounding<T> r;
    for (T const x : w) {
        r.values.push_back(kernel.value(x));
        r.slopes.push_back(kernel.slope(x, up, r.sums));
    }
    return r;
}

double squared_error(std::vector<double> const& w, std::vector<double> const& values) {
    double sum = 0;
    for (std::size_t i = 0; i < w.size(); ++i)
        sum += (w[i] - values[i]) * (w[i] - values[i]);
    return sum;
}

/// Of all ways to keep the k largest.
double least_error(std::vector<double> const& w) {
    std::vector<double> sorted;
    for (double const x : w)
        sorted.push_back(std::fabs(x));
    std::sort(sorted.rbegin(), sorted.rend());
    double least = std::numeric_limits<double>::infinity();
    for (std::size_t k = 1; k <= w.size(); ++k) {
        double mean = 0, error = 0;
        for (std::size_t i = 0; i < k; ++i)
            mean += sorted[i] / double(k);
        for (std::size_t i = 0; i < w.size(); ++i)
            error += i < k ? (sorted[i] - mean) * (sorted[i] - mean) : sorted[i] * sorted[i];
        least = std::min(least, error);
    }
    return least;
}

}  // namespace

TEMPLATE_TEST_CASE("quantize ternary: two and three values, and their slopes, by the papers", "", float,
                   double) {
    using T = TestType;
    using list = std::vector<T>;
    auto const two = rounded<T>(quantize::binary{}, {T(0.5), T(-1.5), 0, -2}, {}, 3);
    CHECK(two.values == list{1, -1, 1, -1});
    CHECK(two.slopes == list{T(3.75), T(0.75), T(3.75), T(0.75)});  // 3 (1 / 4 + 1), 3 / 4

    list const w{1, -2, T(0.125), T(-0.375), 3, T(0.5)};  // mean 7 / 6, threshold 0.8167
    auto const three = rounded<T>(quantize::ternary{}, w, {}, 3);
    CHECK(three.values == list{2, -2, 0, 0, 2, 0});
    CHECK(three.slopes == list(6, T(3)));

    // A tenth of 3: (1, 0.375, 0.5) and (-2, -0.375) are beyond it.
    auto const trained = rounded<T>(quantize::trained_ternary{.threshold = 0.1}, w, {T(0.75), T(1.25)}, 2);
    CHECK(trained.values == list{T(0.75), T(-1.25), 0, T(-1.25), T(0.75), T(0.75)});
    CHECK(trained.slopes == list{T(1.5), T(2.5), 2, T(2.5), T(1.5), T(1.5)});
    CHECK((trained.sums[0] == 6 && trained.sums[1] == -4));
    T first[2];
    quantize::trained_ternary{.threshold = 0.1}.begin(w.data(), 6, first);
    CHECK((first[0] == T(1.5) && first[1] == T(1.1875)));
    auto const open = rounded<T>(quantize::trained_ternary{}, w, {0, 0}, 2);
    CHECK((open.values == w && open.slopes == list(6, T(2))));
}

TEMPLATE_TEST_CASE("quantize ternary: weights that are no numbers have no code, by numbers and packs", "",
                   float, double) {
    using T = TestType;
    using V = native_pack<T>;
    T const inf = std::numeric_limits<T>::infinity(), nan = std::numeric_limits<T>::quiet_NaN();
    auto const check = [&](auto const& rule, std::vector<T> const& learned) {
        for (std::size_t const n : {1u, 5u, 8u, 300u})
            for (T const odd : {nan, -nan, inf, -inf}) {
                std::vector<T> w(n, T(0.25));
                w[n / 2] = odd;
                CHECK_FALSE(std::isfinite(rounded<T>(rule, w, learned).values[n / 2]));
            }
        std::vector<T> spare(4), measured(2), w{T(0.5), T(-0.25), T(-0.0625), 0};
        rule.measure(w.data(), 4, spare.data(), measured.data());
        auto const kernel = rule.template at<T>(learned.data(), measured.data(), 4);
        for (T const each : w) {
            T in[lanes_of<V>], out[lanes_of<V>];
            std::fill_n(in, lanes_of<V>, T(0.5));
            in[lanes_of<V> - 1] = each;
            store_unaligned(out, kernel.value(load_unaligned<V>(in)));
            T const alone = kernel.value(each), with = out[lanes_of<V> - 1];
            CHECK((with == alone || (std::isnan(with) && std::isnan(alone))));
            CHECK(out[0] == (lanes_of<V> > 1 ? kernel.value(T(0.5)) : alone));
        }
    };
    check(quantize::ternary{}, {});
    check(quantize::ternary{.exact = true}, {});
    check(quantize::binary{}, {});
    check(quantize::trained_ternary{}, {T(0.75), T(1.25)});
    check(quantize::trained_ternary{}, {0, 0});
}

TEST_CASE("quantize ternary: the exact threshold has the least squared error") {
    quantize::ternary const exact{.exact = true};
    for (std::size_t const n : {1u, 2u, 3u, 7u, 127u, 128u, 301u, 701u})
        for (std::uint64_t seed = 0; seed < 5; ++seed) {
            std::vector<double> w;
            for (std::size_t i = 0; i < n; ++i) {
                double const z = generator{seed}.normal<double>(i);
                w.push_back(seed == 1 ? std::nearbyint(z) : seed == 2 ? z * z * z : z);  // ties; long tails
            }
            double const error = squared_error(w, rounded<double>(exact, w).values);
            CHECK(error <= least_error(w) * (1 + 1e-12) + 1e-300);
            CHECK(error <= squared_error(w, rounded<double>(quantize::ternary{}, w).values) + 1e-12);
        }
    using list = std::vector<double>;
    CHECK(rounded<double>(exact, list(5, 0.0)).values == list(5, 0.0));
    CHECK(rounded<double>(exact, list(2000, 0.0)).values == list(2000, 0.0));
    CHECK(std::fabs(rounded<double>(exact, list(2000, 1e-310)).values[1999] - 1e-310) < 1e-320);
    CHECK(rounded<double>(exact, {-3}).values == list{-3});
    // NaN and Inf are in no order.
    double const nan = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();
    list damaged(3000, 0.5);
    damaged[7] = nan, damaged[8] = -nan, damaged[2000] = -inf;
    for (list const& w : {damaged, list{1, nan, -inf, nan, 0.5, -nan, 2}})
        for (double const value : rounded<double>(exact, w).values)
            CHECK(std::isnan(value));
}
