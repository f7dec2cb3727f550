// SPDX-License-Identifier: MIT
#include <descent/core/random.hpp>
#include <descent/regularize.hpp>

#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "message.hpp"

using namespace descent;

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();
using numbers = vector<double>;

/// All that a penalty tells of some weights and a step.
struct answer {
    double value, value_float;
    numbers slope, prox;  ///< the slope added to ones
    vector<float> prox_float;
};

/// One penalty without its type, so that the tests compile once.
struct row {
    std::string name;
    bool constraint, sloped;
    std::function<answer(numbers const&, double)> ask;

    double value(numbers const& w) const { return ask(w, 1).value; }
    numbers prox(numbers const& w, double step = 0.7) const { return ask(w, step).prox; }
};

template <class P>
row row_of(std::string name, P const& penalty) {
    static_assert(regularize::penalty<P>);
    constexpr bool sloped = regularize::has_slope<P>;
    auto const ask = [penalty](numbers const& w, double step) {
        vector<float> const single = w.cast<float>();
        answer told{penalty.value(w), penalty.value(single), numbers::Ones(w.size()), w, single};
        if constexpr (sloped)
            penalty.slope(w, told.slope);
        penalty.prox(told.prox, step);
        penalty.prox(told.prox_float, step);
        return told;
    };
    return {std::move(name), !sloped, sloped, ask};
}

/// Groups of 0, 3, 6 ... and 1, 4, 7 ...; the rest is free.
regularize::groups scattered(descent::index n) {
    std::vector<descent::index> group;
    for (descent::index i = 0; i < n; ++i)
        group.push_back(i % 3 == 2 ? -1 : i % 3);
    return regularize::groups::of_each(group);
}

regularize::groups halves(descent::index n) {
    if (n < 2)
        return regularize::groups::of_sizes(std::vector<descent::index>(std::size_t(n), 1));
    return regularize::groups::of_sizes({n / 2, n - n / 2});
}

/// The list for n weights: a new penalty needs one row.
std::vector<row> rows(descent::index n) {
    namespace r = regularize;
    descent::index const columns = n % 5 == 0 && n > 0 ? 5 : n % 3 == 0 && n > 0 ? 3 : 1;
    return {
        row_of("l1", r::l1{0.8}),
        row_of("l2", r::l2{0.8}),
        row_of("elastic_net", r::elastic_net{.l1 = 0.5, .l2 = 0.3}),
        row_of("group_lasso", r::group_lasso{.lambda = 0.6, .groups = scattered(n)}),
        row_of("group_lasso plain", r::group_lasso{.lambda = 0.9, .groups = halves(n), .by_size = false}),
        row_of("sparse_group", r::sparse_group{.l1 = 0.3, .lambda = 0.4, .groups = scattered(n)}),
        row_of("nuclear_norm", r::nuclear_norm{.lambda = 0.7, .columns = columns}),
        row_of("total_variation", r::total_variation{0.6}),
        row_of("max_norm", r::max_norm{.limit = 0.9}),
        row_of("max_norm rows", r::max_norm{.limit = 0.5, .columns = columns}),
        row_of("box", r::box{.low = -0.25, .high = 0.5}),
        row_of("box below", r::box{}),
        row_of("simplex", r::simplex{.sum = 2}),
        row_of("l1_ball", r::l1_ball{.radius = 1.5}),
    };
}

numbers random(descent::index n, std::uint64_t seed, double width = 1) {
    numbers w(n);
    for (descent::index i = 0; i < n; ++i)
        w[i] = width * generator{seed}.normal<double>(std::uint64_t(i));
    return w;
}

/// The same in few bits: ties and zeros.
numbers rounded(descent::index n, std::uint64_t seed) {
    numbers w = random(n, seed);
    for (double& each : w)
        each = std::round(each);
    return w;
}

/// Calls test(row, n) for each row and size: none, one, odd ones, 5 x 3, 7 x 3 and 7 x 5 matrices, more than a
/// pack.
template <class Test>
void for_each_row(Test const& test, descent::index least = 0) {
    for (descent::index const n : {0, 1, 2, 3, 15, 21, 35})
        if (n >= least)
            for (row const& each : rows(n)) {
                INFO(each.name << ", n = " << n);
                test(each, n);
            }
}

double squared_norm(numbers const& a) { return a.squaredNorm(); }

}  // namespace

// u is the minimum of step P(u) + |u - w|^2 / 2 just where (w - u) / step is a subgradient of P at u.
TEST_CASE("regularize contract: the prox is the minimum") {
    for_each_row([](row const& each, descent::index n) {
        if (n == 0)
            return;
        bool least = true, finite = true;
        for (std::uint64_t seed = 0; seed < 6; ++seed)
            for (double const step : {0.05, 0.7, 3.0}) {
                numbers const w = seed % 2 ? rounded(n, seed) : random(n, seed, seed == 2 ? 10.0 : 1.0);
                numbers const u = each.prox(w, step);
                double const at = each.value(u);
                finite = finite && at < inf;
                for (std::uint64_t other = 100; other < 116; ++other) {
                    // Near and far, at random and where the penalty has its edges; constraints from inside.
                    double const width = std::pow(10.0, 1 - double(other % 5));
                    numbers v = u + random(n, other, width);
                    if (each.constraint || other % 2)
                        v = each.prox(v, step * width);
                    double const bound = step * at + (w - u).dot(v - u);
                    least = least && step * each.value(v) >= bound - 1e-12 * (1 + std::fabs(bound) + w.norm());
                }
            }
        CHECK(finite);
        CHECK(least);
    });
}

TEST_CASE("regularize contract: the prox brings points no further apart") {
    for_each_row([](row const& each, descent::index n) {
        bool firm = true;
        for (std::uint64_t seed = 0; seed < 12; ++seed) {
            numbers const a = random(n, seed), b = seed % 2 ? rounded(n, seed + 50) : a + random(n, seed, 1e-3);
            numbers const difference = each.prox(a) - each.prox(b);
            firm = firm && squared_norm(difference) <= difference.dot(a - b) + 1e-14;
        }
        CHECK(firm);
    });
}

TEST_CASE("regularize contract: constraints are projections, penalties leave all at step 0") {
    for_each_row(
        [](row const& each, descent::index n) {
            bool right = true;
            for (std::uint64_t seed = 0; seed < 12; ++seed) {
                numbers const w = random(n, seed, 3);
                if (each.constraint) {
                    numbers const inside = each.prox(w);
                    answer const again = each.ask(inside, 2);
                    right = right && again.value == 0 && again.prox == inside && each.prox(w, 0) == inside;
                    right = right && each.value(w) == (inside == w ? 0 : inf);
                } else {
                    right = right && each.prox(w, 0) == w && each.value(w) >= 0;
                    right = right && each.value(each.prox(w)) <= each.value(w);
                }
            }
            CHECK(right);
        },
        1);
}

TEST_CASE("regularize contract: the slope is the difference of the value, and added") {
    for_each_row([](row const& each, descent::index n) {
        if (!each.sloped)
            return;
        double const h = 1e-6;
        bool near = true, below = true;
        for (std::uint64_t seed = 0; seed < 5; ++seed) {
            numbers const w = random(n, seed), slope = each.ask(w, 1).slope;
            for (descent::index i = 0; i < n; ++i) {
                numbers up = w, down = w;
                up[i] += h;
                down[i] -= h;
                near = near && std::fabs(slope[i] - 1 - (each.value(up) - each.value(down)) / (2 * h)) < 1e-7;
            }
            // Where there is no gradient it is a subgradient.
            numbers const edge = rounded(n, seed), pull = each.ask(edge, 1).slope - numbers::Ones(n);
            for (std::uint64_t other = 100; other < 110; ++other) {
                numbers const v = edge + random(n, other, other % 2 ? 1 : 0.01);
                below = below && each.value(v) >= each.value(edge) + pull.dot(v - edge) - 1e-12;
            }
        }
        CHECK(near);
        CHECK(below);
    });
}

TEST_CASE("regularize contract: float is double rounded, inside constraints too") {
    for_each_row([](row const& each, descent::index n) {
        bool close = true;
        for (std::uint64_t seed = 0; seed < 6; ++seed) {
            numbers const w = random(n, seed).cast<float>().cast<double>();
            answer const told = each.ask(w, 0.5);
            for (descent::index i = 0; i < n; ++i)
                close = close && std::fabs(double(told.prox_float[i]) - told.prox[i]) < 4e-6;
            close =
                close && (told.value == told.value_float || std::fabs(told.value - told.value_float) <= 1e-5);
            numbers const inside = told.prox_float.cast<double>();
            close = close && (!each.constraint || n == 0 || each.ask(inside, 1).value_float == 0);
        }
        CHECK(close);
    });
}

TEST_CASE("regularize contract: NaN stays visible, large and small numbers do no harm") {
    for_each_row(
        [](row const& each, descent::index n) {
            numbers w = random(n, 3);
            w[n / 2] = std::numeric_limits<double>::quiet_NaN();
            answer const told = each.ask(w, 1);
            // A lone weight has no variation; the free ones of groups have no penalty.
            bool const counts = each.name != "total_variation" || n > 1;
            bool const free = each.name == "group_lasso" && (n / 2) % 3 == 2;
            CHECK((std::isnan(told.value) || !counts || free));
            CHECK(std::isnan(told.prox[n / 2]));
            CHECK(std::isnan(told.prox_float[n / 2]));
            for (double const width : {1e200, 1e150, 1e-150, 1e-200, 1e-310}) {
                answer const far = each.ask(random(n, 4, width), 1);
                CHECK((far.prox.allFinite() && !std::isnan(far.value)));
                double const before = random(n, 4, width).norm() * (1 + 1e-12);
                CHECK(far.prox.norm() <= std::fmax(before, each.name == "simplex" ? 2 : 0));
            }
        },
        1);
}

TEST_CASE("regularize contract: one weight in a kernel is as many in a pack or in a vector") {
    using V = native_pack<float>;
    constexpr int lanes = lanes_of<V>;
    alignas(alignment) float w[lanes], moved[lanes], value[lanes];
    auto const equal = [&](auto const& penalty) {
        static_assert(regularize::separable<std::remove_cvref_t<decltype(penalty)>>);
        for (int i = 0; i < lanes; ++i)
            w[i] = float(i - lanes / 2) / 7;
        store(moved, penalty.prox(load<V>(w), V(0.3f)));
        store(value, penalty.value(load<V>(w)));
        vector<float> all(lanes);
        for (int i = 0; i < lanes; ++i)
            all[i] = w[i];
        penalty.prox(all, double(0.3f));
        for (int i = 0; i < lanes; ++i)
            if (moved[i] != penalty.prox(w[i], 0.3f) || moved[i] != all[i] || value[i] != penalty.value(w[i]))
                return false;
        return true;
    };
    CHECK(equal(regularize::l1{0.9}));
    CHECK(equal(regularize::l2{0.9}));
    CHECK(equal(regularize::elastic_net{.l1 = 0.9, .l2 = 0.3}));
    CHECK(equal(regularize::box{.low = -0.1, .high = 0.3}));
}

TEST_CASE("regularize contract: what settings, sizes and steps must be") {
    namespace r = regularize;
    double const nan_ = std::numeric_limits<double>::quiet_NaN();
    numbers w = numbers::Ones(7), g = numbers::Ones(6);
    auto const told = [&](auto const& penalty) {
        std::string const first = message_of([&] { penalty.check(); });
        // The functions refuse in the same words.
        bool const same = message_of([&] { penalty.prox(w, 1); }) == first &&
                          message_of([&] { (void)penalty.value(w); }) == first;
        return same ? first : "differs";
    };
    CHECK(told(r::l1{-1}) == "l1: lambda = -1: must be finite and >= 0");
    CHECK(told(r::l2{nan_}) == "l2: lambda = nan: must be finite and >= 0");
    CHECK(told(r::elastic_net{.l1 = -2}) == "elastic_net: l1 = -2: must be finite and >= 0");
    CHECK(told(r::elastic_net{.l2 = inf}) == "elastic_net: l2 = inf: must be finite and >= 0");
    CHECK(told(r::group_lasso{.lambda = -1}) == "group_lasso: lambda = -1: must be finite and >= 0");
    CHECK(told(r::sparse_group{.l1 = -1}) == "sparse_group: l1 = -1: must be finite and >= 0");
    CHECK(told(r::sparse_group{.lambda = -1}) == "sparse_group: lambda = -1: must be finite and >= 0");
    CHECK(told(r::nuclear_norm{.lambda = -1}) == "nuclear_norm: lambda = -1: must be finite and >= 0");
    CHECK(told(r::nuclear_norm{.columns = 0}) == "nuclear_norm: columns = 0: must be >= 1");
    CHECK(told(r::total_variation{-1}) == "total_variation: lambda = -1: must be finite and >= 0");
    CHECK(told(r::max_norm{0}) == "max_norm: limit = 0: must be finite and > 0");
    CHECK(told(r::max_norm{.columns = -1}) == "max_norm: columns = -1: must be >= 0");
    CHECK(told(r::box{.low = 2, .high = 1}) ==
          "box: low = 2, high = 1: must be low <= high, low < inf, high > -inf");
    CHECK(told(r::simplex{0}) == "simplex: sum = 0: must be finite and > 0");
    CHECK(told(r::l1_ball{inf}) == "l1_ball: radius = inf: must be finite and > 0");

    CHECK(message_of([&] { r::l1{}.prox(w, -0.5); }) == "l1: step = -0.5: must be finite and >= 0");
    CHECK(message_of([&] { r::simplex{}.prox(w, inf); }) == "simplex: step = inf: must be finite and >= 0");
    CHECK(message_of([&] { r::l2{}.slope(w, g); }) == "l2: w has 7 numbers, g has 6");
    CHECK(message_of([&] { r::total_variation{}.slope(w, g); }) == "total_variation: w has 7 numbers, g has 6");
    CHECK(message_of([&] { r::nuclear_norm{.columns = 3}.prox(w, 1); }) ==
          "nuclear_norm: w has 7 numbers, which are no rows of 3");
    CHECK(message_of([&] { r::max_norm{.columns = 2}.prox(w, 1); }) ==
          "max_norm: w has 7 numbers, which are no rows of 2");
    CHECK(message_of([&] { r::group_lasso{}.prox(w, 1); }) ==
          "group_lasso: w has 7 numbers, the groups have 0");
    CHECK(message_of([&] { (void)r::sparse_group{.groups = halves(8)}.value(w); }) ==
          "sparse_group: w has 7 numbers, the groups have 8");
    CHECK((w == numbers::Ones(7) && g == numbers::Ones(6)));
}
