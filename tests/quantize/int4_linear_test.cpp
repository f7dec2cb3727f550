// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include <descent/core/random.hpp>
#include <descent/exec/openmp.hpp>
#include <descent/exec/serial.hpp>
#include <descent/quantize/error_feedback.hpp>
#include <descent/quantize/int4_linear.hpp>

#include "message.hpp"
#include "nn/allocations.hpp"

using namespace descent;
using quantize::int4_linear;

namespace {

template <class T = float>
matrix<T> normal(descent::index rows, descent::index cols, std::uint64_t seed) {
    matrix<T> m(rows, cols);
    for (descent::index i = 0; i < m.size(); ++i)
        m.data()[i] = generator{seed}.normal<T>(std::uint64_t(i));
    return m;
}

/// What a stretch of weights becomes: the format's definition, for one number after another.
struct stretch {
    float scale = 1;
    int zero = 0, low = -7, high = 7;

    stretch(float const* w, descent::index n, bool symmetric) {
        double least = 0, most = 0;
        for (descent::index i = 0; i < n; ++i)
            least = std::min(least, double(w[i])), most = std::max(most, double(w[i]));
        double const reach = symmetric ? std::max(-least, most) : most - least;
        if (reach > 0)
            scale = float(reach / (symmetric ? 7 : 15));
        if (!symmetric)
            low = 0, high = 15, zero = int(std::clamp(std::nearbyint(-least / double(scale)), 0.0, 15.0));
    }
    int code(float w) const {
        return std::clamp(int(std::nearbyint(double(w) / double(scale))) + zero, low, high);
    }
    float value(float w) const { return float(code(w) - zero) * scale; }
};

struct outcome {
    double wrong = 0;   ///< the largest error, as a share of sum |w| |x| + |b|
    double beyond = 0;  ///< the largest error of rounding the weights, as a share of sum |x| scale / 2
};

/// y against sums of weight() in double.
template <class T>
outcome errors(int4_linear const& layer, matrix<float> const& w, descent::index group, bool symmetric,
               vector<float> const& bias, matrix<T> const& x, matrix<T> const& y) {
    outcome worst;
    for (descent::index s = 0; s < x.rows(); ++s)
        for (descent::index o = 0; o < layer.outputs(); ++o) {
            double sum = bias.size() ? double(bias[o]) : 0, size = std::abs(sum) + 1e-30, off = 0, most = 1e-30;
            for (descent::index i = 0; i < x.cols(); ++i) {
                double const each = double(layer.weight(o, i)), number = double(float(x(s, i)));
                sum += each * number, size += std::abs(each * number);
                off += (each - double(w(o, i))) * number;
                descent::index const from = i / group * group, n = std::min(group, x.cols() - from);
                most += std::abs(number) * double(stretch(&w(o, from), n, symmetric).scale) / 2;
            }
            worst.wrong = std::max(worst.wrong, std::abs(double(y(s, o)) - sum) / size);
            worst.beyond = std::max(worst.beyond, std::abs(off) / most);
        }
    return worst;
}

template <class T>
bool same_bits(matrix<T> const& a, matrix<T> const& b) {
    return a.size() == b.size() && std::equal(a.data(), a.data() + a.size(), b.data());
}

struct sizes {
    descent::index samples, inputs, outputs, group;
};

template <class T>
void check_sums(sizes const& each, bool symmetric) {
    auto const [samples, inputs, outputs, group] = each;
    INFO(samples << " x " << inputs << " x " << outputs << ", groups of " << group << ", symmetric "
                 << symmetric);
    matrix<float> const w = normal(outputs, inputs, 1);
    vector<float> const bias = normal(outputs, 1, 2).col(0);
    matrix<T> const x = normal<T>(samples, inputs, 3);
    int4_linear const layer{w, bias, {.group = group, .symmetric = symmetric}};
    int wrong = 0;
    for (descent::index o = 0; o < outputs; ++o)
        for (descent::index i = 0; i < inputs; ++i) {
            descent::index const from = i / group * group, n = std::min(group, inputs - from);
            wrong += layer.weight(o, i) != stretch(&w(o, from), n, symmetric).value(w(o, i));
        }
    CHECK(wrong == 0);
    int4_linear::workspace memory;
    matrix<T> y, other(samples, outputs);
    layer(x, y, exec::serial{}, memory);
    CHECK(y.rows() == samples);
    CHECK(y.cols() == outputs);
    outcome const seen = errors(layer, w, group, symmetric, bias, x, y);
    CHECK(seen.wrong <= 1e-6);
    CHECK(seen.beyond <= 1 + 1e-5);
    for (int const threads : {1, 2, 3}) {
        other.setConstant(-7777);
        layer(x, other, exec::openmp{.threads = threads}, memory);
        CHECK(same_bits(y, other));
    }
    for (auto const* const form : quantize::detail::int4_forms()) {
        INFO(form->name);
        other.setConstant(-7777);
        layer.run(*form, x.data(), samples, other.data(), exec::serial{}, memory);
        CHECK(errors(layer, w, group, symmetric, bias, x, other).wrong <= 1e-6);
    }
}

}  // namespace

TEST_CASE("quantize int4_linear: codes are the definition's, sums those of the codes, on every form") {
    for (bool const symmetric : {true, false})
        for (sizes const each :
             {sizes{1, 1, 1, 32}, {1, 7, 31, 8},     {1, 8, 32, 8},     {1, 9, 33, 64},   {1, 63, 64, 32},
              {1, 65, 5, 64},     {1, 300, 70, 128}, {2, 31, 33, 32},   {3, 33, 32, 32},  {5, 127, 31, 32},
              {7, 129, 65, 40},   {12, 64, 96, 64},  {13, 136, 97, 16}, {16, 40, 17, 64}, {96, 72, 33, 24},
              {97, 17, 40, 32},   {200, 5, 130, 32}, {3, 0, 4, 32},     {0, 4, 4, 32},    {1, 16, 0, 32},
              {4, 0, 0, 32}}) {
            check_sums<float>(each, symmetric);
            check_sums<double>(each, symmetric);
        }
    check_sums<float>({1, 1024, 512, 64}, true);
    check_sums<float>({1, 1024, 512, 64}, false);
}

TEST_CASE("quantize int4_linear: weights by columns, and of double") {
    matrix<double> const w = normal<double>(9, 21, 1);
    Eigen::MatrixXd const turned = w;
    matrix<float> const x = normal(3, 21, 2);
    matrix<float> y, other;
    int4_linear::workspace memory;
    int4_linear const layer{w}, same{turned};
    layer(x, y, exec::serial{}, memory);
    same(x, other, exec::serial{}, memory);
    CHECK(same_bits(y, other));
    for (descent::index i = 0; i < 21; ++i)
        CHECK(std::abs(layer.weight(4, i) - w(4, i)) <= w.row(4).cwiseAbs().maxCoeff() / 14 * 1.00001);
}

TEST_CASE("quantize int4_linear: codes that error feedback chose, of any share, stand for the same numbers") {
    descent::index const outputs = 35, inputs = 70;
    matrix<float> const w = normal(outputs, inputs, 1), x = normal(50, inputs, 2);
    tensor_view<float const> const view{w.data(), {outputs, inputs}};
    quantize::input_moments moments(inputs);
    for (descent::index s = 0; s < x.rows(); ++s)
        moments.add(x.data() + s * inputs);
    int4_linear::workspace memory;
    for (auto const per : {quantize::per::tensor, quantize::per::channel, quantize::per::group})
        for (bool const symmetric : {true, false})
            for (int const bits : {2, 3, 4}) {
                auto const codes = quantize::to_affine(
                    view, moments, {.bits = bits, .symmetric = symmetric, .per = per, .group = 32});
                int4_linear const layer{codes};
                int wrong = 0;
                for (descent::index i = 0; i < w.size(); ++i)
                    wrong += layer.weight(i / inputs, i % inputs) != codes.value(i);
                CHECK(wrong == 0);
                for (descent::index const samples : {1, 50}) {
                    matrix<float> const some = x.topRows(samples);
                    matrix<float> y;
                    layer(some, y, exec::serial{}, memory);
                    CHECK(errors(layer, w, inputs, symmetric, {}, some, y).wrong <= 1e-6);
                }
            }
    // Feedback serves the layer's outputs, not its weights.
    quantize::affine_options const by{.bits = 4, .per = quantize::per::group, .group = 32};
    double off[2] = {};
    int turn = 0;
    for (auto const& layer :
         {int4_linear{quantize::to_affine(view, by)}, int4_linear{quantize::to_affine(view, moments, by)}}) {
        matrix<float> y;
        layer(x, y, exec::serial{}, memory);
        for (descent::index s = 0; s < x.rows(); ++s)
            for (descent::index o = 0; o < outputs; ++o) {
                double sum = -double(y(s, o));
                for (descent::index i = 0; i < inputs; ++i)
                    sum += double(x(s, i)) * double(w(o, i));
                off[turn] += sum * sum;
            }
        ++turn;
    }
    CHECK(off[1] < off[0]);
}

TEST_CASE("quantize int4_linear: weights of 0 add nothing; numbers that are none go on") {
    float const inf = std::numeric_limits<float>::infinity();
    matrix<float> w = normal(4, 45, 2);
    w.row(1).setZero();
    int4_linear const layer{w, {}, {.group = 32}};
    int4_linear::workspace memory;
    for (descent::index const samples : {1, 3, 20}) {
        matrix<float> x = normal(samples, 45, 1), y;
        layer(x, y, exec::serial{}, memory);
        CHECK(y.col(1).cwiseAbs().maxCoeff() == 0);
        x(samples - 1, 44) = inf;
        layer(x, y, exec::serial{}, memory);
        CHECK(y(samples - 1, 2) == (layer.weight(2, 44) > 0 ? inf : -inf));
        CHECK(std::isnan(y(samples - 1, 1)));
        x(samples - 1, 44) = std::numeric_limits<float>::quiet_NaN();
        layer(x, y, exec::serial{}, memory);
        CHECK(std::isnan(y(samples - 1, 0)));
        if (samples > 1)
            CHECK(std::isfinite(y(0, 0)));
    }
}

TEMPLATE_TEST_CASE("quantize int4_linear: the largest and the least floats", "", float, double) {
    // Of numbers near the ends whose products with the weights sum up to floats: as the sums in double.
    float const most = std::numeric_limits<float>::max(), least = std::numeric_limits<float>::min();
    int4_linear::workspace memory;
    for (bool const symmetric : {true, false})
        for (descent::index const inputs : {1, 8, 45, 600}) {
            matrix<float> const w = normal(33, inputs, 1) / float(20 * inputs);
            vector<float> const none;
            int4_linear const layer{w, none, {.group = 32, .symmetric = symmetric}};
            for (descent::index const samples : {1, 2, 20})
                for (float const size : {most / 6, most / 100, 1.0f, 64 * least}) {
                    INFO(inputs << " inputs, " << samples << " samples of size " << size);
                    matrix<TestType> const x = (normal(samples, inputs, 3) * size).template cast<TestType>();
                    REQUIRE(x.array().isFinite().all());
                    for (auto const* const form : quantize::detail::int4_forms()) {
                        matrix<TestType> y(samples, 33);
                        layer.run(*form, x.data(), samples, y.data(), exec::openmp{.threads = 2}, memory);
                        // Products below the normal floats are rounded to multiples of the least one.
                        double const off = size < 1 ? double(inputs) * 1.5e-45 : 0;
                        double worst = 0;
                        for (descent::index s = 0; s < samples; ++s)
                            for (descent::index o = 0; o < 33; ++o) {
                                double sum = 0, all = 1e-300;
                                for (descent::index i = 0; i < inputs; ++i) {
                                    double const each = double(layer.weight(o, i)) * double(x(s, i));
                                    sum += each, all += std::abs(each);
                                }
                                double const far = std::abs(double(y(s, o)) - sum) - off;
                                worst = std::isfinite(far) ? std::max(worst, far / all) : far;
                            }
                        CHECK(worst <= 1e-6);
                    }
                }
        }
}

TEST_CASE("quantize to_int4: a layer by its name") {
    params<double> weights{
        {"fc.weight", {5, 12}}, {"fc.bias", {5}}, {"weight", {2, 5}}, {"conv.weight", {2, 3, 4}}};
    for (char const* const name : {"fc.weight", "fc.bias", "weight"})
        for (descent::index i = 0; i < weights[name].size(); ++i)
            weights[name].data[i] = generator{7}.normal<double>(std::uint64_t(i));
    matrix<double> const w = Eigen::Map<matrix<double> const>(weights["fc.weight"].data, 5, 12);
    vector<float> const bias = Eigen::Map<vector<double> const>(weights["fc.bias"].data, 5).cast<float>();
    matrix<float> const x = normal(3, 12, 1);
    matrix<float> y, other;
    int4_linear::workspace memory;
    int4_linear(w, bias, {.group = 8})(x, y, exec::serial{}, memory);
    quantize::to_int4(weights, "fc", {.group = 8})(x, other, exec::serial{}, memory);
    CHECK(same_bits(y, other));
    int4_linear const bare = quantize::to_int4(weights, "");
    CHECK((bare.outputs() == 2 && bare.inputs() == 5));
    bare(matrix<float>(matrix<float>::Zero(1, 5)), y, exec::serial{}, memory);
    CHECK(y.cwiseAbs().maxCoeff() == 0);
    CHECK(message_of([&] { quantize::to_int4(weights, "conv"); }) ==
          "to_int4: 'conv.weight' is [2, 3, 4]: must be [outputs, inputs]");
    CHECK(message_of([&] { quantize::to_int4(weights, "fc2"); }) ==
          "params: there is no tensor 'fc2.weight', only 'fc.weight', 'fc.bias', 'weight', 'conv.weight'");
}

TEST_CASE("quantize int4_linear: no memory is taken twice") {
    int4_linear const layer{normal(70, 90, 1)};
    int4_linear::workspace memory;
    matrix<float> const x = normal(30, 90, 2), one = x.topRows(1);
    matrix<float> y, single;
    layer(x, y, exec::serial{}, memory);
    layer(one, single, exec::serial{}, memory);
    CHECK(allocations::during([&] { layer(x, y, exec::serial{}, memory); }) == 0);
    CHECK(allocations::during([&] { layer(one, single, exec::serial{}, memory); }) == 0);
}

TEST_CASE("quantize int4_linear: calls without memory and executor") {
    params<float> from{{"weight", {5, 7}}};
    for (descent::index i = 0; i < from.arena_size(); ++i)
        from.data()[i] = generator{8}.normal<float>(std::uint64_t(i));
    int4_linear const layer{from["weight"], {}, {.group = 8}};
    matrix<float> const x = matrix<float>::Ones(3, 7);
    matrix<float> y, z;
    int4_linear::workspace memory;
    layer(x, y, exec::serial{}, memory);
    layer(x, z);
    CHECK(y == z);
    layer(x, z, exec::openmp{.threads = 2});
    CHECK(y == z);
}

TEST_CASE("quantize int4_linear: bytes") {
    int4_linear const small{normal(64, 128, 1), {}, {.group = 64}};
    CHECK(small.bytes() == 64 * 128 / 2 + 64 * 2 * 4 + 64 * 4);
    int4_linear const affine{normal(64, 128, 1), {}, {.group = 64, .symmetric = false}};
    CHECK(affine.bytes() == small.bytes() + 64 * 2);
}

TEST_CASE("quantize int4_linear: what it refuses") {
    float const inf = std::numeric_limits<float>::infinity();
    matrix<float> w = normal(2, 3, 1);
    CHECK(message_of([&] { int4_linear{w, vector<float>::Zero(3)}; }) == "int4_linear: 3 biases for 2 outputs");
    for (descent::index const group : {-8, 0, 12})
        CHECK(message_of([&] { int4_linear(w, {}, {.group = group}); }) ==
              "int4_linear: group = " + std::to_string(group) + ": must be a multiple of 8");
    w(1, 2) = inf;
    CHECK(message_of([&] { int4_linear{w}; }) == "int4_linear: weight (1, 2) = inf: must be finite");
    w(1, 2) = std::numeric_limits<float>::quiet_NaN();
    CHECK(message_of([&] { int4_linear{w}; }) == "int4_linear: weight (1, 2) = nan: must be finite");
    w(1, 2) = 0;
    // The zero is half of a code between: the lowest code stands for more than the largest float.
    matrix<float> wide_as_floats(1, 2);
    wide_as_floats << -std::numeric_limits<float>::max(), std::numeric_limits<float>::max();
    CHECK(message_of([&] { int4_linear(wide_as_floats, {}, {.symmetric = false}); }) ==
          "int4_linear: weight (0, 0) = -inf: must be finite");
    CHECK(int4_linear{wide_as_floats}.weight(0, 0) == wide_as_floats(0, 0));
    vector<float> bias = vector<float>::Zero(2);
    bias[1] = inf;
    CHECK(message_of([&] { int4_linear(w, bias); }) == "int4_linear: bias 1 = inf: must be finite");
    int4_linear const layer{w};
    int4_linear::workspace memory;
    matrix<float> y;
    CHECK(message_of([&] { layer(matrix<float>(matrix<float>::Zero(2, 4)), y, exec::serial{}, memory); }) ==
          "int4_linear: 4 features: must be 3");
    y.setOnes(2, 3);
    CHECK(message_of([&] { layer(y, y, exec::serial{}, memory); }) ==
          "int4_linear: x is y: must be another matrix");

    matrix<float> const wide = normal(2, 40, 1);
    tensor_view<float const> const view{wide.data(), {2, 40}};
    auto const refused = [&](auto const& change, quantize::affine_options const& by = {.bits = 4}) {
        auto codes = quantize::to_affine(view, by);
        change(codes);
        return message_of([&] { int4_linear{codes}; });
    };
    auto const nothing = [](auto&) {};
    CHECK(refused(nothing, {.bits = 8}) == "int4_linear: bits = 8: must be at most 4");
    CHECK(refused(nothing, {.bits = 4, .per = quantize::per::group, .group = 12}) ==
          "int4_linear: group = 12: must be a multiple of 8");
    CHECK(refused([](auto& c) {
              c.extents = {2, 4, 10};
          }) == "int4_linear: codes [2, 4, 10]: must be [outputs, inputs]");
    CHECK(refused([](auto& c) { c.codes.pop_back(); }) == "int4_linear: 79 codes for [2, 40]");
    CHECK(refused([](auto& c) { c.grids.pop_back(); }) == "int4_linear: 1 grids: must be 2");
    CHECK(refused([](auto& c) { c.share = 0; }) == "int4_linear: share = 0: must be >= 1");
    CHECK(refused([](auto& c) { c.codes[41] = -8; }) == "int4_linear: code (1, 1) = -8: must be in [-7, 7]");
    CHECK(refused([&](auto& c) { c.grids[1].scale = inf; }) ==
          "int4_linear: scale of (1, 0) = inf: must be finite");
    CHECK(refused([](auto& c) { c.grids[0].zero = 16; }, {.bits = 4, .symmetric = false}) ==
          "int4_linear: zero of (0, 0) = 16: must be in [0, 15]");
}
