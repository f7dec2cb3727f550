// SPDX-License-Identifier: MIT
#include <exec/products.hpp>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include <descent/exec/gemv.hpp>
#include <descent/exec/openmp.hpp>
#include <descent/exec/serial.hpp>

#include <string>
#include <vector>

#include "message.hpp"

using namespace descent;
using exec::gemv;
using exec::transposed;
using test::some_matrix;

TEMPLATE_TEST_CASE("exec gemv: A x and A^T x agree with Eigen's in double", "", float, double) {
    using T = TestType;
    exec::serial const serial;
    struct extent {
        descent::index rows, cols;
    };
    for (auto const& [rows, cols] : {extent{0, 3}, extent{3, 0}, extent{1, 1}, extent{5, 3}, extent{4, 16},
                                     extent{7, 37}, extent{1001, 11}, extent{3, 2049}, extent{700, 300}}) {
        INFO(rows << " x " << cols);
        matrix<T> const a = some_matrix<T>(rows, cols, 1);
        vector<T> const x = some_matrix<T>(cols, 1, 2), z = some_matrix<T>(rows, 1, 3);
        vector<T> y = vector<T>::Constant(rows, T(7)), w = vector<T>::Constant(cols, T(7));
        gemv(serial, a, x, y);
        CHECK(test::worst(y, a.template cast<double>() * x.template cast<double>()) <=
              test::product_tolerance<T>(cols));
        gemv(serial, transposed(a), z, w);
        CHECK(test::worst(w, a.transpose().template cast<double>() * z.template cast<double>()) <=
              test::product_tolerance<T>(rows));
    }
}

TEMPLATE_TEST_CASE("exec gemv: parts of wider matrices, std::vector and unaligned rows", "", float, double) {
    using T = TestType;
    matrix<T> const wide = some_matrix<T>(30, 71, 1);
    auto const a = wide.block(1, 3, 23, 61);
    std::vector<T> x(61), y(23, T(7));
    for (std::size_t j = 0; j < x.size(); ++j)
        x[j] = T(j % 7) / T(8);
    gemv(exec::serial{}, a, x, y);
    vector_view<T const> const x_view(x.data(), 61), y_view(y.data(), 23);
    CHECK(test::worst(y_view, a.template cast<double>() * x_view.template cast<double>()) <=
          test::product_tolerance<T>(61) * 2);
}

#if DESCENT_OPENMP_ENABLED
TEMPLATE_TEST_CASE("exec gemv: the same bits for 1, 2, 3 and 7 threads", "", float, double) {
    using T = TestType;
    matrix<T> const a = some_matrix<T>(5003, 67, 1);
    vector<T> const x = some_matrix<T>(67, 1, 2), z = some_matrix<T>(5003, 1, 3);
    vector<T> y(5003), w(67);
    gemv(exec::serial{}, a, x, y);
    gemv(exec::serial{}, transposed(a), z, w);
    for (int const threads : {1, 2, 3, 7}) {
        vector<T> y_again(5003), w_again(67);
        gemv(exec::openmp{threads}, a, x, y_again);
        gemv(exec::openmp{threads}, transposed(a), z, w_again);
        CHECK(test::same_bits(y_again, y));
        CHECK(test::same_bits(w_again, w));
    }
}
#endif

TEST_CASE("exec gemv: extents that do not agree are named") {
    matrix<float> const a(2, 3);
    vector<float> x(2), y(2);
    CHECK(message_of([&] { gemv(exec::serial{}, a, x, y); }) == "gemv: x has 2 numbers: must have 3");
    x.resize(3);
    y.resize(4);
    CHECK(message_of([&] { gemv(exec::serial{}, a, x, y); }) == "gemv: y has 4 numbers: must have 2");
    matrix<float> columns(3, 2);
    CHECK(message_of([&] { gemv(exec::serial{}, a, columns.col(1), x); }) ==
          "gemv: x: inner stride = 2: must be 1");
}
