// SPDX-License-Identifier: MIT
#include <numeric>
#include <string>
#include <vector>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include <descent/core/tensor.hpp>

#include "message.hpp"

using namespace descent;

TEST_CASE("core tensor: shape knows rank, extents and size") {
    constexpr shape scalar{}, line{7}, image{3, 28, 28}, empty{4, 0, 5};
    static_assert(scalar.rank() == 0 && scalar.size() == 1);
    static_assert(line.rank() == 1 && line[0] == 7 && line.size() == 7);
    static_assert(image.rank() == 3 && image.size() == 2352);
    static_assert(empty.size() == 0);
    CHECK(scalar.text() == "[]");
    CHECK(line.text() == "[7]");
    CHECK(image.text() == "[3, 28, 28]");
    CHECK(image == shape{3, 28, 28});
    CHECK(image != shape{3, 28, 27});
    CHECK(shape{6} != shape{6, 1});
    CHECK(shape{1, 2, 3, 4, 5, 6}.rank() == 6);
}

TEST_CASE("core tensor: shape refuses what is no shape") {
    CHECK(message_of([] { shape{2, -1}; }) == "shape: extent 1 = -1: must be >= 0");
    CHECK(message_of([] { shape{1, 1, 1, 1, 1, 1, 1}; }) == "shape: rank = 7: must be <= 6");
    constexpr descent::index big = descent::index(1) << 31;
    CHECK(message_of([] {
              shape{big, big};
          }) == "shape: extent 1 = 2147483648: the number of elements overflows");
    CHECK(message_of([] { shape{descent::index(1) << 60}; }) == "(no error)");
    CHECK(message_of([] { shape{(descent::index(1) << 60) + 1}; }) ==
          "shape: extent 0 = 1152921504606846977: the number of elements overflows");
}

TEMPLATE_TEST_CASE("core tensor: views are row-major and do not own", "", float, double) {
    using T = TestType;
    std::vector<T> memory(6);
    std::iota(memory.begin(), memory.end(), T(0));
    tensor_view<T> const view{memory.data(), {2, 3}};
    CHECK(view.size() == 6);
    CHECK(view.matrix().rows() == 2);
    CHECK(view.matrix().cols() == 3);
    CHECK(view.matrix()(0, 2) == 2);
    CHECK(view.matrix()(1, 0) == 3);
    view.matrix()(1, 2) = T(-5);
    view.flat()[0] = T(9);
    CHECK(memory == std::vector<T>{9, 1, 2, 3, 4, -5});
    CHECK(view.flat().data() == memory.data());

    tensor_view<T const> const constant{memory.data(), {6}};
    static_assert(!std::is_assignable_v<decltype(constant.matrix()(0, 0)), T>);
    CHECK(constant.matrix().rows() == 6);
    CHECK(constant.matrix().cols() == 1);
    CHECK(constant.flat().sum() == 14);
}

TEST_CASE("core tensor: the matrix of a scalar, of four extents, of nothing") {
    std::vector<float> memory(24, 1.0f);
    tensor_view<float> const scalar{memory.data(), {}}, filters{memory.data(), {2, 3, 2, 2}},
        none{memory.data(), {0, 5}}, thin{memory.data(), {5, 0}}, nothing{};
    CHECK(scalar.matrix().rows() == 1);
    CHECK(scalar.matrix().cols() == 1);
    CHECK(filters.matrix().rows() == 2);
    CHECK(filters.matrix().cols() == 12);
    CHECK(none.matrix().rows() == 0);
    CHECK(none.matrix().cols() == 5);
    CHECK(none.flat().size() == 0);
    CHECK(thin.matrix().rows() == 5);
    CHECK(thin.matrix().cols() == 0);
    CHECK(nothing.data == nullptr);
}

TEST_CASE("core tensor: matrix and vector are Eigen's, row-major") {
    matrix<double> m(2, 2);
    m << 1, 2, 3, 4;
    CHECK(m.data()[1] == 2);
    vector<double> const v = m * vector<double>::Ones(2);
    CHECK(v[0] == 3);
    CHECK(v[1] == 7);
    vector_view<double const> const seen(m.data(), 4);
    CHECK(seen[2] == 3);
}
