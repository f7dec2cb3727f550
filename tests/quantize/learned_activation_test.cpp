// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include <descent/core/memory.hpp>
#include <descent/core/random.hpp>
#include <descent/exec/openmp.hpp>
#include <descent/nn/pass.hpp>
#include <descent/quantize/binary_activation.hpp>
#include <descent/quantize/learned_activation.hpp>

#include "message.hpp"

using namespace descent;

namespace {

/// A layer's run over samples of normal numbers times 2, one of which may be another.
template <class T>
struct outcome {
    std::vector<T> x, y, dy, dx;
    T step_slope = 0;
};
template <class T, class Layer>
outcome<T> run(Layer const& layer, T step, descent::index width, descent::index samples, int threads = 1,
               bool with_input = true, std::pair<std::size_t, T> odd = {std::size_t(-1), 0}) {
    nn::builder<T> b;
    auto const bound = layer.template bind<T>({width}, b);
    params<T> weights(b.trained()), slopes = weights.like();
    if (weights.arena_size() > 0)
        weights.data()[0] = step, slopes.data()[0] = std::numeric_limits<T>::quiet_NaN();
    aligned_buffer<T> fixed(std::size_t(b.fixed_room()));
    std::fill(fixed.begin(), fixed.end(), std::numeric_limits<T>::quiet_NaN());
    exec::openmp const executor{.threads = threads};
    nn::pass<T, exec::openmp> p{executor};
    p.samples = samples, p.training = true;
    p.weights = weights.data(), p.slopes = slopes.data(), p.fixed = fixed.data();
    auto const n = std::size_t(width * samples);
    outcome<T> o{std::vector<T>(n), std::vector<T>(n), std::vector<T>(n), std::vector<T>(n)};
    for (std::size_t i = 0; i < n; ++i)
        o.x[i] = T(2 * generator{1}.normal<double>(i)), o.dy[i] = T(generator{2}.normal<double>(i));
    if (odd.first < n)
        o.x[odd.first] = odd.second;
    auto turned = o.dy;
    bound.forward(p, o.x.data(), o.y.data());
    bound.backward(p, o.x.data(), o.y.data(), turned.data(), with_input ? o.dx.data() : nullptr);
    if (weights.arena_size() > 0)
        o.step_slope = slopes.data()[0];
    return o;
}

/// The worst distance from the definition, in double.
double distance(outcome<double> const& o, double step, double low, double high, descent::index width) {
    double worst = 0, sum = 0;
    for (std::size_t i = 0; i < o.x.size(); ++i) {
        double const at = o.x[i] / step, whole = std::nearbyint(std::clamp(at, low, high));
        bool const inside = at >= low && at <= high;
        worst =
            std::max({worst, std::fabs(o.y[i] - step * whole), std::fabs(o.dx[i] - (inside ? o.dy[i] : 0))});
        sum += o.dy[i] * (inside ? whole - at : at < low ? low : high);
    }
    return std::max(worst, std::fabs(o.step_slope - sum / std::sqrt(double(width) * high)));
}

}  // namespace

TEST_CASE("quantize learned_activation: outputs and slopes are those of the definition") {
    quantize::learned_activation const unsigned3{.bits = 3}, signed2{.bits = 2, .symmetric = true};
    for (descent::index const width : {1, 7, 64, 9001}) {
        INFO(width);
        CHECK(distance(run(unsigned3, 0.4, width, 5), 0.4, 0, 7, width) < 1e-11);
        CHECK(distance(run(signed2, 1.1, width, 5), 1.1, -1, 1, width) < 1e-11);
    }
    // Parts are 16 at most: 61 x 9001 numbers are cut into 16 larger ones.
    CHECK(distance(run(unsigned3, 0.4, 9001, 61), 0.4, 0, 7, 9001) < 1e-11);
    auto const exact = run(unsigned3, 0.0, 33, 4);
    CHECK((exact.y == exact.x && exact.dx == exact.dy && exact.step_slope == 0));
}

TEST_CASE("quantize learned_activation: threads change no bit, nor does the lack of slopes by the input") {
    quantize::learned_activation const layer{.bits = 4};
    auto const one = run(layer, 0.3f, 9001, 31);
    for (int const threads : {2, 3}) {
        auto const other = run(layer, 0.3f, 9001, 31, threads);
        CHECK((other.y == one.y && other.dx == one.dx && other.step_slope == one.step_slope));
    }
    CHECK(run(layer, 0.3f, 9001, 31, 2, false).step_slope == one.step_slope);
    auto const message = [](int bits) {
        nn::builder<float> b;
        return message_of([&] { b.inside("4", quantize::learned_activation{.bits = bits}, {3}); });
    };
    CHECK(message(1) == "4 (learned_activation): bits = 1: must be in [2, 8]");
    CHECK(message(9) == "4 (learned_activation): bits = 9: must be in [2, 8]");
}

TEST_CASE("quantize binary_activation: signs, and slopes where |x| <= 1") {
    for (int const threads : {1, 2, 3}) {
        auto const o = run<float>(quantize::binary_activation{}, 0, 1001, 67, threads);
        int wrong = 0;
        for (std::size_t i = 0; i < o.x.size(); ++i)
            wrong += o.y[i] != (o.x[i] < 0 ? -1 : 1) || o.dx[i] != (std::fabs(o.x[i]) <= 1 ? o.dy[i] : 0);
        CHECK(wrong == 0);
    }
}

TEMPLATE_TEST_CASE("quantize binary_activation, learned_activation: NaN goes on", "", float, double) {
    using T = TestType;
    T const nan = std::numeric_limits<T>::quiet_NaN(), inf = std::numeric_limits<T>::infinity();
    for (descent::index const width : {1, 7, 33}) {
        std::size_t const at = std::size_t(width) / 2;
        auto const o = run<T>(quantize::binary_activation{}, 0, width, 3, 1, true, {at, nan});
        CHECK((std::isnan(o.y[at]) && o.dx[at] == o.dy[at]));
        CHECK(std::isfinite(std::accumulate(o.y.begin() + std::ptrdiff_t(at) + 1, o.y.end(), T(0))));
        for (T const end : {inf, -inf}) {
            auto const signs = run<T>(quantize::binary_activation{}, 0, width, 3, 1, true, {at, end});
            CHECK((signs.y[at] == (end > 0 ? 1 : -1) && signs.dx[at] == 0));
            CHECK(
                std::isnan(run<T>(quantize::learned_activation{}, T(0.5), width, 3, 1, true, {at, end}).y[at]));
        }
        CHECK(std::isnan(run<T>(quantize::learned_activation{}, T(0.5), width, 3, 1, true, {at, nan}).y[at]));
    }
}
