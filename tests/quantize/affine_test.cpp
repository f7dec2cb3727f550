// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include <descent/core/random.hpp>
#include <descent/exec/openmp.hpp>
#include <descent/nn/activation.hpp>
#include <descent/nn/batch_norm.hpp>
#include <descent/nn/conv2d.hpp>
#include <descent/nn/dense.hpp>
#include <descent/nn/flatten.hpp>
#include <descent/nn/named.hpp>
#include <descent/nn/network.hpp>
#include <descent/nn/sequential.hpp>
#include <descent/quantize/activation.hpp>
#include <descent/quantize/affine.hpp>
#include <descent/quantize/calibration.hpp>
#include <descent/quantize/error_feedback.hpp>
#include <descent/quantize/fold.hpp>

#include "message.hpp"

using namespace descent;
using quantize::affine_format;
using quantize::calibrate;
using quantize::round_to;
using quantize::to_affine;

namespace {

generator const draws{.seed = 6, .stream = 0};

/// Normal numbers.
std::vector<float> normal(descent::index n, double deviation, std::uint64_t first = 0) {
    std::vector<float> x(static_cast<std::size_t>(n));
    for (std::size_t i = 0; i < x.size(); ++i)
        x[i] = float(deviation) * draws.normal<float>(first + i);
    return x;
}

double squared_error(std::vector<float> const& x, quantize::affine_tensor<float> const& codes) {
    double sum = 0;
    for (std::size_t i = 0; i < x.size(); ++i)
        sum += std::pow(double(x[i]) - double(codes.value(descent::index(i))), 2);
    return sum;
}

}  // namespace

TEST_CASE("quantize affine: codes by the formula clamp(round(x / scale) + zero)") {
    quantize::affine_grid<float> const grid{{.bits = 8, .symmetric = false}, 0.5f, 10};
    std::vector<float> const x{-5,
                               -5.3f,
                               -100,
                               0,
                               0.25f,
                               0.75f,
                               1.25f,
                               122.5f,
                               122.8f,
                               1e30f,
                               std::numeric_limits<float>::infinity(),
                               -std::numeric_limits<float>::infinity(),
                               std::numeric_limits<float>::quiet_NaN()};
    std::vector<int> const expected{0, 0, 0, 10, 10, 12, 12, 255, 255, 255, 255, 0, 10};
    for (std::size_t i = 0; i < x.size(); ++i) {
        CAPTURE(x[i]);
        CHECK(grid.code(x[i]) == expected[i]);
    }
    CHECK(grid.value(12) == 1);
    quantize::affine_grid<double> const even{{.bits = 4}, 0.25, 0};
    CHECK(even.code(-3.0) == -7);
    CHECK(even.code(0.6) == 2);
    CHECK(even.code(9) == 7);
}

TEST_CASE("quantize affine: grids hold 0 and their ends, to half a step; bits 2 to 8") {
    int wrong = 0;
    for (int bits = 2; bits <= 8; ++bits)
        for (bool const symmetric : {true, false})
            for (auto const& [low, high] : {std::pair{-1.0, 3.0},
                                            {0.0, 2.0},
                                            {-4.0, 0.0},
                                            {0.5, 7.0},
                                            {-3.0, -1.0},
                                            {0.0, 0.0},
                                            {-1e-40, 1e-40}}) {
                affine_format const format{bits, symmetric};
                auto const grid = quantize::grid_over<float>(format, low, high);
                wrong += grid(0.0f) != 0;
                wrong += grid.zero < format.lowest() || grid.zero > format.highest();
                wrong += symmetric && (grid.zero != 0 || format.lowest() != -format.highest());
                wrong += !symmetric && format.highest() != (1 << bits) - 1;
                double const reach = std::max(0.0, high) - std::min(0.0, low);
                for (int step = 0; step <= 50; ++step) {
                    auto const x = float(std::min(0.0, low) + reach * step / 50);
                    wrong += std::fabs(grid(x) - x) > 0.5001f * grid.scale + 1e-6f * std::fabs(x);
                }
            }
    CHECK(wrong == 0);
}

TEST_CASE("quantize affine: tensors share grids by tensor, channel, group") {
    auto x = normal(6 * 20, 1);
    for (std::size_t i = 0; i < 20; ++i)
        x[i] *= 50;  // one loud row
    tensor_view<float> const view{x.data(), {6, 5, 4}};
    auto const by = [&](quantize::affine_options const& options) { return to_affine(view, options); };
    auto const tensor = by({.per = quantize::per::tensor}), channel = by({.per = quantize::per::channel}),
               group = by({.per = quantize::per::group, .group = 8}),
               wide = by({.per = quantize::per::group, .group = 1000});
    CHECK(tensor.grids.size() == 1);
    CHECK(channel.grids.size() == 6);
    CHECK(group.grids.size() == 18);
    CHECK(wide.grids.size() == 6);
    CHECK(channel.bits_each() == 8 + 16 * 6 / 120.0);
    CHECK(squared_error(x, channel) < 0.9 * squared_error(x, tensor));
    CHECK(squared_error(x, group) < squared_error(x, channel));
    // Each group's largest number is held to rounding.
    int wrong = 0;
    for (descent::index row = 0; row < 6; ++row)
        for (descent::index at = 0; at < 20; at += 8) {
            double most = 0, nearest = 0;
            for (descent::index i = at; i < std::min<descent::index>(20, at + 8); ++i) {
                most = std::max(most, std::fabs(double(x[std::size_t(row * 20 + i)])));
                nearest = std::max(nearest, std::fabs(double(group.value(row * 20 + i))));
            }
            wrong += std::fabs(most - nearest) > 1e-6 * most;
        }
    CHECK(wrong == 0);
    std::vector<float> back(x.size());
    channel.copy_to(back.data());
    CHECK(back[7] == channel.value(7));
    // Few bits and a far number: cutting it off is better.
    x.assign(x.size(), 0);
    for (std::size_t i = 0; i < x.size(); ++i)
        x[i] = draws.normal<float>(5000 + i);
    x[50] = 9;
    quantize::affine_options four{.bits = 4, .per = quantize::per::tensor};
    double const held = squared_error(x, to_affine(view, four));
    four.range = quantize::fit_range::mse;
    CHECK(squared_error(x, to_affine(view, four)) < 0.95 * held);
    CHECK(to_affine(tensor_view<float>{nullptr, {0, 3}}).codes.empty());
    CHECK(to_affine(tensor_view<float>{x.data(), {}}).codes.size() == 1);
}

TEST_CASE("quantize affine: bad input is refused before anything is changed") {
    std::vector<float> x{1, 2, std::numeric_limits<float>::quiet_NaN(), 70000};
    auto const before = x;
    tensor_view<float> const view{x.data(), {2, 2}};
    auto const refused = [&](quantize::affine_options const& options) {
        return message_of([&] { to_affine(view, options); });
    };
    CHECK(refused({.bits = 1}) == "affine: bits = 1: must be in [2, 8]");
    CHECK(refused({.bits = 9}) == "affine: bits = 9: must be in [2, 8]");
    CHECK(refused({.per = quantize::per::group, .group = 0}) == "affine: group = 0: must be >= 1");
    CHECK(refused({}) == "affine: number 2 is nan: must be finite");
    CHECK(message_of([&] { round_to(io::dtype::i8, view); }) == "round_to: I8: must be F16 or BF16");
    CHECK(message_of([&] { round_to(io::dtype::f16, view); }) == "round_to: number 3 = 70000 does not fit F16");
    CHECK(x[3] == 70000);
    x[2] = 1.0f / 3;
    round_to(io::dtype::bf16, view);
    CHECK(x[2] == 0.333984375f);  // 171 / 512
    x[2] = 1.0f / 3, x[3] = 1;
    round_to(io::dtype::f16, view);
    CHECK(x[2] == 0.333251953125f);  // 1365 / 4096
}

TEST_CASE("quantize calibration: ranges by each method") {
    quantize::range_observer seen;
    affine_format const format{.bits = 8, .symmetric = false};
    CHECK(message_of([&] { seen.grid<float>(format); }) == "calibration: nothing was seen");
    std::vector<float> x(20000);
    for (std::size_t i = 0; i < x.size(); ++i)
        x[i] = -1 + 4 * float(i) / 19999;  // even from -1 to 3
    seen.see(x.data(), 20000);
    auto const reach = [&](quantize::calibration_options const& options, affine_format const& f) {
        auto const grid = seen.grid<float>(f, options);
        return std::pair{double(grid.value(f.lowest())), double(grid.value(f.highest()))};
    };
    auto const near = [](std::pair<double, double> a, double low, double high, double by) {
        return std::fabs(a.first - low) < by && std::fabs(a.second - high) < by;
    };
    CHECK(near(reach({}, format), -1, 3, 0.01));
    CHECK(near(reach({.by = quantize::calibration::percentile, .percentile = 95}, format), -0.8, 2.8, 0.02));
    CHECK(near(reach({.by = quantize::calibration::mse}, format), -1, 3, 0.1));
    CHECK(near(reach({.by = quantize::calibration::entropy}, format), -1, 3, 0.1));
    // Another batch, with numbers far out: the histogram widens.
    float const far[] = {-20, 30, std::numeric_limits<float>::quiet_NaN()};
    seen.see(far, 3);
    CHECK(seen.count() == 20002);
    CHECK(near(reach({}, format), -20, 30, 0.2));
    CHECK(
        near(reach({.by = quantize::calibration::moving_average}, format), -1 - 0.1 * 19, 3 + 0.1 * 27, 0.05));
    CHECK(near(reach({.by = quantize::calibration::percentile, .percentile = 99.9}, format), -1, 3, 0.1));
    affine_format const few{.bits = 4, .symmetric = false};
    for (auto const by : {quantize::calibration::mse, quantize::calibration::entropy}) {
        auto const [low, high] = reach({.by = by}, few);
        CAPTURE(int(by), low, high);
        // To the entropy even numbers are as good in wide steps; it is the two far ones that weigh little.
        CHECK(high < (by == quantize::calibration::mse ? 15 : 25));
        CHECK(high > 1.5);
    }
    auto const refused = [&](quantize::calibration_options const& options) {
        return message_of([&] { seen.grid<float>(format, options); });
    };
    CHECK(refused({.percentile = 50}) == "calibration: percentile = 50: must be in (50, 100]");
    CHECK(refused({.share = 0}) == "calibration: share = 0: must be in (0, 1]");
    CHECK(message_of([&] { seen.grid<float>({.bits = 12}); }) == "calibration: bits = 12: must be in [2, 8]");
    float const zeros[] = {0, 0};
    quantize::range_observer none;
    none.see(zeros, 2);
    CHECK(none.grid<float>(format).scale == 1);
    // Numbers that a width of bins must not vanish under; what is not finite is passed over.
    double const small[] = {std::numeric_limits<double>::denorm_min(), HUGE_VAL, -HUGE_VAL, std::nan("")};
    quantize::range_observer least;
    least.see(small, 4);
    CHECK(least.count() == 1);
    CHECK(least.grid<double>(format).scale == std::numeric_limits<double>::min());
}

TEST_CASE("quantize activation: calibrated layers round what passes, on any number of threads") {
    nn::network net{nn::input<float>{8}, nn::sequential{quantize::activation{.symmetric = true}, nn::dense{40},
                                                        nn::relu{}, quantize::activation{}, nn::dense{3}}};
    matrix<float> x(200, 8);
    for (descent::index i = 0; i < x.size(); ++i)
        x.data()[i] = draws.normal<float>(std::uint64_t(i));
    matrix<float> const exact = net.scores(x);
    auto const before = net.state();
    CHECK(message_of([&] { calibrate(net, matrix<float>(0, 8)); }) == "calibrate: there are no rows");
    matrix<float> odd = x;
    odd(70, 5) = std::numeric_limits<float>::quiet_NaN();
    CHECK(message_of([&] { calibrate(net, odd); }) == "calibrate: row 70, column 5 is nan: must be finite");
    CHECK(message_of([&] { calibrate(net, x, {.share = 2}); }) == "calibration: share = 2: must be in (0, 1]");
    CHECK(std::equal(before.data(), before.data() + before.arena_size(), net.state().data()));
    calibrate(net, x);
    matrix<float> const rounded = net.scores(x);
    CHECK((rounded - exact).cwiseAbs().maxCoeff() > 0);
    CHECK((rounded - exact).cwiseAbs().maxCoeff() < 0.05f * exact.cwiseAbs().maxCoeff());
    CHECK(rounded == net.scores(x, exec::openmp{.threads = 3}));
    CHECK(net.state()["0.scale"].data[0] == x.cwiseAbs().maxCoeff() / 127);
    // By hand: the layers of the same weights on rounded numbers.
    quantize::affine_grid<float> const in{{8, true}, net.state()["0.scale"].data[0], 0};
    quantize::affine_grid<float> const middle{
        {8, false}, net.state()["3.scale"].data[0], int(net.state()["3.zero_point"].data[0])};
    auto const &w = net.params()["1.weight"], &b = net.params()["1.bias"], &v = net.params()["4.weight"],
               &c = net.params()["4.bias"];
    double worst = 0;
    for (descent::index row = 0; row < 10; ++row)
        for (descent::index k = 0; k < 3; ++k) {
            double sum = double(c.data[k]);
            for (descent::index h = 0; h < 40; ++h) {
                double hidden = double(b.data[h]);
                for (descent::index i = 0; i < 8; ++i)
                    hidden += double(w.data[h * 8 + i]) * double(in(x(row, i)));
                sum += double(v.data[k * 40 + h]) * double(middle(float(std::max(hidden, 0.0))));
            }
            worst = std::max(worst, std::fabs(sum - double(rounded(row, k))));
        }
    CHECK(worst < 0.01);  // a sum may round to the other side
    calibrate(net, x);    // again: from open grids, the same
    CHECK(rounded == net.scores(x));
    CHECK(
        message_of([] {
            nn::network bad{nn::input<float>{2}, nn::sequential{quantize::activation{.bits = 1}, nn::dense{2}}};
        }) == "0 (activation): bits = 1: must be in [2, 8]");
    nn::network plain{nn::input<float>{8}, nn::dense{2}};
    CHECK(message_of([&] { calibrate(plain, x); }) == "calibrate: the network has no quantize::activation");

    // Slopes pass inside the grid alone.
    data::dataset<float> table{.x = x.topRows(1), .y = vector<float>::Zero(1)};
    nn::network gate{nn::input<float>{1}, nn::sequential{nn::named{"in", nn::dense{1}},
                                                         quantize::activation{.bits = 4, .symmetric = true},
                                                         nn::named{"out", nn::dense{2}}}};
    gate.state()["1.scale"].data[0] = 0.1f;  // to 0.7
    table.x = matrix<float>::Constant(1, 1, 1);
    auto g = gate.params().like();
    for (float const at : {0.5f, 0.9f}) {
        gate.params()["in.weight"].data[0] = at, gate.params()["in.bias"].data[0] = 0;
        gate.gradient(data::all_of(table), g);
        CHECK((g["in.bias"].data[0] != 0) == (at < 0.7f));
    }
}

TEST_CASE("quantize fold: a convolution with its batch_norm as one convolution") {
    nn::network net{nn::input<float>{2, 6, 6},
                    nn::sequential{nn::named{"conv", nn::conv2d{.channels = 4, .padding = 1, .bias = false}},
                                   nn::named{"bn", nn::batch_norm{}}, nn::flatten{}}};
    for (auto* arena : {&net.params(), &net.state()})
        for (auto const& entry : arena->entries())
            for (descent::index i = 0; i < entry.size(); ++i)
                arena->data()[entry.offset + i] =
                    0.5f + draws.uniform<float>(std::uint64_t(7 * i + entry.offset));
    nn::network folded{
        nn::input<float>{2, 6, 6},
        nn::sequential{nn::named{"conv", nn::conv2d{.channels = 4, .padding = 1}}, nn::flatten{}}};
    quantize::fold_batch_norm(net, folded, "conv", "bn");
    matrix<float> x(5, 72);
    for (descent::index i = 0; i < x.size(); ++i)
        x.data()[i] = draws.normal<float>(std::uint64_t(i));
    matrix<float> const a = net.scores(x), b = folded.scores(x);
    CHECK((a - b).cwiseAbs().maxCoeff() < 1e-4f);
    nn::network narrow{
        nn::input<float>{2, 6, 6},
        nn::sequential{nn::named{"conv", nn::conv2d{.channels = 3, .padding = 1}}, nn::flatten{}}};
    CHECK(message_of([&] { quantize::fold_batch_norm(net, narrow, "conv", "bn"); }) ==
          "fold_batch_norm: 'conv' is [4, 2, 3, 3], 'bn' [4], the target's weight [3, 2, 3, 3], its bias [3]");
}

TEST_CASE("quantize error_feedback: less error of the outputs than the nearest codes have") {
    constexpr descent::index n = 24, rows = 10, samples = 300;
    auto const w = normal(rows * n, 0.3), raw = normal(samples * n, 1, 9000);
    std::vector<float> x(raw);  // neighbors are alike
    for (std::size_t i = 1; i < x.size(); ++i)
        x[i] = 0.8f * x[i - 1] + 0.6f * raw[i];
    quantize::input_moments inputs(n), even(n);
    for (descent::index s = 0; s < samples; ++s)
        inputs.add(x.data() + s * n);
    for (descent::index i = 0; i < n; ++i) {
        std::vector<float> unit(n, 0);
        unit[std::size_t(i)] = 1;
        even.add(unit.data());
    }
    tensor_view<float const> const view{w.data(), {rows, n}};
    quantize::affine_options const four{.bits = 4};
    auto const output_error = [&](quantize::affine_tensor<float> const& codes) {
        double sum = 0;
        for (descent::index s = 0; s < samples; ++s)
            for (descent::index r = 0; r < rows; ++r) {
                double away = 0;
                for (descent::index i = 0; i < n; ++i)
                    away += (double(w[std::size_t(r * n + i)]) - double(codes.value(r * n + i))) *
                            double(x[std::size_t(s * n + i)]);
                sum += away * away;
            }
        return sum;
    };
    auto const nearest = to_affine(view, four), fed = to_affine(view, inputs, four);
    CHECK(output_error(fed) < 0.7 * output_error(nearest));
    for (auto const code : fed.codes)
        REQUIRE(std::abs(code) <= 7);
    CHECK(to_affine(view, even, four).codes ==
          nearest.codes);  // inputs that have nothing to do with one another

    // Patches are the rows of the convolution: the moments of a 2 x 2 kernel over a 3 x 3 image, padded by 1.
    quantize::input_moments patches(4), by_hand(4);
    float const image[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    patches.add_patches(image, {1, 3, 3}, 2, 2, 1);
    for (auto const& row : {std::vector<float>{0, 0, 0, 1}, {0, 0, 2, 3}, {0, 4, 0, 7}, {5, 6, 8, 9}})
        by_hand.add(row.data());
    for (descent::index i = 0; i < 4; ++i)
        for (descent::index j = i; j < 4; ++j)
            CHECK(patches.at(i, j) == by_hand.at(i, j));

    quantize::input_moments none(n);
    CHECK(message_of([&] { to_affine(view, none); }) == "affine: no inputs were seen");
    CHECK(message_of([&] { to_affine(view, patches); }) ==
          "affine: inputs of 4 columns, the weight [10, 24] has 24");
    CHECK(message_of([&] { to_affine(view, inputs, four, {.damping = 0}); }) ==
          "affine: damping = 0: must be > 0");
    CHECK(message_of([&] {
              patches.add_patches(image, {1, 3, 3}, 3, 1, 1);
          }) == "input_moments: image [1, 3, 3] and kernel 3 do not make 4 columns");
}

TEST_CASE("quantize affine: every width and granularity within its budget of error") {
    // Even numbers are a step / sqrt(12) away on average; scales cost 16 bits each, and zeros as many as a
    // code.
    std::vector<double> x(5 * 256);
    for (std::size_t i = 0; i < x.size(); ++i)
        x[i] = 2 * draws.uniform<double>(i) - 1;
    for (std::size_t i = 0; i < 256; ++i)
        x[i] *= 1000;
    tensor_view<double> const view{x.data(), {5, 256}};
    auto const even_error = [&](quantize::affine_tensor<double> const& codes) {  // of the rows behind the first
        double sum = 0;
        for (std::size_t i = 256; i < x.size(); ++i)
            sum += std::pow(x[i] - codes.value(descent::index(i)), 2);
        return std::sqrt(sum / double(x.size() - 256));
    };
    int wrong = 0;
    for (int bits = 2; bits <= 8; ++bits)
        for (bool const symmetric : {true, false}) {
            double const step = 2.0 / ((1 << bits) - (symmetric ? 2 : 1));
            auto const channel = to_affine(view, {.bits = bits, .symmetric = symmetric});
            wrong += std::fabs(even_error(channel) / (step / std::sqrt(12)) - 1) > 0.1;
            wrong += even_error(to_affine(
                         view, {.bits = bits, .symmetric = symmetric, .per = quantize::per::tensor})) <
                     1.9 * even_error(channel);
            for (descent::index const group : {32, 64, 100, 128, 300}) {
                auto const codes = to_affine(
                    view, {.bits = bits, .symmetric = symmetric, .per = quantize::per::group, .group = group});
                auto const a_row = (256 + group - 1) / group;
                wrong += descent::index(codes.grids.size()) != 5 * a_row;
                wrong += std::fabs(codes.bits_each() - bits -
                                   (16 + (symmetric ? 0 : bits)) * double(a_row) / 256) > 1e-12;
                wrong += even_error(codes) > 1.02 * even_error(channel);
                for (std::size_t i = 0; i < x.size(); ++i) {
                    auto const& grid = codes.grid_of(descent::index(i));
                    wrong += std::fabs(codes.value(descent::index(i)) - x[i]) > 0.5001 * grid.scale;
                    wrong += codes.codes[i] < grid.format.lowest() || codes.codes[i] > grid.format.highest();
                }
            }
        }
    CHECK(wrong == 0);
}
