// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>
#include <type_traits>

#include <descent/core/error.hpp>
#include <descent/core/tensor.hpp>

namespace descent::exec {

/// A matrix in somebody's memory, the host's or a device's, possibly part of a wider one: element (i, j) lies
/// at data[i * stride + j], or at data[j * stride + i] where it is turned.
template <class T>
struct block {
    T* data = nullptr;
    index rows = 0, cols = 0, stride = 0;
    bool turned = false;

    /// From one row to the next, from one column to the next.
    index row_step() const { return turned ? 1 : stride; }
    index column_step() const { return turned ? stride : 1; }

    /// A view that cannot write.
    template <class U>
    requires(std::is_same_v<U, T const> && !std::is_const_v<T>) operator block<U>() const {
        return {data, rows, cols, stride, turned};
    }
};

/// The same memory, read as the transposed matrix.
template <class T>
block<T> transposed(block<T> of) {
    return {of.data, of.cols, of.rows, of.stride, !of.turned};
}

/// What gemm and gemv read as a matrix: a block, a tensor (see tensor_view::matrix), or an Eigen matrix, map or
/// block of rows.
template <class T>
block<T> as_block(block<T> given) {
    return given;
}
template <class T>
block<T> as_block(tensor_view<T> const& given) {
    auto const m = given.matrix();
    return {given.data, m.rows(), m.cols(), m.cols()};
}
template <class Matrix>
requires requires(Matrix& m) { m.data(), m.rows(), m.cols(), m.outerStride(), m.innerStride(); }
auto as_block(Matrix& m) {
    expect(m.innerStride() == 1, "as_block: inner stride = ", m.innerStride(), ": must be 1");
    return block<std::remove_pointer_t<decltype(m.data())>>{m.data(), m.rows(), m.cols(), m.outerStride(),
                                                            !std::remove_cvref_t<Matrix>::IsRowMajor};
}
template <class Matrix>
requires requires(Matrix const& m) { m.outerStride(); }
auto transposed(Matrix& m) { return transposed(as_block(m)); }

namespace detail {

/// "[3, 4]"
template <class T>
std::string extents(block<T> const& m) {
    return shape{m.rows, m.cols}.text();
}

template <class A, class B, class C>
void expect_product(block<A> const& a, block<B> const& b, block<C> const& c) {
    static_assert(std::is_same_v<std::remove_const_t<A>, C> && std::is_same_v<std::remove_const_t<B>, C>,
                  "gemm: the three matrices must have one number type, and c must not be const");
    // Asked first: to write the extents down takes as long as a small product.
    if (a.cols != b.rows)
        expect(false, "gemm: a is ", extents(a), ", b is ", extents(b), ": inner extents must be equal");
    if (c.rows != a.rows || c.cols != b.cols)
        expect(false, "gemm: c is ", extents(c), ": must be ", shape{a.rows, b.cols}.text());
}

/// The numbers of a vector: of Eigen, of the library or of the standard.
template <class Vector>
auto* numbers_of(Vector& v, index expected, std::string_view name) {
    if constexpr (requires { v.innerStride(); })
        expect(v.innerStride() == 1, "gemv: ", name, ": inner stride = ", v.innerStride(), ": must be 1");
    expect(index(v.size()) == expected, "gemv: ", name, " has ", v.size(), " numbers: must have ", expected);
    return v.data();
}

}  // namespace detail

}  // namespace descent::exec
