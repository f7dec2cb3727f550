// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include <descent/core/random.hpp>
#include <descent/exec/openmp.hpp>
#include <descent/exec/serial.hpp>
#include <descent/quantize/int8_linear.hpp>

#include "message.hpp"

using namespace descent;
using quantize::int8_linear;

namespace {

matrix<float> normal(descent::index rows, descent::index cols, std::uint64_t seed) {
    matrix<float> m(rows, cols);
    for (descent::index i = 0; i < m.size(); ++i)
        m.data()[i] = generator{seed}.normal<float>(std::uint64_t(i));
    return m;
}

/// y by the definition, from the codes' values, in double.
matrix<double> defined(int8_linear const& layer, matrix<float> const& x, vector<float> const& bias) {
    matrix<double> y(x.rows(), layer.outputs());
    for (descent::index s = 0; s < x.rows(); ++s) {
        float largest = 0;
        for (descent::index i = 0; i < x.cols(); ++i)
            largest = std::max(largest, std::abs(x(s, i)));
        for (descent::index o = 0; o < layer.outputs(); ++o) {
            y(s, o) = bias.size() ? double(bias[o]) : 0;
            for (descent::index i = 0; i < x.cols() && largest > 0; ++i)
                y(s, o) += double(std::nearbyint(x(s, i) * (127 / largest))) * double(largest / 127) *
                           double(layer.weight(o, i));
        }
    }
    return y;
}

bool same_bits(matrix<float> const& a, matrix<float> const& b) {
    return a.size() == b.size() && std::equal(a.data(), a.data() + a.size(), b.data());
}

/// Both plain forms, whatever the processor, and those that it has.
std::vector<quantize::detail::int8_kernels const*> all_kernels() {
    std::vector<quantize::detail::int8_kernels const*> all{&quantize::detail::int8_rows_plain,
                                                           &quantize::detail::int8_rows_quads};
    for (auto const* kernels : quantize::detail::all_int8_kernels())
        all.push_back(kernels);
    return all;
}

}  // namespace

TEST_CASE("quantize int8_linear: the sums of the codes, on every kernel and number of threads") {
    struct sizes {
        descent::index samples, inputs, outputs;
    };
    for (auto const [samples, inputs, outputs] : {sizes{1, 1, 1},
                                                  {1, 17, 16},
                                                  {5, 32, 33},
                                                  {6, 31, 15},
                                                  {7, 64, 17},
                                                  {97, 33, 70},
                                                  {100, 5, 130},
                                                  {3, 130, 70},
                                                  {6, 63, 64},
                                                  {2, 200, 129},
                                                  {13, 65, 48},
                                                  {400, 70, 200},
                                                  {4, 4, 0},
                                                  {3, 0, 5},
                                                  {0, 4, 4}}) {
        INFO(samples << " x " << inputs << " x " << outputs);
        matrix<float> const w = normal(outputs, inputs, 1);
        vector<float> const bias = normal(outputs, 1, 2).col(0);
        matrix<float> const x = normal(samples, inputs, 3);
        int8_linear const layer{w, bias};
        int8_linear::workspace memory;
        matrix<float> y, other(samples, outputs);
        layer(x, y, exec::serial{}, memory);
        CHECK(y.rows() == samples);
        CHECK(y.cols() == outputs);
        matrix<double> const right = defined(layer, x, bias);
        for (descent::index i = 0; i < y.size(); ++i)
            CHECK(std::abs(double(y.data()[i]) - right.data()[i]) <=
                  2e-6 * (1 + std::abs(right.data()[i])) * 10);
        for (int const threads : {2, 3}) {
            layer(x, other, exec::openmp{.threads = threads}, memory);
            CHECK(same_bits(y, other));
        }
        int8_linear by = layer;
        for (auto const* kernels : all_kernels()) {
            INFO(kernels->name);
            by.use(*kernels);
            by(x, other, exec::serial{}, memory);
            CHECK(same_bits(y, other));
        }
    }
}

TEST_CASE("quantize int8_linear: near the layer in floats") {
    descent::index const inputs = 1024, outputs = 64, samples = 9;
    matrix<float> const w = normal(outputs, inputs, 1), x = normal(samples, inputs, 2);
    int8_linear const layer{w};
    int8_linear::workspace memory;
    matrix<float> y;
    layer(x, y, exec::serial{}, memory);
    // Steps of a 127th of about 3.2 and 3.6 standard deviations, each rounded evenly: noise is 1.1 % of each.
    double off = 0, all = 0;
    for (descent::index s = 0; s < samples; ++s)
        for (descent::index o = 0; o < outputs; ++o) {
            double exact = 0;
            for (descent::index i = 0; i < inputs; ++i)
                exact += double(x(s, i)) * double(w(o, i));
            off += std::pow(double(y(s, o)) - exact, 2);
            all += exact * exact;
        }
    CHECK(std::sqrt(off / all) < 0.013);
    CHECK(layer.bytes() == outputs * (inputs + 8));
    for (descent::index i = 0; i < inputs; ++i)
        CHECK_FALSE(std::abs(layer.weight(3, i) - w(3, i)) > w.row(3).cwiseAbs().maxCoeff() / 127 * 0.501f);
}

TEST_CASE("quantize int8_linear: zeros, numbers that are none, the largest sums") {
    int8_linear::workspace memory;
    matrix<float> y;
    matrix<float> w = normal(4, 100, 2);
    w.row(1).setZero();
    for (auto const* kernels : all_kernels()) {
        INFO(kernels->name);
        int8_linear layer{w};
        layer.use(*kernels);
        for (descent::index const place : {0, 31, 70, 99}) {
            INFO("place " << place);
            matrix<float> x = normal(3, 100, 1);
            x.row(0).setZero();
            x(1, place) = std::numeric_limits<float>::infinity();
            layer(x, y, exec::serial{}, memory);
            for (descent::index o = 0; o < 4; ++o) {
                CHECK(y(0, o) == 0);
                CHECK(std::isnan(y(1, o)));
                CHECK(std::isfinite(y(2, o)));
            }
            CHECK(y(2, 1) == 0);
            x(1, place) = -std::numeric_limits<float>::quiet_NaN();
            layer(x, y, exec::serial{}, memory);
            CHECK(std::isnan(y(1, 3)));
            x.row(1).setZero();
            x(1, place) = 1e-37f;  // less than 2^-120
            layer(x, y, exec::serial{}, memory);
            CHECK(y.row(1).isZero(0));
        }
        int8_linear most{matrix<float>(matrix<float>::Constant(1, 133'000, -1))};
        most.use(*kernels);
        for (float const each : {-1.f, 1.f}) {
            most(matrix<float>::Constant(1, 133'000, each), y, exec::serial{}, memory);
            CHECK(std::abs(y(0, 0) + each * 133'000) < 0.1f);
        }
    }
}

TEST_CASE("quantize int8_linear: what it refuses") {
    matrix<float> w = normal(2, 3, 1);
    CHECK(message_of([&] { int8_linear{w, vector<float>::Zero(3)}; }) == "int8_linear: 3 biases for 2 outputs");
    CHECK(message_of([&] { int8_linear{matrix<float>(matrix<float>::Zero(1, 133'001))}; }) ==
          "int8_linear: inputs = 133001: must be at most 133000");
    w(1, 2) = std::numeric_limits<float>::infinity();
    CHECK(message_of([&] { int8_linear{w}; }) == "int8_linear: weight (1, 2) = inf: must be finite");
    w(1, 2) = 0;
    vector<float> bias = vector<float>::Zero(2);
    bias[1] = std::numeric_limits<float>::infinity();
    CHECK(message_of([&] { int8_linear(w, bias); }) == "int8_linear: bias 1 = inf: must be finite");
    int8_linear const layer{w};
    int8_linear::workspace memory;
    matrix<float> y;
    matrix<float> same = matrix<float>::Ones(2, 3);
    CHECK(message_of([&] { layer(same, same, exec::serial{}, memory); }) ==
          "int8_linear: x is y: must be another matrix");
    CHECK(same == matrix<float>::Ones(2, 3));
    CHECK(message_of([&] { int8_linear{matrix<double>(matrix<double>::Constant(1, 1, 1e300))}; }) ==
          "int8_linear: weight (0, 0) = 1e+300: must be finite");
    CHECK(message_of([&] { layer(matrix<float>::Zero(2, 4), y, exec::serial{}, memory); }) ==
          "int8_linear: 4 features: must be 3");
}
