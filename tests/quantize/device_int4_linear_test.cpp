// SPDX-License-Identifier: MIT
#include <catch2/catch_test_macros.hpp>

#include <exec/emulated.hpp>
#include <quantize/int4_device_cases.hpp>

#include <limits>
#include <string>

#include "message.hpp"

using namespace descent;
using descent::test::emulated;

TEST_CASE("quantize device_int4_linear: its threads give the host's outputs, in any order") {
    CHECK(test::far_from_host(emulated{}) <= 1e-6);
    CHECK(test::far_from_host(emulated{.forwards = true}) <= 1e-6);
}

TEST_CASE("quantize device_int4_linear: codes of any share") {
    matrix<float> const w = test::normal(40, 600, 1), x = test::normal(3, 600, 2);
    for (auto const per : {quantize::per::tensor, quantize::per::channel})
        for (bool const symmetric : {true, false}) {
            quantize::int4_linear const layer{
                quantize::to_affine(tensor_view<float const>{w.data(), {40, 600}},
                                    {.bits = 4, .symmetric = symmetric, .per = per})};
            quantize::int4_linear::workspace memory;
            matrix<float> here, there;
            layer(x, here, exec::serial{}, memory);
            quantize::device_int4_linear on_device{layer, emulated{}};
            on_device(x, there);
            CHECK((here - there).cwiseAbs().maxCoeff() <= 1e-5f * here.cwiseAbs().maxCoeff());
        }
}

TEST_CASE("quantize device_int4_linear: products in bfloat16 where the executor says so, of many samples") {
    matrix<float> const w = test::normal(33, 70, 1), x = test::normal(20, 70, 2);
    quantize::int4_linear const layer{w};
    quantize::device_int4_linear exact{layer, emulated{}},
        rounded{layer, emulated{.products = exec::precision::bfloat16}};
    matrix<float> a, b;
    exact(x, a), rounded(x, b);
    float const off = (a - b).cwiseAbs().maxCoeff();
    CHECK((off > 0 && off < 0.3f));
    matrix<float> const few = x.topRows(4);
    exact(few, a), rounded(few, b);
    CHECK((a - b).cwiseAbs().maxCoeff() == 0);
}

TEST_CASE("quantize device_int4_linear: the largest floats") {
    matrix<float> const w = test::normal(33, 600, 1) / 12000.0f;
    for (bool const symmetric : {true, false})
        for (descent::index const samples : {1, 3, 9, 20}) {
            matrix<float> const x = test::normal(samples, 600, 2) * (std::numeric_limits<float>::max() / 6);
            quantize::int4_linear const layer{w, {}, {.group = 32, .symmetric = symmetric}};
            quantize::device_int4_linear on_device{layer, emulated{}};
            matrix<float> there;
            on_device(x, there);
            double worst = 0;
            for (descent::index s = 0; s < samples; ++s)
                for (descent::index o = 0; o < 33; ++o) {
                    double sum = 0, all = 0;
                    for (descent::index i = 0; i < 600; ++i) {
                        double const each = double(layer.weight(o, i)) * double(x(s, i));
                        sum += each, all += std::abs(each);
                    }
                    double const far = std::abs(double(there(s, o)) - sum) / all;
                    worst = std::isfinite(far) ? std::max(worst, far) : far;
                }
            CHECK(worst <= 1e-6);
        }
}

TEST_CASE("quantize device_int4_linear: weights of 0, numbers that are none, widths that do not fit") {
    matrix<float> w = test::normal(3, 20, 1), x = test::normal(2, 20, 2), y;
    w.row(1).setZero();
    quantize::device_int4_linear layer{quantize::int4_linear{w}, emulated{}};
    layer(x, y);
    CHECK((y(0, 1) == 0 && y(1, 1) == 0));
    x(1, 7) = std::numeric_limits<float>::quiet_NaN();
    layer(x, y);
    CHECK((std::isfinite(y(0, 0)) && std::isnan(y(1, 0)) && std::isnan(y(1, 2))));
    CHECK(message_of([&] { layer(matrix<float>(matrix<float>::Zero(2, 21)), y); }) ==
          "device_int4_linear: 21 features: must be 20");
}
