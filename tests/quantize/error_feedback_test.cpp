// SPDX-License-Identifier: MIT
#include <descent/quantize/error_feedback.hpp>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include <descent/core/random.hpp>
#include <descent/core/tensor.hpp>
#include <descent/quantize/adaround.hpp>
#include <descent/quantize/coordinate_descent.hpp>

#include "message.hpp"

using namespace descent;
using quantize::input_moments;
using quantize::to_affine;

namespace {

template <class T>
matrix<T> normal(descent::index rows, descent::index columns, std::uint64_t first) {
    matrix<T> x(rows, columns);
    generator const draws{.seed = 77, .stream = 0};
    for (descent::index i = 0; i < x.size(); ++i)
        x.data()[i] = draws.normal<T>(first + std::uint64_t(i));
    return x;
}

template <class T>
input_moments moments_of(matrix<T> const& x) {
    input_moments all(x.cols());
    for (descent::index r = 0; r < x.rows(); ++r)
        all.add(x.data() + r * x.cols());
    return all;
}

template <class T>
tensor_view<T const> view(matrix<T> const& w) {
    return {w.data(), {w.rows(), w.cols()}};
}

}  // namespace

TEMPLATE_TEST_CASE("quantize error_feedback: one input that is no number is told, and nothing is rounded by it",
                   "", float, double) {
    using T = TestType;
    matrix<T> const w = normal<T>(5, 9, 0), x = normal<T>(300, 9, 1000);
    auto const good = moments_of(x);
    auto const before = to_affine(view(w), {.bits = 4});
    for (T const bad : {std::numeric_limits<T>::quiet_NaN(), std::numeric_limits<T>::infinity(),
                        -std::numeric_limits<T>::infinity()}) {
        matrix<T> odd = x;
        odd(117, 4) = bad;
        auto const moments = moments_of(odd);
        std::string const where = text("the inputs of column 4 have the squares' sum ",
                                       std::isnan(bad) ? "nan" : "inf", ": must be finite");
        CHECK(message_of([&] { to_affine(view(w), moments, {.bits = 8}); }) == "affine: " + where);
        CHECK(message_of([&] { adaround(view(w), moments, {.bits = 8}, {.steps = 2}); }) ==
              "adaround: " + where);
        auto codes = before;
        CHECK(message_of([&] { refine(codes, view(w), moments); }) == "refine: " + where);
        CHECK(codes.codes == before.codes);
        matrix<T> weight = w;
        weight(2, 3) = bad;
        CHECK(message_of([&] { refine(codes, view(weight), good); }) ==
              text("refine: number 21 is ", bad, ": must be finite"));
        CHECK(message_of([&] { to_affine(view(weight), good); }) ==
              text("affine: number 21 is ", bad, ": must be finite"));
        CHECK(codes.codes == before.codes);
    }
    // Sums that overflow by themselves.
    matrix<double> large = matrix<double>::Constant(3, 9, 1e200);
    CHECK(message_of([&] { to_affine(view(w), moments_of(large)); }) ==
          "affine: the inputs of column 0 have the squares' sum inf: must be finite");
    for (double const damping : {0.0, -1.0, HUGE_VAL, double(NAN)})
        CHECK(message_of([&] { to_affine(view(w), good, {}, {.damping = damping}); }) ==
              text("affine: damping = ", damping, ": must be > 0"));
    if constexpr (std::is_same_v<T, float>) {
        matrix<double> const wide = matrix<double>::Constant(3, 9, 1e25);  // squares that no float holds
        CHECK(message_of([&] {
                  adaround(view(w), moments_of(wide));
              }).starts_with("adaround: the inputs' mean of products 0 and 0 is 1.0"));
    }
}

TEST_CASE("quantize error_feedback: moments of no such width, and patches that are none") {
    CHECK(message_of([] { input_moments(-1); }) == "input_moments: columns = -1: must be in [0, 16777216]");
    CHECK(message_of([] { input_moments(descent::index(1) << 33); }) ==
          "input_moments: columns = 8589934592: must be in [0, 16777216]");
    CHECK(input_moments(0).columns() == 0);
    CHECK(message_of([] { input_moments(0).check("here"); }) == "here: no inputs were seen");
    input_moments moments(4);
    float const image[9] = {};
    auto const told = [&](descent::index stride, descent::index padding, descent::index every) {
        return message_of([&] { moments.add_patches(image, {1, 3, 3}, 2, stride, padding, every); });
    };
    std::string const range = ": must be >= 1, the padding >= 0";
    CHECK(told(0, 0, 1) == "input_moments: kernel 2, stride 0, padding 0, every 1" + range);
    CHECK(told(1, -1, 1) == "input_moments: kernel 2, stride 1, padding -1, every 1" + range);
    CHECK(told(1, 0, 0) == "input_moments: kernel 2, stride 1, padding 0, every 0" + range);
    CHECK(message_of([&] {
              moments.add_patches(image, {1, 1, 9}, 2, 1, 0);
          }) == "input_moments: kernel 2 is larger than the image [1, 1, 9] with its padding 0");
    CHECK(moments.count() == 0);
    CHECK(told(1, 0, 1) == "(no error)");
    CHECK(moments.count() == 4);
}
