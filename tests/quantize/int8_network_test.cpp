// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include <descent/core/random.hpp>
#include <descent/exec/openmp.hpp>
#include <descent/exec/serial.hpp>
#include <descent/quantize/int8_network.hpp>

#include "message.hpp"

using namespace descent;
using quantize::int8_convolution;
using quantize::int8_grid;
using quantize::int8_network;
using quantize::int8_pool;
using quantize::int8_tensor;

namespace {

matrix<float> normal(descent::index rows, descent::index cols, std::uint64_t seed) {
    matrix<float> m(rows, cols);
    for (descent::index i = 0; i < m.size(); ++i)
        m.data()[i] = generator{seed}.normal<float>(std::uint64_t(i));
    return m;
}

/// Random codes, scales and biases for so many products.
int8_convolution filled(int8_convolution how, descent::index depth, std::uint64_t seed) {
    for (descent::index i = 0; i < how.outputs * depth; ++i)
        how.codes.push_back(std::int8_t(generator{seed}.bits(std::uint64_t(i)) % 255 - 127));
    for (descent::index o = 0; o < how.outputs; ++o) {
        how.scales.push_back(0.001f * (1 + generator{seed + 100}.uniform<float>(std::uint64_t(o))));
        how.bias.push_back(generator{seed + 200}.normal<float>(std::uint64_t(o)));
    }
    return how;
}

/// The definition, number by number: codes q of [channels][height][width].
struct codes {
    int8_tensor of;
    std::vector<int> q, fine = {};  ///< fine: 128 to a code

    int at(descent::index c, descent::index y, descent::index x) const {
        return q[std::size_t((c * of.height + y) * of.width + x)];
    }
    bool inside(descent::index y, descent::index x) const {
        return y >= 0 && y < of.height && x >= 0 && x < of.width;
    }
};
float held(float v, float low, float high) { return std::min(std::max(v, low), high); }
int nearest(float v) { return int(std::nearbyint(v)); }
void refine(codes& y) {
    for (int const q : y.q)
        y.fine.push_back(128 * q);
}

codes encoded(int8_tensor const& of, float const* x) {
    codes c{of, {}};
    for (descent::index i = 0; i < of.size(); ++i)
        c.q.push_back(nearest(held(x[i] * (1 / of.grid.scale), float(of.grid.low), float(of.grid.high))));
    refine(c);
    return c;
}
template <class Each>
void each_place(codes& y, Each const& each) {
    for (descent::index c = 0; c < y.of.channels; ++c)
        for (descent::index i = 0; i < y.of.height; ++i)
            for (descent::index j = 0; j < y.of.width; ++j)
                y.q.push_back(each(c, i, j));
}
/// The sum of a place.
std::int64_t sum_at(codes const& x, int8_convolution const& how, descent::index o, descent::index i,
                    descent::index j) {
    double const step = double(x.of.grid.scale) * double(how.scales[std::size_t(o)]);
    auto sum = std::int64_t(std::nearbyint(double(how.bias[std::size_t(o)]) / step));
    std::size_t at = std::size_t(o) * how.codes.size() / std::size_t(how.outputs);
    for (descent::index c = 0; c < x.of.channels; ++c)
        for (descent::index u = 0; u < how.kernel.height; ++u)
            for (descent::index v = 0; v < how.kernel.width; ++v, ++at) {
                descent::index const row = i * how.stride.height + u * how.dilation.height - how.padding.height,
                                     column = j * how.stride.width + v * how.dilation.width - how.padding.width;
                if (x.inside(row, column))
                    sum += std::int64_t(how.codes[at]) * x.at(c, row, column);
            }
    return sum;
}
codes convolved(codes const& x, int8_convolution const& how, int8_tensor const& of, codes const* beside) {
    codes y{of, {}};
    each_place(y, [&](descent::index c, descent::index i, descent::index j) {
        double const step = double(x.of.grid.scale) * double(how.scales[std::size_t(c)]);
        float v = float(sum_at(x, how, c, i, j)) * float(step / double(of.grid.scale));
        if (beside)
            v = std::fma(float(beside->fine[y.q.size()]),
                         float(double(beside->of.grid.scale) / double(of.grid.scale) / 128), v);
        v = held(v, float(how.relu ? 0 : of.grid.low), float(of.grid.high));
        y.fine.push_back(nearest(v * 128));
        return nearest(v);
    });
    return y;
}
codes pooled(codes const& x, int8_pool const& how, int8_tensor const& of) {
    codes y{of, {}};
    each_place(y, [&](descent::index c, descent::index i, descent::index j) {
        int most = how.least, sum = 0, count = 0;
        for (descent::index u = 0; u < how.size.height; ++u)
            for (descent::index v = 0; v < how.size.width; ++v) {
                descent::index const row = i * how.stride.height + u - how.padding.height,
                                     column = j * how.stride.width + v - how.padding.width;
                if (!x.inside(row, column))
                    continue;
                most = std::max(most, x.at(c, row, column));
                sum += x.at(c, row, column), ++count;
            }
        if (how.largest)
            return most;
        if (how.count_padding)
            count = int(how.size.height * how.size.width);
        auto const share = float(double(x.of.grid.scale) / double(of.grid.scale) / double(count));
        return nearest(held(float(sum) * share, float(of.grid.low), float(of.grid.high)));
    });
    return y;
}
codes padded(codes const& x, descent::index stride, int8_tensor const& of) {
    codes y{of, {}};
    descent::index const before = (of.channels - x.of.channels) / 2;
    each_place(y, [&](descent::index c, descent::index i, descent::index j) {
        bool const there = c >= before && c < before + x.of.channels;
        std::size_t const at =
            there ? std::size_t(((c - before) * x.of.height + i * stride) * x.of.width + j * stride) : 0;
        y.fine.push_back(there ? x.fine[at] : 0);
        return there ? x.q[at] : 0;
    });
    return y;
}

/// A network with every kind of step, and what the definition makes of a sample.
struct everything {
    descent::index side;
    int8_grid around{0.03f, -100, 155}, above{0.04f, 0, 255}, even{0.05f, -127, 127};
    int8_convolution first, second, dilated, scores;
    int8_pool most{.size = {3, 2}, .stride = {2, 1}, .padding = 1, .least = -20},
        mean{.largest = false, .size = 2, .stride = 1, .padding = 1, .count_padding = false};
    int8_network net;

    explicit everything(descent::index n) : side(n), net({3, n, n + 2, around}) {
        first = filled({.outputs = 9, .kernel = 3, .padding = 1, .relu = true}, 3 * 9, 1);
        int const a = net.convolve(0, first, above);
        int const b = net.pad_channels(a, 20, 2);
        second =
            filled({.outputs = 20, .kernel = {3, 1}, .stride = 2, .padding = {1, 0}, .beside = b, .relu = true},
                   9 * 3, 2);
        int const c = net.convolve(a, second, above);
        dilated = filled({.outputs = 33, .kernel = 2, .padding = 1, .dilation = {1, 2}}, 20 * 4, 3);
        int const d = net.convolve(c, dilated, even);
        int const e = net.pool(d, most, {});
        int const f = net.pool(e, mean, around);
        int8_tensor const& last = net.tensor(f);
        scores = filled({.outputs = 18, .kernel = {last.height, last.width}}, last.size(), 4);
        net.scores(f, scores);
    }
    std::vector<float> defined(float const* x) const {
        codes const input = encoded(net.tensor(0), x), a = convolved(input, first, net.tensor(1), nullptr);
        codes const b = padded(a, 2, net.tensor(2)), c = convolved(a, second, net.tensor(3), &b);
        codes const d = convolved(c, dilated, net.tensor(4), nullptr), e = pooled(d, most, net.tensor(5));
        codes const f = pooled(e, mean, net.tensor(6));
        std::vector<float> z;
        for (descent::index o = 0; o < scores.outputs; ++o)
            z.push_back(float(sum_at(f, scores, o, 0, 0)) *
                        float(double(f.of.grid.scale) * double(scores.scales[std::size_t(o)])));
        return z;
    }
};

/// Do all forms give these scores, on all executors?
template <class Network>
bool all_give(Network& net, matrix<float> const& x, std::vector<float> const& right) {
    bool same = true;
    std::vector<quantize::detail::int8_form const*> forms{&quantize::detail::int8_form_plain,
                                                          &quantize::detail::int8_form_quads};
    for (auto const* form : quantize::detail::int8_forms())
        forms.push_back(form);
    for (auto const* form : forms) {
        net.use(*form);
        auto const check = [&](auto const& executor) {
            matrix<float> const z = net.scores(x, executor);
            same = same && std::equal(z.data(), z.data() + z.size(), right.begin(), right.end());
        };
        check(exec::serial{});
        check(exec::openmp{.threads = 2});
        check(exec::openmp{.threads = 3});
    }
    return same;
}

}  // namespace

TEST_CASE("quantize int8_network: the numbers of the definition, on every kernel, executor and batch") {
    for (descent::index const side : {5, 12, 29}) {
        everything all(side);
        matrix<float> const x = normal(side > 12 ? 9 : 70, all.net.features(), std::uint64_t(side));
        std::vector<float> right;
        for (descent::index const batch : {1, 3, 7, 8, 9, 70}) {
            for (descent::index i = descent::index(right.size()) / 18; i < std::min(batch, x.rows()); ++i)
                for (float const z : all.defined(x.row(i).data()))
                    right.push_back(z);
            if (batch <= x.rows())
                CHECK(all_give(all.net, x.topRows(batch), right));
        }
        CHECK(std::adjacent_find(right.begin(), right.end(), std::not_equal_to{}) != right.end());
    }
}

TEST_CASE("quantize int8_network: windows of 3 x 3 over many channels, with few products") {
    for (auto const [side, channels, padding] : {std::array<descent::index, 3>{3, 16, 1},
                                                 {5, 1, 1},
                                                 {6, 2, 2},
                                                 {4, 32, 1},
                                                 {7, 16, 0},
                                                 {9, 48, 2},
                                                 {10, 128, 1}}) {
        int8_network net({channels, side, side + 1, {0.02f, -120, 135}});
        auto first = filled({.outputs = 20, .kernel = 3, .padding = padding, .relu = true}, channels * 9, 11);
        auto const beside = filled({.outputs = 20, .kernel = 3, .padding = padding}, channels * 9, 12);
        // Both ends of all ranges: the largest sums.
        std::fill_n(first.codes.begin(), channels * 9, std::int8_t(127));
        std::fill_n(first.codes.begin() + channels * 9, channels * 9, std::int8_t(-127));
        int const a = net.convolve(0, beside, {0.3f, -128, 127});
        first.beside = a;
        int const b = net.convolve(0, first, {0.4f, 0, 255});
        net.scores(b);
        matrix<float> x = normal(9, net.features(), 13);
        x.row(0).setConstant(1000), x.row(1).setConstant(-1000);
        std::vector<float> right;
        for (descent::index i = 0; i < x.rows(); ++i) {
            codes const input = encoded(net.tensor(0), x.row(i).data()),
                        other = convolved(input, beside, net.tensor(a), nullptr);
            for (int const q : convolved(input, first, net.tensor(b), &other).q)
                right.push_back(0.4f * float(q));
        }
        CHECK(all_give(net, x, right));
        CHECK(all_give(net, x.topRows(3), {right.begin(), right.begin() + 3 * net.outputs()}));
    }
}

TEST_CASE("quantize int8_network: few channels, which fill no group") {
    for (auto const [channels, between] : {std::array<descent::index, 2>{1, 2}, {2, 1}, {3, 17}, {1, 6}}) {
        int8_network net({channels, 13, 11, {0.02f, -120, 135}});
        auto const first = filled({.outputs = between, .kernel = {5, 3}, .padding = {2, 0}}, channels * 15, 21),
                   second = filled({.outputs = 3, .kernel = 2, .dilation = {1, 2}}, between * 4, 22);
        int8_pool const most{.size = {2, 3}, .stride = 2, .padding = 1},
            mean{.largest = false, .size = 2, .stride = 1};
        int const a = net.convolve(0, first, {0.3f, -128, 127}), b = net.pool(a, most, {}),
                  c = net.convolve(b, second, {0.4f, -100, 155}), d = net.pool(c, mean, {0.5f, -90, 120});
        net.scores(d);
        matrix<float> const x = normal(9, net.features(), 23);
        std::vector<float> right;
        for (descent::index i = 0; i < x.rows(); ++i) {
            codes const input = encoded(net.tensor(0), x.row(i).data()),
                        of_a = convolved(input, first, net.tensor(a), nullptr),
                        of_b = pooled(of_a, most, net.tensor(b)),
                        of_c = convolved(of_b, second, net.tensor(c), nullptr);
            for (int const q : pooled(of_c, mean, net.tensor(d)).q)
                right.push_back(0.5f * float(q));
        }
        CHECK(all_give(net, x, right));
        CHECK(all_give(net, x.topRows(3), {right.begin(), right.begin() + 3 * net.outputs()}));
    }
}

TEST_CASE("quantize int8_network: dense layers take samples together") {
    int8_network net({130, 1, 1, {0.02f, -128, 127}});
    int8_convolution const first = filled({.outputs = 70, .relu = true}, 130, 5),
                           last = filled({.outputs = 3, .relu = true}, 70, 6);
    int const a = net.convolve(0, first, {0.1f, 0, 255});
    int const b = net.convolve(a, last, {0.2f, 0, 200});
    net.scores(b);
    CHECK(net.multiply_adds() == 130 * 70 + 70 * 3);
    CHECK(net.bytes() == 130 * 70 + 70 * 3 + 8 * 73);
    matrix<float> const x = normal(300, 130, 7);
    std::vector<float> right;
    for (descent::index i = 0; i < x.rows(); ++i) {
        codes const input = encoded(net.tensor(0), x.row(i).data());
        codes const y =
            convolved(convolved(input, first, net.tensor(1), nullptr), last, net.tensor(2), nullptr);
        for (int const q : y.q)
            right.push_back(0.2f * float(q));
    }
    CHECK(all_give(net, x, right));
    net.answer(quantize::int8_answer::highest);
    vector<float> const classes = net.predict(x);
    CHECK(classes[0] == float(std::max_element(right.begin(), right.begin() + 3) - right.begin()));
    std::vector<float> z(6);
    net.scores(std::span<float const>(x.data(), 260), z);
    CHECK(std::equal(z.begin(), z.end(), right.begin()));
}

TEST_CASE("quantize int8_network: the largest sums, and samples that are not finite") {
    constexpr descent::index depth = 65'000;
    int8_network net({depth, 1, 1, {1, 0, 255}});
    int8_convolution how{.outputs = 2, .codes = std::vector<std::int8_t>(2 * depth, 127), .scales = {1, 1}};
    std::fill(how.codes.begin() + depth, how.codes.end(), std::int8_t(-127));
    how.bias = {4'000'000, -4'000'000};
    net.scores(0, how);
    matrix<float> x = matrix<float>::Constant(3, depth, 1000);
    float const most = float(255.0 * 127 * depth + 4'000'000);
    CHECK(all_give(net, x, {most, -most, most, -most, most, -most}));
    x(1, 64'999) = std::numeric_limits<float>::quiet_NaN();
    x(2, 3) = -std::numeric_limits<float>::infinity();
    for (auto const* form : quantize::detail::int8_forms()) {
        net.use(*form);
        matrix<float> const z = net.scores(x);
        CHECK(z(0, 1) == -most);
        CHECK(std::isnan(z(1, 0)));
        CHECK(std::isnan(z(2, 1)));
    }
    CHECK(net.scores(matrix<float>(0, depth)).rows() == 0);
}

TEST_CASE("quantize int8_network: means on a grid so fine that no float holds the ratio are held at its ends") {
    int8_network net({1, 1, 2, {1e30f, 0, 255}});
    net.scores(net.pool(0, {.largest = false, .size = {1, 2}}, {1e-30f, -3, 7}));
    matrix<float> x(3, 2);
    x << 0, 0, 1e30f, 1e30f, 0, 1e30f;
    // Infinity times 0 codes is no number: the lowest code, as sums have it.
    CHECK(all_give(net, x, {-3 * 1e-30f, 7 * 1e-30f, 7 * 1e-30f}));
}

TEST_CASE("quantize int8_network: what it refuses") {
    int8_network net({3, 5, 5, {0.5f, -128, 127}});
    auto const added = [&](int8_convolution const& how, int8_grid const& grid = {}) {
        return message_of([&] { net.convolve(0, how, grid); });
    };
    auto const good = filled({.outputs = 2, .kernel = 3}, 27, 1);
    auto how = good;
    how.kernel = {7, 3};
    CHECK(added(how) == "int8_network: a window that reaches 7 does not fit into 5 with padding 0");
    how = good, how.stride = {0, 1};
    CHECK(added(how) == "int8_network: kernel 3, stride 0, padding 0, dilation 1: there is no such window");
    how = good, how.codes.pop_back();
    CHECK(added(how) == "int8_network: 53 codes, 2 scales, 2 biases for 2 outputs of 27 products");
    how = good, how.codes[5] = -128;
    CHECK(added(how) == "int8_network: code -128: must be in [-127, 127]");
    how = good, how.scales[1] = 0;
    CHECK(added(how) == "int8_network: scale 1 = 0: must be finite and > 0");
    how = good, how.scales[0] = 1, how.bias[0] = 3e6f;
    CHECK(added(how) == "int8_network: bias 0 = 3e+06: must be at most 4194304 steps of its sum, 0.5");
    how = good, how.beside = 0;
    CHECK(added(how) == "int8_network: [3, 5, 5] beside [2, 3, 3]: must be one shape");
    how.beside = -2;
    CHECK(added(how) == "int8_network: there is no tensor -2");
    CHECK(added(good, {0, 0, 255}) == "int8_network: a tensor: scale = 0: must be finite and > 0");
    CHECK(added(good, {1, 0, 256}) == "int8_network: a tensor: codes 0 .. 256: must hold 0 and be 2 to 256");
    CHECK(message_of([&] { net.convolve(1, good, {}); }) == "int8_network: there is no tensor 1");
    CHECK(message_of([&] { net.pool(0, {.size = 7}, {}); }) ==
          "int8_network: a window of 7 with stride 1 and padding 0 does not fit into 5");
    CHECK(message_of([&] { net.pad_channels(0, 2, 1); }) ==
          "int8_network: 3 channels padded to 2 with stride 1");
    CHECK(message_of([&] { net.scores(0, good); }) ==
          "int8_network: scores of [2, 3, 3]: must be of one place, without relu and sum");
    CHECK(message_of([&] {
              int8_network({0, 5, 5});
          }) == "int8_network: input is [0, 5, 5]: extents must be in [1, 1048576]");
    CHECK(message_of([&] {
              int8_network({1 << 20, 1 << 11, 2});
          }) == "int8_network: input is [1048576, 2048, 2]: must be at most 2147483648 numbers");
    CHECK(message_of([&] { net.pool(0, {.size = 1 << 21, .padding = 1 << 20}, {}); }) ==
          "int8_network: a window of 2097152 with stride 1 and padding 1048576 does not fit into 5");
    CHECK(message_of([&] { net.pad_channels(0, 3, (1 << 20) + 1); }) ==
          "int8_network: 3 channels padded to 3 with stride 1048577");
    int8_network large({1, 4096, 4096});
    CHECK(message_of([&] { large.pool(0, {.largest = false, .size = 4096}, {}); }) ==
          "int8_network: a mean of 16777216 numbers: must be at most 8388608");
    CHECK(large.pool(0, {.size = 4096}, {}) == 1);
    int8_network around({1, 1, 1});
    int const a = around.convolve(
        0,
        filled({.outputs = 1, .kernel = {1 << 15, 1}, .stride = {1 << 20, 1}, .padding = {1 << 20, 0}}, 1 << 15,
               1),
        {});
    around.convolve(
        0,
        filled({.outputs = 1, .kernel = {1, 1 << 15}, .stride = 1 << 20, .padding = {0, 1 << 20}}, 1 << 15, 1),
        {});
    CHECK(message_of([&] { around.scores(a); }) ==
          "int8_network: [1, 1, 1] with padding 1048576 and 1048576: must be at most 2147483648 numbers");
    CHECK_FALSE(around.finished());
    matrix<float> const x = normal(2, 75, 1);
    CHECK(message_of([&] { net.scores(x); }) == "int8_network: no scores yet");
    net.scores(0);
    CHECK(message_of([&] { net.scores(matrix<float>(2, 74)); }) ==
          "int8_network: x has 74 features, the network 75");
    CHECK(message_of([&] { net.pool(0, {}, {}); }) == "int8_network: nothing may stand behind the scores");
    std::vector<float> z(3);
    CHECK(message_of([&] { net.scores(std::span<float const>(x.data(), 150), z); }) ==
          "int8_network: room for 3 numbers, 2 samples give 150");
}
