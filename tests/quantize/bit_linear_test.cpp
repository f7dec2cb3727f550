// SPDX-License-Identifier: MIT
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include <descent/core/params.hpp>
#include <descent/core/random.hpp>
#include <descent/exec/openmp.hpp>
#include <descent/exec/serial.hpp>
#include <descent/quantize/bit_linear.hpp>

#include "message.hpp"

using namespace descent;
using quantize::binary_linear;
using quantize::ternary_linear;

namespace {

/// Numbers -1, 0 and 1, or -1 and 1 alone.
matrix<float> signs(descent::index rows, descent::index cols, bool zeros, std::uint64_t seed) {
    matrix<float> m(rows, cols);
    for (descent::index i = 0; i < m.size(); ++i) {
        double const u = generator{seed}.uniform<double>(std::uint64_t(i));
        m.data()[i] = zeros ? float(int(u * 3) - 1) : u < 0.5 ? -1.0f : 1.0f;
    }
    return m;
}

template <class Layer>
Layer made(matrix<float> const& w, vector<float> const& bias = {}) {
    if constexpr (std::is_same_v<Layer, ternary_linear>)
        return Layer(w, 1.0, bias);
    else
        return Layer(w, bias);
}

/// On inputs of -1, (0,) 1 and weights of the same, y are whole numbers: how many are not those of the
/// definition, on any kernel and number of threads.
template <class Layer, class Bits>
int wrong_sums(descent::index samples, descent::index inputs, descent::index outputs) {
    matrix<float> const w = signs(outputs, inputs, Bits::zeros, 1), x = signs(samples, inputs, Bits::zeros, 2);
    auto const layer = made<Layer>(w);
    typename Layer::workspace memory;
    int wrong = 0;
    auto const check = [&](matrix<float> const& y) {
        for (descent::index s = 0; s < samples; ++s)
            for (descent::index o = 0; o < outputs; ++o) {
                long sum = 0;
                for (descent::index i = 0; i < inputs; ++i)
                    sum += long(w(o, i)) * long(x(s, i));
                wrong += y(s, o) != float(sum);
            }
    };
    matrix<float> y(samples, outputs);
    for (auto const& kernels : quantize::detail::all_popcount_kernels<Bits>()) {
        y.setConstant(-7777);
        layer.run(kernels, x.data(), samples, y.data(), exec::serial{}, memory);
        check(y);
    }
    for (int const threads : {1, 2, 3}) {
        y.setConstant(-7777);
        layer(x, y, exec::openmp{.threads = threads}, memory);
        check(y);
    }
    for (descent::index o = 0; o < outputs; ++o)
        for (descent::index i = 0; i < inputs; ++i)
            wrong += layer.weight(o, i) != w(o, i);
    return wrong;
}

}  // namespace

TEST_CASE("quantize bit_linear: sums are exact, on every kernel and number of threads") {
    using quantize::detail::one_bit;
    using quantize::detail::two_bits;
    // 15 and 31 words are what bytes hold.
    for (descent::index const inputs : {0, 1, 7, 8, 63, 64, 65, 128, 129, 959, 961, 1983, 1985, 2049}) {
        INFO(inputs << " inputs");
        CHECK(wrong_sums<binary_linear, one_bit>(5, inputs, 9) == 0);
        CHECK(wrong_sums<ternary_linear, two_bits>(5, inputs, 9) == 0);
    }
    for (descent::index const outputs : {0, 1, 8, 17, 300})
        for (descent::index const samples : {0, 1, 4, 7, 33, 70}) {
            INFO(samples << " samples, " << outputs << " outputs");
            CHECK(wrong_sums<binary_linear, one_bit>(samples, 70, outputs) == 0);
            CHECK(wrong_sums<ternary_linear, two_bits>(samples, 70, outputs) == 0);
        }
    // All alike: the largest sums there are.
    matrix<float> const ones = matrix<float>::Ones(1, 5000);
    matrix<float> y;
    binary_linear::workspace memory;
    binary_linear{ones}(ones, y, exec::serial{}, memory);
    CHECK(y(0, 0) == 5000);
    binary_linear{ones}(-ones, y, exec::serial{}, memory);
    CHECK(y(0, 0) == -5000);
    ternary_linear::workspace room;
    ternary_linear{ones, 1}(-ones, y, exec::serial{}, room);
    CHECK(y(0, 0) == -5000);
}

TEMPLATE_TEST_CASE("quantize bit_linear: all forms give the same bits", "", quantize::detail::one_bit,
                   quantize::detail::two_bits) {
    using layer_type = quantize::bit_linear<TestType>;
    for (descent::index const inputs : {1, 63, 64, 65, 200, 1024}) {
        auto const layer =
            made<layer_type>(0.3f * signs(21, inputs, TestType::zeros, 1), vector<float>::LinSpaced(21, -1, 1));
        matrix<float> x(6, inputs);
        for (descent::index i = 0; i < x.size(); ++i)
            x.data()[i] = generator{3}.normal<float>(std::uint64_t(i));
        x(4, inputs - 1) = std::numeric_limits<float>::quiet_NaN();
        x(5, 0) = std::numeric_limits<float>::infinity();
        std::vector<std::uint32_t> expected;
        for (auto const& kernels : quantize::detail::all_popcount_kernels<TestType>()) {
            INFO(kernels.name << ", " << inputs << " inputs");
            matrix<float> y = matrix<float>::Constant(7, 21, -7777);
            typename layer_type::workspace memory;
            layer.run(kernels, x.data(), 6, y.data(), exec::serial{}, memory);
            CHECK((y.row(6).array() == -7777).all());
            CHECK((y.row(4).array().isNaN()).all());
            std::vector<std::uint32_t> bits;
            for (descent::index i = 0; i < y.size(); ++i)
                bits.push_back(y.data()[i] == y.data()[i] ? std::bit_cast<std::uint32_t>(y.data()[i]) : 0);
            if (expected.empty())
                expected = bits;
            CHECK(bits == expected);
        }
    }
}

TEST_CASE("quantize bit_linear: inputs become signs or three values, scales and biases come after") {
    matrix<float> w(2, 3), x(2, 3), y;
    w << 0.5f, -0.5f, 0.5f, 0.25f, 0.25f, -0.25f;
    x << 0.3f, -0.9f, 0, -1.5f, -0.25f, -0.25f;
    vector<float> bias(2);
    bias << 10, -10;
    binary_linear const two(w, bias);
    binary_linear::workspace memory;
    two(x, y, exec::serial{}, memory);
    // mean|x| = 0.4 and 2/3; the sign of 0 is 1
    CHECK(std::fabs(y(0, 0) - (10 + 0.4f * 0.5f * 3)) < 1e-6f);
    CHECK(std::fabs(y(0, 1) - (-10 - 0.4f * 0.25f)) < 1e-6f);
    CHECK(std::fabs(y(1, 0) - (10 - 2.0f / 3 * 0.5f)) < 1e-6f);
    CHECK(std::fabs(y(1, 1) - (-10 - 2.0f / 3 * 0.25f)) < 1e-6f);
    CHECK(two.bytes() == 8 * 8 + 4 * 8 + 4 * 8);

    w << 0.5f, 0, -0.5f, 0, 0, 0;
    ternary_linear const three(w, 0.5, bias);
    ternary_linear::workspace room;
    three(x, y, exec::serial{}, room);  // x: (0.5, -0.5, 0), (-0.5, 0, 0): half a step is 0
    CHECK(y(0, 0) == 10.25f);
    CHECK(y(1, 0) == 9.75f);
    CHECK(y(1, 1) == -10);
    x(1, 2) = std::numeric_limits<float>::quiet_NaN();
    two(x, y, exec::serial{}, memory);
    CHECK((std::isfinite(y(0, 0)) && std::isnan(y(1, 0)) && std::isnan(y(1, 1))));
    three(x, y, exec::serial{}, room);
    CHECK((std::isfinite(y(0, 0)) && std::isnan(y(1, 0)) && std::isnan(y(1, 1))));
    x(1, 2) = -std::numeric_limits<float>::infinity();
    three(x, y, exec::serial{}, room);  // beyond all ends: -0.5
    CHECK(y(1, 0) == 10);
}

TEST_CASE("quantize bit_linear: tensors of parameters; calls without memory of the caller") {
    params<float> from{{"weight", {5, 70}}};
    from["weight"].matrix() = signs(5, 70, true, 1);
    matrix<float> const x = signs(3, 70, true, 2);
    quantize::ternary_linear const layer{from["weight"], 1};
    quantize::ternary_linear::workspace memory;
    matrix<float> y, z;
    layer(x, y, exec::serial{}, memory);
    layer(x, z);
    CHECK(y == z);
    z.setZero();
    layer(x, z, exec::openmp{.threads = 2});
    CHECK(y == z);
    static_assert(!std::is_constructible_v<quantize::binary_linear, decltype(matrix<float>::Random(3, 4))>);
}

TEST_CASE("quantize bit_linear: weights of other values, and sizes that do not fit") {
    matrix<float> w = matrix<float>::Ones(2, 3), x(1, 4), y;
    vector<float> const bias = vector<float>::Zero(3);
    CHECK(message_of([&] { binary_linear(w, bias); }) == "binary_linear: 3 biases for 2 outputs");
    w(1, 2) = 0.5f;
    CHECK(message_of([&] { binary_linear{w}; }) ==
          "binary_linear: weight (1, 2) = 0.5: must be 1 or -1, as the others of its row");
    CHECK(message_of([&] { ternary_linear(w, 1); }) ==
          "ternary_linear: weight (1, 2) = 0.5: must be 0, 1 or -1, as the others of its row");
    w(1, 2) = 0;
    CHECK(message_of([&] { binary_linear{w}; }) ==
          "binary_linear: weight (1, 2) = 0: must be 1 or -1, as the others of its row");
    CHECK(message_of([&] { ternary_linear(w, 0); }) == "ternary_linear: step = 0: must be > 0 and finite");
    ternary_linear const layer(w, 1);
    ternary_linear::workspace memory;
    CHECK(message_of([&] { layer(x, y, exec::serial{}, memory); }) == "ternary_linear: 4 features: must be 3");
    w(0, 1) = std::numeric_limits<float>::infinity();
    CHECK(message_of([&] { binary_linear{w}; }) == "binary_linear: weight (0, 1) = inf: must be finite");
    w.setOnes();
    vector<float> bad(2);
    bad << 0, std::numeric_limits<float>::quiet_NaN();
    CHECK(message_of([&] { binary_linear(w, bad); }) == "binary_linear: bias 1 = nan: must be finite");
}
