// SPDX-License-Identifier: MIT
#include <descent/core/random.hpp>
#include <descent/loss/softmax_cross_entropy.hpp>

#include <cmath>
#include <limits>
#include <vector>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

using namespace descent;
using loss_of = descent::loss::softmax_cross_entropy;

namespace {

struct answer {
    long double loss;
    std::vector<long double> probability;
};

/// Cross entropy and probabilities in long double.
template <class T>
answer reference(std::vector<T> const& z, std::size_t y) {
    long double highest = z[0], total = 0;
    for (T const each : z)
        highest = std::fmax(highest, static_cast<long double>(each));
    for (T const each : z)
        total += std::exp(each - highest);
    answer out{std::log(total) - (z[y] - highest), {}};
    for (T const each : z)
        out.probability.push_back(std::exp(each - highest) / total);
    return out;
}

template <class T>
std::vector<T> random_scores(std::size_t k, double width, std::uint64_t seed) {
    std::vector<T> z;
    for (std::size_t c = 0; c < k; ++c)
        z.push_back(T(width * (2 * generator{seed}.uniform<double>(c) - 1)));
    return z;
}

}  // namespace

TEMPLATE_TEST_CASE("loss softmax_cross_entropy: loss and slopes against long double", "", float, double) {
    using T = TestType;
    long double const ulp = std::numeric_limits<T>::epsilon();
    for (std::size_t const k : {2u, 3u, 10u, 17u})
        for (double const width : {0.0, 1.0, 10.0, 300.0, 1e4})
            for (std::size_t const y : {std::size_t(0), k / 2, k - 1}) {
                auto z = random_scores<T>(k, width, 7 * k + y);
                auto const [loss, probability] = reference(z, y);
                T const value = loss_of::value_and_slope(z.data(), descent::index(k), T(y));
                INFO("k = " << k << ", width = " << width << ", y = " << y);
                CHECK(std::fabs(value - loss) <= 8 * ulp * (1 + loss));
                long double sum = 0;
                for (std::size_t c = 0; c < k; ++c) {
                    CHECK(std::fabs(z[c] - (probability[c] - (c == y))) <= 8 * ulp);
                    sum += z[c];
                }
                CHECK(std::fabs(sum) <= 8 * ulp * static_cast<long double>(k));
            }
}

TEST_CASE("loss softmax_cross_entropy: known values") {
    std::vector<double> equal(10, 3.0);
    CHECK(std::fabs(loss_of::value_and_slope(equal.data(), 10, 4.0) - std::log(10.0)) < 1e-15);
    for (std::size_t c = 0; c < 10; ++c)
        CHECK(std::fabs(equal[c] - (c == 4 ? -0.9 : 0.1)) < 1e-15);

    std::vector<double> sure{1e4, -1e4, 0};
    CHECK(loss_of::value_and_slope(sure.data(), 3, 0.0) == 0.0);
    CHECK(sure == std::vector<double>{0, 0, 0});
    std::vector<double> wrong{1e4, -1e4, 0};
    CHECK(loss_of::value_and_slope(wrong.data(), 3, 1.0) == 2e4);
    CHECK(wrong == std::vector<double>{1, -1, 0});
}

TEST_CASE("loss softmax_cross_entropy: two classes are the logistic loss of the difference") {
    for (double const d : {-30.0, -2.0, 0.0, 0.5, 12.0}) {
        std::vector<double> z{1.25, 1.25 + d};
        double const value = loss_of::value_and_slope(z.data(), 2, 1.0);
        CHECK(std::fabs(value - (std::fmax(-d, 0) + std::log1p(std::exp(-std::fabs(d))))) < 1e-14);
        CHECK(std::fabs(z[1] + 1 / (1 + std::exp(d))) < 1e-15);
    }
}

TEST_CASE("loss softmax_cross_entropy: slopes are central differences of the loss") {
    double const h = 1e-5;
    auto const z = random_scores<double>(5, 2, 3);
    auto slopes = z;
    loss_of::value_and_slope(slopes.data(), 5, 2.0);
    for (std::size_t c = 0; c < 5; ++c) {
        auto above = z, below = z;
        above[c] += h;
        below[c] -= h;
        double const difference =
            (loss_of::value_and_slope(above.data(), 5, 2.0) - loss_of::value_and_slope(below.data(), 5, 2.0)) /
            (2 * h);
        CHECK(std::fabs(slopes[c] - difference) < 1e-9);
    }
}

TEMPLATE_TEST_CASE("loss softmax_cross_entropy: what is not finite", "", float, double) {
    using T = TestType;
    T const inf = std::numeric_limits<T>::infinity(), nan = std::numeric_limits<T>::quiet_NaN();
    for (std::vector<T> z : {std::vector<T>{nan, 0, 1}, std::vector<T>{0, 1, nan}, std::vector<T>{0, inf, 1}})
        CHECK(std::isnan(loss_of::value_and_slope(z.data(), 3, T(0))));
    std::vector<T> never{0, 0, -inf};
    CHECK(std::fabs(loss_of::value_and_slope(never.data(), 3, T(0)) - std::log(T(2))) < T(1e-6));
    std::vector<T> impossible{0, 0, -inf};
    CHECK(loss_of::value_and_slope(impossible.data(), 3, T(2)) == inf);
    for (T const y : {T(3), T(-1), T(0.5), nan}) {
        std::vector<T> z{0, 1, 2};
        CHECK(std::isnan(loss_of::value_and_slope(z.data(), 3, y)));
        CHECK((std::isnan(z[0]) && std::isnan(z[1]) && std::isnan(z[2])));
    }
}

TEMPLATE_TEST_CASE("loss softmax_cross_entropy: probabilities sum to 1 and are safe", "", float, double) {
    using T = TestType;
    for (double const width : {0.0, 3.0, 1e4}) {
        auto z = random_scores<T>(10, width, 11);
        auto const expected = reference(z, 0).probability;
        loss_of::probabilities<T>(z.data(), 10);
        long double sum = 0;
        for (std::size_t c = 0; c < 10; ++c) {
            CHECK(std::fabs(z[c] - expected[c]) <= 8 * std::numeric_limits<T>::epsilon());
            sum += z[c];
        }
        CHECK(std::fabs(sum - 1) <= 10 * std::numeric_limits<T>::epsilon());
    }
}

TEMPLATE_TEST_CASE("loss softmax_cross_entropy: lanes of a pack are samples, with the bits of numbers", "",
                   float, double) {
    using T = TestType;
    using V = native_pack<T>;
    constexpr descent::index lanes = lanes_of<V>, stride = 32, k = 7;
    std::vector<T> z(std::size_t(k * stride));
    alignas(alignment) T y[lanes], value[lanes];
    std::vector<std::vector<T>> alone;
    for (descent::index r = 0; r < lanes; ++r) {
        y[r] = T(r % k);
        alone.push_back(random_scores<T>(std::size_t(k), 20, std::uint64_t(r)));
        for (descent::index c = 0; c < k; ++c)
            z[std::size_t(c * stride + r)] = alone.back()[std::size_t(c)];
    }
    store(value, loss_of::value_and_slope(z.data(), k, load<V>(y), stride));
    for (descent::index r = 0; r < lanes; ++r) {
        auto& own = alone[std::size_t(r)];
        CHECK(loss_of::value_and_slope(own.data(), k, y[r]) == value[r]);
        for (descent::index c = 0; c < k; ++c)
            CHECK(own[std::size_t(c)] == z[std::size_t(c * stride + r)]);
    }
}
