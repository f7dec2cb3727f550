// SPDX-License-Identifier: MIT
#include <descent/nn/average_pool.hpp>
#include <descent/nn/global_pool.hpp>
#include <descent/nn/max_pool.hpp>

#include <catch2/catch_test_macros.hpp>

#include "layer_check.hpp"
#include "message.hpp"

using namespace descent;

namespace {

/// y of one sample that is 0, 1, ..., n - 1, reordered by `turn`.
template <class T, class Layer>
std::vector<T> forward(Layer const& layer, shape const& input, std::vector<T> const& x) {
    layer_check::bench<Layer, T> b(layer, input, 1, {});
    std::copy(x.begin(), x.end(), b.x.data());
    b.forward(exec::serial{}, true);
    return {b.y.data(), b.y.data() + b.outputs()};
}

/// dx of one sample under slopes 1, 2, 3, ...
template <class T, class Layer>
std::vector<T> backward(Layer const& layer, shape const& input, std::vector<T> const& x) {
    layer_check::bench<Layer, T> b(layer, input, 1, {});
    std::copy(x.begin(), x.end(), b.x.data());
    for (descent::index i = 0; i < b.outputs(); ++i)
        b.c[std::size_t(i)] = T(i + 1);
    b.forward(exec::serial{}, true);
    b.backward();
    return {b.dx.data(), b.dx.data() + b.inputs()};
}

using list = std::vector<double>;
double const missing = std::numeric_limits<double>::quiet_NaN();

bool same(list const& a, list const& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](double u, double v) { return u == v || (u != u && v != v); });
}

}  // namespace

TEST_CASE("nn max_pool: the contract of layers") {
    layer_check::options const few{.samples = {1, 3}};
    layer_check::check_layer(nn::max_pool{}, {{2, 2, 2}, {3, 5, 7}, {2, 4, 38}, {3, 9}}, few);
    layer_check::check_layer(nn::max_pool{.size = 3, .stride = 2, .padding = 1}, {{2, 6, 7}, {2, 9}}, few);
    layer_check::check_layer(nn::max_pool{.size = {2, 3}, .stride = {1, 3}, .padding = {1, 0}}, {{2, 5, 8}},
                             few);
}

TEST_CASE("nn max_pool: windows, ties, NaN") {
    nn::max_pool const halve{};
    CHECK(same(forward<double>(halve, {1, 2, 4}, {1, 5, 2, 2, 3, 4, 2, 2}), {5, 2}));
    CHECK(same(backward<double>(halve, {1, 2, 4}, {1, 5, 2, 2, 3, 4, 2, 2}), {0, 1, 2, 0, 0, 0, 0, 0}));
    CHECK(same(forward<double>(halve, {1, 2, 4}, {missing, 5, 2, 2, 3, 4, 2, missing}), {missing, missing}));
    // The general way gives the same.
    nn::max_pool const general{.size = 3, .stride = 2, .padding = 1};
    list const x{0, 1, 2, 3, 9, 5, 6, 7, 8, 9, 10, 11, 12, missing, 14, 15};
    CHECK(same(forward<double>(general, {1, 4, 4}, x), {9, 7, missing, missing}));
    CHECK(same(backward<double>(general, {1, 4, 4}, {4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4}),
               {1, 2, 0, 0, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}));
    double const inf = std::numeric_limits<double>::infinity();
    CHECK(same(forward<double>(halve, {1, 2, 2}, {-inf, -inf, -inf, -inf}), {-inf}));
    CHECK(same(backward<double>(halve, {1, 2, 2}, {-inf, -inf, -inf, -inf}), {1, 0, 0, 0}));
    // Rows and columns that fill no window.
    std::vector<float> const odd = backward<float>(halve, {1, 3, 3}, {9, 8, 7, 6, 5, 4, 3, 2, 1});
    CHECK(odd == std::vector<float>{1, 0, 0, 0, 0, 0, 0, 0, 0});
    // Packs over long rows, with a part of one at the end.
    for (descent::index const width : {2, 6, 13, 14, 28, 70}) {
        std::vector<float> rows(std::size_t(2 * width));
        for (std::size_t i = 0; i < rows.size(); ++i)
            rows[i] = float((i * 37) % 11);
        auto const y = forward<float>(halve, {1, 2, width}, rows);
        auto const dx = backward<float>(halve, {1, 2, width}, rows);
        std::vector<float> most(y.size()), slopes(dx.size());
        for (std::size_t i = 0; i < y.size(); ++i) {
            std::size_t best = 2 * i;
            for (std::size_t const at : {2 * i + 1, 2 * i + std::size_t(width), 2 * i + 1 + std::size_t(width)})
                best = rows[at] > rows[best] ? at : best;
            most[i] = rows[best];
            slopes[best] = float(i + 1);
        }
        CHECK(y == most);
        CHECK(dx == slopes);
    }
}

TEST_CASE("nn average_pool: the contract of layers; padding counts, or does not") {
    layer_check::options const few{.samples = {1, 3}};
    layer_check::check_layer(nn::average_pool{}, {{3, 5, 7}}, few);
    nn::average_pool const torch{.size = 3, .stride = 2, .padding = 1};
    nn::average_pool const inside{.size = 3, .stride = 2, .padding = 1, .count_padding = false};
    layer_check::check_layer(inside, {{2, 6, 7}}, few);
    CHECK(same(forward<double>(torch, {1, 3, 3}, {9, 9, 9, 9, 9, 9, 9, 9, 9}), {4, 4, 4, 4}));
    CHECK(same(forward<double>(inside, {1, 3, 3}, {9, 9, 9, 9, 9, 9, 9, 9, 9}), {9, 9, 9, 9}));
    CHECK(same(forward<double>(torch, {1, 4}, {3, 6, 9, 12}), {3, 9}));
}

TEST_CASE("nn global_pool: the contract of layers") {
    layer_check::check_layer(nn::global_average_pool{}, {{3, 5, 7}, {2, 9}}, {.samples = {1, 3}});
    CHECK(same(forward<double>(nn::global_average_pool{}, {2, 1, 3}, {1, 2, 6, 4, 4, 4}), {3, 4}));
    CHECK(same(forward<double>(nn::global_max_pool{}, {2, 1, 3}, {1, 7, 6, 4, missing, 5}), {7, missing}));
    CHECK(same(backward<double>(nn::global_max_pool{}, {2, 3}, {1, 7, 7, 9, 4, 5}), {0, 1, 0, 2, 0, 0}));
}

TEST_CASE("nn max_pool: shapes are checked when it is bound") {
    nn::builder<float> b;
    auto const said = [&](nn::max_pool const& d, shape const& input) {
        return message_of([&] { d.bind<float>(input, b); });
    };
    CHECK(said({}, {9}) == "max_pool: input is [9]: must be [channels, height, width] or [channels, length]");
    CHECK(said({.size = {2, 0}}, {1, 4, 4}) == "max_pool: size = 0: must be >= 1");
    CHECK(said({.size = 2, .stride = {2, 0}}, {1, 4, 4}) == "max_pool: stride = 0: must be >= 1");
    CHECK(said({.size = 3, .padding = 2}, {1, 4, 4}) == "max_pool: padding = 2: must be in [0, size / 2]");
    CHECK(said({.size = 6}, {1, 9, 4}) ==
          "max_pool: input is [1, 9, 4]: a window of 6 does not fit into 4 with padding 0");
    CHECK(message_of([&] { nn::global_average_pool{}.bind<float>({4}, b); }) ==
          "global_average_pool: input is [4]: must be [channels, height, width] or [channels, length]");
}
