// SPDX-License-Identifier: MIT
#include <exec/products.hpp>

#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include <descent/exec/gemm.hpp>
#include <descent/exec/openmp.hpp>
#include <descent/exec/serial.hpp>

#include <string>

#include "message.hpp"

using namespace descent;
using exec::gemm;
using exec::transposed;
using test::some_matrix;

TEMPLATE_TEST_CASE("exec gemm: four forms of a product agree with Eigen's in double", "", float, double) {
    using T = TestType;
    exec::serial const serial;
    struct extent {
        descent::index m, k, n;
    };
    for (auto const& [m, k, n] : {extent{0, 3, 2}, extent{3, 2, 0}, extent{2, 0, 3}, extent{1, 1, 1},
                                  extent{1, 9, 1}, extent{5, 7, 3}, extent{6, 16, 64}, extent{7, 255, 33},
                                  extent{97, 257, 133}, extent{200, 513, 10}, extent{10, 1025, 131}}) {
        INFO(m << " x " << k << " x " << n);
        matrix<T> const a = some_matrix<T>(m, k, 1), b = some_matrix<T>(k, n, 2);
        matrix<T> const at = a.transpose(), bt = b.transpose();
        matrix<double> const oracle = a.template cast<double>() * b.template cast<double>();
        double const tolerance = test::product_tolerance<T>(k);
        matrix<T> c = matrix<T>::Constant(m, n, T(7));
        gemm(serial, a, b, c);
        CHECK(test::worst(c, oracle) <= tolerance);

        // Every form reads the same numbers in the same order.
        matrix<T> other = matrix<T>::Constant(m, n, T(7));
        gemm(serial, transposed(at), b, other);
        CHECK(test::same_bits(other, c));
        gemm(serial, a, transposed(bt), other);
        CHECK(test::same_bits(other, c));
        gemm(serial, transposed(at), transposed(bt), other);
        CHECK(test::same_bits(other, c));

        matrix<T> turned = matrix<T>::Constant(n, m, T(7));
        gemm(serial, a, b, transposed(turned));
        CHECK(test::worst(turned, oracle.transpose()) <= tolerance);
    }
}

TEMPLATE_TEST_CASE("exec gemm: parts of wider matrices, unaligned, touch nothing beside them", "", float,
                   double) {
    using T = TestType;
    matrix<T> const wide_a = some_matrix<T>(20, 41, 1), wide_b = some_matrix<T>(40, 53, 2);
    matrix<T> wide_c = matrix<T>::Constant(19, 47, T(7));
    auto const a = wide_a.block(1, 3, 13, 31), b = wide_b.block(2, 5, 31, 37);
    auto c = wide_c.block(3, 7, 13, 37);
    gemm(exec::serial{}, a, b, c);
    matrix<double> const oracle = a.template cast<double>() * b.template cast<double>();
    CHECK(test::worst(c, oracle) <= test::product_tolerance<T>(31));
    c.setConstant(T(7));
    CHECK(wide_c == matrix<T>::Constant(19, 47, T(7)));
}

TEST_CASE("exec gemm: column-major matrices of Eigen") {
    Eigen::MatrixXd const a = some_matrix<double>(9, 11, 1), b = some_matrix<double>(11, 8, 2);
    Eigen::MatrixXd c(9, 8);
    gemm(exec::serial{}, a, b, c);
    CHECK(test::worst(c, a * b) <= test::product_tolerance<double>(11));
}

TEST_CASE("exec gemm: NaN and Inf reach what they belong to and nothing else") {
    matrix<float> a = matrix<float>::Ones(7, 5), b = matrix<float>::Ones(5, 3), c(7, 3);
    a(6, 4) = INFINITY;
    b(0, 2) = NAN;
    gemm(exec::serial{}, a, b, c);
    for (descent::index i = 0; i < 7; ++i)
        for (descent::index j = 0; j < 3; ++j) {
            if (j == 2)
                CHECK(std::isnan(c(i, j)));
            else
                CHECK(c(i, j) == (i == 6 ? INFINITY : 5.0f));
        }
}

namespace {

/// Squares what it is given and adds a number by column and one by row: doing that twice would show.
template <class T>
struct square_and_shift {
    T const *by_column, *by_row;

    template <class V>
    V operator()(V sum, exec::place at) const {
        return sum * sum + at.by_column<V>(by_column) + at.by_row<V>(by_row);
    }
};

template <class T, class Executor>
void check_epilogue(Executor const& executor, descent::index m, descent::index k, descent::index n) {
    INFO(m << " x " << k << " x " << n);
    matrix<T> const a = some_matrix<T>(m, k, 1), b = some_matrix<T>(k, n, 2), bt = b.transpose();
    matrix<T> const columns = some_matrix<T>(1, n, 3), rows = some_matrix<T>(1, m, 4);
    square_and_shift<T> const after{columns.data(), rows.data()};
    for (bool const turned : {false, true}) {
        matrix<T> plain(m, n), c(m, n), turned_c(n, m), turned_plain(n, m);
        auto const right = turned ? transposed(bt) : exec::as_block(b);
        gemm(executor, a, right, plain);
        gemm(executor, a, right, c, after);
        gemm(executor, a, right, transposed(turned_plain));
        gemm(executor, a, right, transposed(turned_c), after);
        descent::index wrong = 0;
        for (descent::index i = 0; i < m; ++i)
            for (descent::index j = 0; j < n; ++j) {
                T const x = plain(i, j), y = turned_plain(j, i);
                wrong += std::abs(c(i, j) - (x * x + columns(0, j) + rows(0, i))) > T(1e-5) * (1 + x * x);
                wrong +=
                    std::abs(turned_c(j, i) - (y * y + columns(0, j) + rows(0, i))) > T(1e-5) * (1 + y * y);
            }
        CHECK(wrong == 0);
    }
}

}  // namespace

TEMPLATE_TEST_CASE("exec gemm: an epilogue meets every number once", "", float, double) {
    using T = TestType;
    constexpr int lanes = lanes_of<native_pack<T>>;
    for (descent::index const k : {0, 1, 257, 520})
        for (descent::index const n : {0, 1, lanes + 1, 2 * lanes + 3})
            for (descent::index const m : {0, 1, 7})
                check_epilogue<T>(exec::serial{}, m, k, n);
    check_epilogue<T>(exec::serial{}, 150, 300, 130);
#if DESCENT_OPENMP_ENABLED
    check_epilogue<T>(exec::openmp{3}, 150, 300, 130);
    check_epilogue<T>(exec::openmp{3}, 2, 1000, 2001);
#endif
}

TEMPLATE_TEST_CASE("exec gemm: few rows times a transposed matrix", "", float, double) {
    using T = TestType;
    constexpr int lanes = lanes_of<native_pack<T>>;
    for (descent::index const m : {1, 2, 6})
        for (descent::index const k : {32, 33, 8 * lanes - 1, 8 * lanes + lanes + 1, 500})
            for (descent::index const n : {1, lanes - 1, lanes, 2 * lanes + 1}) {
                INFO(m << " x " << k << " x " << n);
                matrix<T> const a = some_matrix<T>(m, k, 1), bt = some_matrix<T>(n, k, 2);
                matrix<T> c = matrix<T>::Constant(m, n, T(7));
                gemm(exec::serial{}, a, transposed(bt), c);
                matrix<double> const oracle =
                    a.template cast<double>() * bt.template cast<double>().transpose();
                CHECK(test::worst(c, oracle) <= test::product_tolerance<T>(k));
                // The same product seen from the other side.
                matrix<T> other = matrix<T>::Constant(m, n, T(7));
                gemm(exec::serial{}, bt, transposed(a), transposed(other));
                CHECK(test::same_bits(other, c));
                // A row does not depend on its neighbours.
                matrix<T> const last = a.bottomRows(1);
                matrix<T> alone(1, n);
                gemm(exec::serial{}, last, transposed(bt), alone);
                CHECK(test::same_bits(alone, matrix<T>(c.bottomRows(1))));
            }
}

TEST_CASE("exec gemm: NaN passes an epilogue, and a row of NaN stays alone among few") {
    matrix<float> a = matrix<float>::Ones(3, 70), bt = matrix<float>::Ones(21, 70), c(3, 21);
    a(1, 69) = NAN;
    gemm(exec::serial{}, a, transposed(bt), c,
         [](auto sum, exec::place) { return max(sum, decltype(sum)(0)); });
    for (descent::index j = 0; j < 21; ++j) {
        CHECK(c(0, j) == 70);
        CHECK(std::isnan(c(1, j)));
        CHECK(c(2, j) == 70);
    }
}

#if DESCENT_OPENMP_ENABLED
TEMPLATE_TEST_CASE("exec gemm: the same bits for 1, 2, 3 and 7 threads", "", float, double) {
    using T = TestType;
    matrix<T> const a = some_matrix<T>(391, 300, 1), b = some_matrix<T>(300, 219, 2);
    matrix<T> expected(391, 219);
    gemm(exec::serial{}, a, b, expected);
    for (int const threads : {1, 2, 3, 7}) {
        matrix<T> c(391, 219);
        gemm(exec::openmp{threads}, a, b, c);
        CHECK(test::same_bits(c, expected));
    }
}
#endif

TEST_CASE("exec gemm: extents that do not agree are named") {
    matrix<float> a(2, 3), b(4, 5), c(2, 5);
    CHECK(message_of([&] { gemm(exec::serial{}, a, b, c); }) ==
          "gemm: a is [2, 3], b is [4, 5]: inner extents must be equal");
    b.resize(3, 5);
    c.resize(5, 2);
    CHECK(message_of([&] { gemm(exec::serial{}, a, b, c); }) == "gemm: c is [5, 2]: must be [2, 5]");
    Eigen::Map<matrix<float>, 0, Eigen::Stride<Eigen::Dynamic, Eigen::Dynamic>> const apart(
        b.data(), 3, 2, Eigen::Stride<Eigen::Dynamic, Eigen::Dynamic>(5, 2));
    CHECK(message_of([&] { gemm(exec::serial{}, a, apart, c); }) == "as_block: inner stride = 2: must be 1");
}
