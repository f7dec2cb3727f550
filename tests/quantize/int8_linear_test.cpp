// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include <catch2/catch_template_test_macros.hpp>
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

TEMPLATE_TEST_CASE("quantize int8_linear: codes that were chosen elsewhere are taken as they are", "", float,
                   double) {
    using T = TestType;
    for (descent::index const inputs : {0, 1, 17, 70})
        for (descent::index const outputs : {0, 1, 33}) {
            INFO(outputs << " x " << inputs);
            matrix<T> const w = normal(outputs, inputs, 1).template cast<T>();
            vector<float> const bias = normal(outputs, 1, 2).col(0);
            tensor_view<T const> const all{w.data(), {outputs, inputs}};
            for (int const bits : {2, 5, 8})
                for (auto const per : {quantize::per::channel, quantize::per::tensor}) {
                    auto codes = quantize::to_affine(all, {.bits = bits, .per = per});
                    for (std::size_t i = 0; i < codes.codes.size(); i += 3)
                        codes.codes[i] = std::int16_t(codes.format.lowest());  // not the nearest
                    int8_linear const layer{codes, bias};
                    int wrong = 0;
                    for (descent::index o = 0; o < outputs; ++o)
                        for (descent::index i = 0; i < inputs; ++i) {
                            auto const at = std::size_t(o * inputs + i);
                            wrong += layer.weight(o, i) !=
                                     float(codes.codes[at]) * float(codes.grid_of(o * inputs + i).scale);
                        }
                    CHECK(wrong == 0);
                    matrix<float> const x = normal(3, inputs, 3);
                    matrix<float> y;
                    layer(x, y);
                    matrix<double> const right = defined(layer, x, bias);
                    for (descent::index i = 0; i < y.size(); ++i)
                        CHECK(std::abs(double(y.data()[i]) - right.data()[i]) <=
                              2e-5 * (1 + std::abs(right.data()[i])));
                }
        }
    // The nearest codes by channel are those that it chooses itself.
    matrix<float> const w = normal(20, 40, 4), x = normal(5, 40, 5);
    matrix<float> y, z;
    int8_linear{w}(x, y);
    int8_linear{quantize::to_affine(tensor_view<float const>{w.data(), {20, 40}})}(x, z);
    CHECK((y - z).norm() <= 1e-6f * y.norm());
}

TEST_CASE("quantize int8_linear: codes that it refuses") {
    matrix<float> const w = normal(2, 4, 1);
    auto const codes = quantize::to_affine(tensor_view<float const>{w.data(), {2, 4}});
    auto const said = [&](auto const& spoil) {
        auto bad = codes;
        spoil(bad);
        return message_of([&] { int8_linear{bad}; });
    };
    using tensor = quantize::affine_tensor<float>;
    CHECK(said([](tensor& c) {
              c.extents = {2, 2, 2};
          }) == "int8_linear: codes [2, 2, 2]: must be [outputs, inputs]");
    CHECK(said([](tensor& c) { c.format.symmetric = false; }) ==
          "int8_linear: codes with zeros: must be symmetric");
    CHECK(said([](tensor& c) { c.format.bits = 9; }) == "int8_linear: bits = 9: must be in [2, 8]");
    CHECK(said([](tensor& c) { c.share = 2; }) ==
          "int8_linear: share = 2: must be 4, a scale for each output, or 8, one for all");
    CHECK(said([](tensor& c) { c.grids.pop_back(); }) == "int8_linear: 1 grids: must be 2");
    CHECK(said([](tensor& c) { c.codes.pop_back(); }) == "int8_linear: 7 codes for [2, 4]");
    CHECK(said([](tensor& c) { c.codes[5] = -128; }) ==
          "int8_linear: code (1, 1) = -128: must be in [-127, 127]");
    CHECK(said([](tensor& c) { c.grids[1].zero = 1; }) == "int8_linear: zero of output 1 = 1: must be 0");
    CHECK(said([](tensor& c) { c.grids[1].scale = std::numeric_limits<float>::infinity(); }) ==
          "int8_linear: scale of output 1 = inf: must be finite");
    CHECK(said([](tensor& c) { c.codes[0] = 127, c.grids[0].scale = 1e37f; }) ==
          "int8_linear: weight (0, 0) = inf: must be finite");
    CHECK(message_of([&] { int8_linear(codes, vector<float>::Zero(3)); }) ==
          "int8_linear: 3 biases for 2 outputs");
}

TEST_CASE("quantize int8_linear: a layer by its name; tensors, other layouts; calls without memory") {
    params<float> from{
        {"4.weight", {5, 7}}, {"4.bias", {5}}, {"5.weight", {2, 5}}, {"conv.weight", {5, 7, 1, 1}}};
    for (descent::index i = 0; i < from.arena_size(); ++i)
        from.data()[i] = generator{8}.normal<float>(std::uint64_t(i));
    matrix<float> const x = normal(3, 7, 1);
    int8_linear const named = quantize::to_int8_linear(from, "4");
    int8_linear::workspace memory;
    matrix<float> y, z;
    named(x, y, exec::serial{}, memory);
    int8_linear{from["4.weight"], from["4.bias"].flat()}(x, z);
    CHECK(same_bits(y, z));
    named(Eigen::MatrixXf(x), z, exec::openmp{});
    CHECK(same_bits(y, z));
    int8_linear{Eigen::MatrixXf(from["4.weight"].matrix()), from["4.bias"].flat()}(x, z);
    CHECK(same_bits(y, z));
    CHECK(quantize::to_int8_linear(from, "5").outputs() == 2);
    CHECK(message_of([&] { quantize::to_int8_linear(from, "conv"); }) ==
          "to_int8_linear: 'conv.weight' is [5, 7, 1, 1]: must be [outputs, inputs]");
    CHECK(message_of([&] {
              quantize::to_int8_linear(from, "6");
          }).starts_with("params: there is no tensor '6.weight'"));
    static_assert(!std::is_constructible_v<int8_linear, decltype(matrix<float>::Random(3, 4))>);
    static_assert(!std::is_invocable_v<int8_linear const&, matrix<float> const&, matrix<float>&,
                                       int8_linear::workspace&, exec::serial>);
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
