// SPDX-License-Identifier: MIT
#include <descent/quantize/power_of_two.hpp>

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include <descent/core/random.hpp>

#include "message.hpp"

using namespace descent;
using quantize::power_format;
using quantize::power_levels;
using quantize::power_options;
using quantize::to_power_of_two;

namespace {

std::vector<std::int32_t> levels(int bits, bool additive) { return power_format{bits, additive}.levels(); }

double squared_error(std::vector<float> const& x, quantize::power_tensor<float> const& codes) {
    double sum = 0;
    for (std::size_t i = 40; i < x.size(); ++i)  // without a loud row
        sum += std::pow(double(x[i]) - double(codes.value(descent::index(i))), 2);
    return sum;
}

}  // namespace

TEST_CASE("quantize power_of_two: the levels of the papers") {
    using list = std::vector<std::int32_t>;
    CHECK(levels(2, false) == list{0, 1});
    CHECK(levels(3, false) == list{0, 1, 2, 4});
    CHECK(levels(4, false) == list{0, 1, 2, 4, 8, 16, 32, 64});
    CHECK(levels(5, false).back() == 1 << 14);
    CHECK(levels(2, true) == list{0, 1});
    CHECK(levels(3, true) == list{0, 1, 2, 4});
    // {0, 1/2, 1/4, 1/16} + {0, 1/8}, in sixteenths
    CHECK(levels(4, true) == list{0, 1, 2, 3, 4, 6, 8, 10});
    // {0, 2^-1, 2^-3, 2^-5} + {0, 2^-2, 2^-4, 2^-6}, in 64ths
    CHECK(levels(5, true) == list{0, 1, 2, 3, 4, 6, 8, 9, 12, 16, 18, 24, 32, 33, 36, 48});
    int wrong = 0;
    for (int bits = 2; bits <= 8; ++bits) {
        power_format const format{bits};
        auto const all = format.levels();
        wrong += int(all.size()) != format.highest() + 1;
        for (std::size_t i = 0; i < all.size(); ++i) {
            wrong += std::popcount(std::uint32_t(all[i])) > format.terms();
            wrong += i > 0 && all[i] <= all[i - 1];
        }
    }
    CHECK(wrong == 0);
}

TEST_CASE("quantize power_of_two: the nearest level, products by shifts") {
    generator const draws{.seed = 4, .stream = 0};
    int wrong = 0;
    for (bool const additive : {false, true})
        for (int bits = 2; bits <= (additive ? 8 : 5); ++bits) {
            power_levels const by({bits, additive});
            for (std::uint64_t i = 0; i < 300; ++i) {
                double const x = 2.5 * by.top() * (draws.uniform<double>(i) - 0.5);
                double const away = std::fabs(x - by.level(by.code(x)));
                for (int code = by.format().lowest(); code <= by.format().highest(); ++code)
                    wrong += std::fabs(x - by.level(code)) < away;
            }
            for (int code = by.format().lowest(); code <= by.format().highest(); ++code) {
                wrong += by.code(by.level(code)) != code;
                for (std::int64_t const x : {-128, -1, 0, 3, 127, 1'000'000})
                    wrong += by.times(x, code) != x * by.level(code);
            }
        }
    CHECK(wrong == 0);
    power_levels const four({4, true});
    CHECK(four.code(5.0) == 4);  // half-way from 4 to 6: the one nearer to 0
    CHECK(four.code(5.0001) == 5);
    CHECK(four.code(-5.0) == -4);
    CHECK(four.code(-7.5) == -6);
    CHECK(four.code(1e300) == 7);
    CHECK(four.code(-std::numeric_limits<double>::infinity()) == -7);
    CHECK(four.code(std::numeric_limits<double>::quiet_NaN()) == 0);
}

TEST_CASE("quantize power_of_two: tensors, scales that are powers of two or any") {
    generator const draws{.seed = 5, .stream = 0};
    std::vector<float> x(6 * 40);
    for (std::size_t i = 0; i < x.size(); ++i)
        x[i] = draws.normal<float>(i) * (i < 40 ? 100.0f : 1.0f);
    tensor_view<float> const view{x.data(), {6, 5, 8}};
    auto const channel = to_power_of_two(view), tensor = to_power_of_two(view, {.per = quantize::per::tensor}),
               group = to_power_of_two(view, {.per = quantize::per::group, .group = 16}),
               fitted = to_power_of_two(view, {.any_scale = true}), few = to_power_of_two(view, {.bits = 3}),
               single = to_power_of_two(view, {.bits = 4, .additive = false});
    CHECK(channel.scales.size() == 6);
    CHECK(tensor.scales.size() == 1);
    CHECK(group.scales.size() == 18);
    CHECK(channel.bits_each() == 4 + 8 * 6 / 240.0);
    for (float const scale : channel.scales)
        CHECK(std::exp2(std::round(std::log2(scale))) == scale);
    double const error = squared_error(x, channel);
    CHECK(error < 0.1 * squared_error(x, tensor));
    CHECK(squared_error(x, fitted) < error);
    CHECK(error < 0.7 * squared_error(x, few));
    CHECK(error < squared_error(x, single));  // sums of powers are finer far from 0
    int wrong = 0;
    for (descent::index i = 0; i < 240; ++i)
        for (int code = -7; code <= 7; ++code)
            wrong += std::fabs(x[std::size_t(i)] - channel.scale_of(i) * float(channel.levels.level(code))) <
                     std::fabs(x[std::size_t(i)] - channel.value(i));
    CHECK(wrong == 0);
    // A sum of products of whole numbers is the same by shifts.
    std::int64_t by_shifts = 0;
    double by_products = 0;
    for (descent::index i = 0; i < 40; ++i) {
        by_shifts += channel.levels.times(i - 20, channel.codes[std::size_t(i)]);
        by_products += double(i - 20) * double(channel.value(i));
    }
    CHECK(double(by_shifts) * double(channel.scales[0]) == by_products);
    std::vector<float> back(x.size());
    channel.copy_to(back.data());
    CHECK(back[7] == channel.value(7));

    // The largest number is held, to the last bit where it is a level.
    x.assign(240, 0.0f), x[3] = 10 * 0.25f, x[100] = -1e-40f;
    power_options const holding{.range = quantize::fit_range::min_max};
    auto const held = to_power_of_two(view, holding);
    CHECK(held.value(3) == 2.5f);
    CHECK(held.scales[0] == 0.25f);
    CHECK(held.scales[1] == 1);
    CHECK(std::fabs(held.value(100)) <= 1e-37f);
    CHECK(to_power_of_two(tensor_view<float>{nullptr, {0, 3}}).codes.empty());
    CHECK(to_power_of_two(tensor_view<float>{x.data(), {}}).codes.size() == 1);
}

TEST_CASE("quantize power_of_two: bad input") {
    std::vector<double> x{1, 2, 3, std::numeric_limits<double>::infinity()};
    tensor_view<double> const view{x.data(), {2, 2}};
    auto const told = [&](power_options const& options) {
        return message_of([&] { to_power_of_two(view, options); });
    };
    CHECK(told({.bits = 9}) == "power_of_two: bits = 9: must be in [2, 8]");
    CHECK(told({.bits = 1}) == "power_of_two: bits = 1: must be in [2, 8]");
    CHECK(told({.bits = 6, .additive = false}) ==
          "power_of_two: bits = 6: must be in [2, 5] where powers are not added");
    CHECK(told({.per = quantize::per::group, .group = 0}) == "power_of_two: group = 0: must be >= 1");
    CHECK(told({}) == "power_of_two: number 3 is inf: must be finite");
}
