// SPDX-License-Identifier: MIT
#include <descent/core/random.hpp>
#include <descent/loss/concepts.hpp>
#include <descent/loss/multiclass_hinge.hpp>
#include <descent/loss/softmax_cross_entropy.hpp>

#include <cmath>
#include <limits>
#include <vector>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

using namespace descent;
using descent::loss::multiclass_hinge;
using descent::loss::softmax_cross_entropy;

namespace {

static_assert(loss::of_scores<multiclass_hinge> && loss::of_scores<softmax_cross_entropy>);
static_assert(!loss::of_score<multiclass_hinge>);

template <class T>
std::vector<T> random_scores(std::size_t k, double width, std::uint64_t seed) {
    std::vector<T> z;
    for (std::size_t c = 0; c < k; ++c)
        z.push_back(T(width * (2 * generator{seed}.uniform<double>(c) - 1)));
    return z;
}

template <class Loss, class T>
T value_of(std::vector<T> z, std::size_t y) {
    return Loss::value_and_slope(z.data(), descent::index(z.size()), T(y));
}

}  // namespace

TEST_CASE("loss multiclass_hinge: the slope of f is a subgradient everywhere, ties too") {
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
        std::size_t const k = 1 + seed % 5, y = seed % k;
        auto const draw = [&](std::uint64_t from) {
            auto z = random_scores<double>(k, 2, from);
            for (double& each : z)
                each = std::round(2 * each) / 2;  // ties and kinks are hit often
            return z;
        };
        auto const z = draw(seed);
        auto slope = z;
        double const value = multiclass_hinge::value_and_slope(slope.data(), descent::index(k), double(y));
        double other = -std::numeric_limits<double>::infinity();
        for (std::size_t c = 0; c < k; ++c)
            other = c == y ? other : std::fmax(other, z[c]);
        CHECK(value == std::fmax(0.0, 1 + other - z[y]));
        bool below = true;
        for (std::uint64_t to = 100; to < 120; ++to) {
            auto const u = draw(to);
            double bound = value;
            for (std::size_t c = 0; c < k; ++c)
                bound += slope[c] * (u[c] - z[c]);
            below = below && value_of<multiclass_hinge>(u, y) >= bound;
        }
        CHECK(below);
    }
}

TEST_CASE("loss multiclass_hinge: the curvature of the cross entropy is the difference of its slopes") {
    double const h = 1e-5;
    auto const z = random_scores<double>(5, 2, 3), v = random_scores<double>(5, 1, 4);
    auto p = z, above = z, below = z, product = v;
    softmax_cross_entropy::probabilities<double>(p.data(), 5);
    softmax_cross_entropy::curvature_product<double>(p.data(), 5, v.data(), product.data());
    for (std::size_t c = 0; c < 5; ++c) {
        above[c] += h * v[c];
        below[c] -= h * v[c];
    }
    softmax_cross_entropy::value_and_slope(above.data(), 5, 1.0);
    softmax_cross_entropy::value_and_slope(below.data(), 5, 1.0);
    for (std::size_t c = 0; c < 5; ++c)
        CHECK(std::fabs(product[c] - (above[c] - below[c]) / (2 * h)) < 1e-9);
}

TEST_CASE("loss multiclass_hinge: what is not finite, and classes that are none") {
    double const nan = std::numeric_limits<double>::quiet_NaN();
    for (std::vector<double> z : {std::vector<double>{nan, 0, 1}, {0, nan, 1}, {0, 1, nan}}) {
        CHECK(std::isnan(multiclass_hinge::value_and_slope(z.data(), 3, 1.0)));
        CHECK((std::isnan(z[0]) && std::isnan(z[1]) && std::isnan(z[2])));
    }
    for (double const y : {3.0, -1.0, 0.5, nan}) {
        std::vector<double> z{0, 1, 2};
        CHECK(std::isnan(multiclass_hinge::value_and_slope(z.data(), 3, y)));
        CHECK((std::isnan(z[0]) && std::isnan(z[1]) && std::isnan(z[2])));
    }
    std::vector<float> wide{1e4f, -1e4f, 0};
    CHECK(multiclass_hinge::value_and_slope(wide.data(), 3, 1.0f) == 20001.0f);
    CHECK(wide == std::vector<float>{1, -1, 0});
}

TEMPLATE_TEST_CASE("loss multiclass_hinge: lanes of a pack are samples, with the bits of numbers", "", float,
                   double) {
    using T = TestType;
    using V = native_pack<T>;
    constexpr descent::index lanes = lanes_of<V>, stride = 32, k = 7;
    std::vector<T> z(std::size_t(k * stride)), v(z.size());
    alignas(alignment) T y[lanes], value[lanes];
    std::vector<std::vector<T>> alone;
    for (descent::index r = 0; r < lanes; ++r) {
        y[r] = T(r % k);
        alone.push_back(random_scores<T>(std::size_t(k), 2, std::uint64_t(r)));
        for (descent::index c = 0; c < k; ++c)
            z[std::size_t(c * stride + r)] = alone.back()[std::size_t(c)];
    }
    auto p = z;
    softmax_cross_entropy::probabilities<V>(p.data(), k, stride);
    softmax_cross_entropy::curvature_product<V>(p.data(), k, z.data(), v.data(), stride);
    store(value, multiclass_hinge::value_and_slope(z.data(), k, load<V>(y), stride));
    bool equal = true;
    for (descent::index r = 0; r < lanes; ++r) {
        auto own = alone[std::size_t(r)], own_p = own, own_v = own;
        softmax_cross_entropy::probabilities<T>(own_p.data(), k);
        softmax_cross_entropy::curvature_product<T>(own_p.data(), k, own.data(), own_v.data());
        equal = equal && multiclass_hinge::value_and_slope(own.data(), k, y[r]) == value[r];
        for (descent::index c = 0; c < k; ++c) {
            equal = equal && own[std::size_t(c)] == z[std::size_t(c * stride + r)];
            equal = equal && own_v[std::size_t(c)] == v[std::size_t(c * stride + r)];
        }
    }
    CHECK(equal);
}
