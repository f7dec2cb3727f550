// SPDX-License-Identifier: MIT
#include <descent/quantize/adaround.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include <descent/core/random.hpp>
#include <descent/exec/openmp.hpp>
#include <descent/quantize/coordinate_descent.hpp>

#include "message.hpp"

using namespace descent;
using quantize::adaround;
using quantize::affine_options;
using quantize::affine_tensor;
using quantize::to_affine;

namespace {

generator const draws{.seed = 21, .stream = 0};

/// Normal numbers, those of a row alike by `alike`.
matrix<float> normal(descent::index rows, descent::index columns, std::uint64_t first, float alike = 0) {
    matrix<float> x(rows, columns);
    for (descent::index i = 0; i < x.size(); ++i)
        x.data()[i] = draws.normal<float>(first + std::uint64_t(i));
    for (descent::index r = 0; r < rows; ++r)
        for (descent::index i = 1; i < columns; ++i)
            x(r, i) = alike * x(r, i - 1) + std::sqrt(1 - alike * alike) * x(r, i);
    return x;
}

quantize::input_moments moments_of(matrix<float> const& x) {
    quantize::input_moments all(x.cols());
    for (descent::index r = 0; r < x.rows(); ++r)
        all.add(x.row(r).data());
    return all;
}

matrix<float> values(affine_tensor<float> const& codes, matrix<float> const& like) {
    matrix<float> w(like.rows(), like.cols());
    codes.copy_to(w.data());
    return w;
}

double output_error(matrix<float> const& w, matrix<float> const& rounded, matrix<float> const& x) {
    return (x * (rounded - w).transpose()).cast<double>().squaredNorm();
}

tensor_view<float const> view(matrix<float> const& w) { return {w.data(), {w.rows(), w.cols()}}; }

}  // namespace

TEST_CASE("quantize adaround: up or down as the outputs need it, near the best of all roundings") {
    // Two inputs that are the same: 0.4 + 0.35 steps are nearer to 1 than to 0.
    matrix<float> w(1, 3), x(4, 3);
    w << 7, 0.4f, 0.35f;
    x << 0, 1, 1, 0, -1, -1, 1, 0, 0, -1, 0, 0;
    affine_options const four{.bits = 4, .per = quantize::per::tensor};
    CHECK(to_affine(view(w), four).codes == std::vector<std::int16_t>{7, 0, 0});
    auto const pair = adaround(view(w), moments_of(x), four);
    CHECK(pair.codes[0] == 7);
    CHECK(pair.codes[1] + pair.codes[2] == 1);

    double best = 0, learned = 0, nearest = 0;
    for (std::uint64_t trial = 0; trial < 12; ++trial) {
        matrix<float> const row = normal(1, 9, 1000 * trial), in = normal(60, 9, 1000 * trial + 100, 0.7f);
        auto const codes = to_affine(view(row), affine_options{.bits = 3});
        double const scale = double(codes.grids[0].scale);
        double least = 1e30;
        for (int ups = 0; ups < 512; ++ups) {
            matrix<float> tried = row;
            for (int i = 0; i < 9; ++i) {
                double const code = std::floor(double(row(0, i)) / scale) + (ups >> i & 1);
                tried(0, i) = float(scale * std::clamp(code, -3.0, 3.0));
            }
            least = std::min(least, output_error(row, tried, in));
        }
        best += least;
        nearest += output_error(row, values(codes, row), in);
        double const own =
            output_error(row, values(adaround(view(row), moments_of(in), affine_options{.bits = 3}), row), in);
        learned += own;
        CHECK(own <= output_error(row, values(codes, row), in));
    }
    CAPTURE(best, learned, nearest);
    CHECK(learned < 1.15 * best);
    CHECK(learned < 0.6 * nearest);
}

TEST_CASE("quantize adaround: less error of the outputs at 4 and 3 bits, from moments and from samples") {
    matrix<float> w = normal(10, 24, 0);
    w(2, 5) = w(2, 6) = 0;  // pruned
    matrix<float> const x = normal(300, 24, 9000, 0.8f);
    auto const moments = moments_of(x);
    quantize::layer_samples<float> samples{x, x * w.transpose()};
    double learned = 0, fed = 0;
    for (int const bits : {4, 3})
        for (auto const& options : {affine_options{.bits = bits, .range = quantize::fit_range::mse},
                                    {.bits = bits, .symmetric = false},
                                    {.bits = bits, .per = quantize::per::group, .group = 10}}) {
            auto const near = to_affine(view(w), options);
            auto const rounded = adaround(view(w), moments, options);
            auto const sampled = adaround(view(w), samples, options, {.batch = 64});
            double const by_nearest = output_error(w, values(near, w), x),
                         by_moments = output_error(w, values(rounded, w), x),
                         by_samples = output_error(w, values(sampled, w), x);
            CAPTURE(bits, options.symmetric, by_nearest, by_moments, by_samples);
            CHECK(by_moments < 0.7 * by_nearest);
            CHECK(by_samples < 0.7 * by_nearest);
            learned += by_moments;
            fed += output_error(w, values(to_affine(view(w), moments, options), w), x);
            int wrong = 0;
            for (std::size_t i = 0; i < near.codes.size(); ++i) {
                wrong += rounded.codes[i] < near.format.lowest() || rounded.codes[i] > near.format.highest();
                wrong += std::abs(rounded.codes[i] - near.codes[i]) > 1;
            }
            CHECK(wrong == 0);
            CHECK(rounded.value(2 * 24 + 5) == 0);
            CHECK(rounded.value(2 * 24 + 6) == 0);
            if (!options.symmetric)
                CHECK(rounded.codes ==
                      adaround(view(w), moments, options, {}, exec::openmp{.threads = 3}).codes);
        }
    CAPTURE(learned, fed);
    CHECK(learned < 0.97 * fed);  // error feedback rounds one column after another
}

TEST_CASE("quantize coordinate_descent: no single step of a code is left that would lessen the error") {
    matrix<float> w = normal(6, 12, 300);
    w(1, 2) = 0;
    matrix<float> const x = normal(200, 12, 40000, 0.8f);
    auto const moments = moments_of(x);
    affine_options const four{.bits = 4, .symmetric = false};
    for (auto codes :
         {to_affine(view(w), four), to_affine(view(w), moments, four), adaround(view(w), moments, four)}) {
        auto threaded = codes;
        int const zero = codes.codes[14];
        double const before = output_error(w, values(codes, w), x);
        auto const moves = quantize::refine(codes, view(w), moments);
        double const after = output_error(w, values(codes, w), x);
        CHECK((moves > 0 ? after < before : after == before));
        CHECK(codes.codes[14] == zero);
        int wrong = 0;
        for (std::size_t i = 0; i < codes.codes.size(); ++i)
            for (int const by : {-1, 1}) {
                auto moved = codes;
                moved.codes[i] = std::int16_t(moved.codes[i] + by);
                bool const may = i != 14 && moved.codes[i] >= 0 && moved.codes[i] <= 15;
                wrong += may && output_error(w, values(moved, w), x) < after * (1 - 1e-5);
            }
        CHECK(wrong == 0);
        CHECK(quantize::refine(threaded, view(w), moments, exec::openmp{.threads = 3}) == moves);
        CHECK(threaded.codes == codes.codes);
        CHECK(quantize::refine(codes, view(w), moments) == 0);
    }
    auto codes = to_affine(view(w));
    matrix<float> const other = normal(2, 12, 0);
    CHECK(message_of([&] { quantize::refine(codes, view(other), moments); }) ==
          "refine: codes [6, 12], the weight [2, 12]");
    CHECK(message_of([&] { quantize::refine(codes, view(w), quantize::input_moments(3)); }) ==
          "refine: inputs of 3 columns, the weight [6, 12] has 12");
    CHECK(message_of([&] { quantize::refine(codes, view(w), quantize::input_moments(12)); }) ==
          "refine: no inputs were seen");
}

TEST_CASE("quantize adaround: behind relu only what passes counts, and errors in front are made up for") {
    matrix<float> const w = normal(8, 16, 50), x = normal(500, 16, 7000, 0.6f);
    vector<float> bias(8);
    for (descent::index i = 0; i < 8; ++i)
        bias[i] = i % 2 ? -2.0f : 0.5f;
    matrix<float> const exact = ((x * w.transpose()).rowwise() + bias.transpose()).cwiseMax(0.0f);
    matrix<float> const seen = x + 0.2f * normal(500, 16, 90000);  // as rounded layers give it
    affine_options const three{.bits = 3};
    auto const error_behind = [&](affine_tensor<float> const& codes) {
        matrix<float> const y =
            ((seen * values(codes, w).transpose()).rowwise() + bias.transpose()).cwiseMax(0.0f);
        return (y - exact).cast<double>().squaredNorm();
    };
    double const behind = error_behind(adaround(view(w), {seen, exact, bias, true}, three)),
                 before = error_behind(adaround(view(w), moments_of(x), three)),
                 nearest = error_behind(to_affine(view(w), three));
    CAPTURE(behind, before, nearest);
    CHECK(behind < 0.98 * before);
    CHECK(behind < 0.85 * nearest);
}

TEST_CASE("quantize adaround: bad input") {
    matrix<float> const w = normal(2, 3, 0), x = normal(5, 3, 90);
    auto const moments = moments_of(x);
    auto const told = [&](quantize::adaround_options const& how) {
        return message_of([&] { adaround(view(w), moments, {}, how); });
    };
    CHECK(told({.steps = 0}) == "adaround: steps = 0: must be > 0");
    CHECK(told({.rate = 0}) == "adaround: rate = 0: must be > 0");
    CHECK(told({.pressure = -1}) == "adaround: pressure = -1: must be >= 0");
    CHECK(told({.warm_up = 1}) == "adaround: warm_up = 1: must be in [0, 1)");
    CHECK(told({.first_power = 1}) == "adaround: powers 1 to 2: must fall, and be >= 1");
    CHECK(told({.batch = 0}) == "adaround: batch = 0: must be > 0");
    CHECK(message_of([&] { adaround(view(w), quantize::input_moments(3)); }) ==
          "adaround: no inputs were seen");
    CHECK(message_of([&] { adaround(view(w), quantize::input_moments(2)); }) ==
          "adaround: inputs of 2 columns, the weight [2, 3] has 3");
    CHECK(message_of([&] { adaround(view(w), moments, {.bits = 9}); }) ==
          "affine: bits = 9: must be in [2, 8]");
    using samples = quantize::layer_samples<float>;
    CHECK(message_of([&] {
              adaround(view(w), samples{x, x});
          }) == "adaround: inputs [5, 3], outputs [5, 3], the weight [2, 3]");
    CHECK(message_of([&] {
              adaround(view(w), samples{x, x.leftCols(2), x.col(0)});
          }) == "adaround: 5 biases for 2 outputs");
    CHECK(message_of([&] {
              adaround(view(w), samples{matrix<float>(0, 3), matrix<float>(0, 2)});
          }) == "adaround: no inputs were seen");
    matrix<float> odd = x;
    odd(3, 1) = std::numeric_limits<float>::quiet_NaN();
    CHECK(message_of([&] { adaround(view(w), moments_of(odd)); }) ==
          "adaround: the inputs of column 1 have the squares' sum nan: must be finite");
    CHECK(message_of([&] {
              adaround(view(w), samples{odd, x.leftCols(2)});
          }) == "adaround: the inputs' mean square is nan: must be finite");
    CHECK(message_of([&] {
              adaround(view(w), samples{x, odd.leftCols(2)});
          }) == "adaround: output 1 of sample 3 is nan: must be finite");
    CHECK(told({.first_power = HUGE_VAL}) == "adaround: powers inf to 2: must fall, and be >= 1");
    matrix<float> const still = matrix<float>::Zero(5, 3);  // inputs that say nothing
    CHECK(adaround(view(w), moments_of(still)).codes == to_affine(view(w)).codes);
}
