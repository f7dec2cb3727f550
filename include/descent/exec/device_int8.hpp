// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include <descent/core/config.hpp>
#include <descent/core/error.hpp>
#include <descent/core/tensor.hpp>
#include <descent/exec/block.hpp>
#include <descent/exec/device.hpp>

namespace descent::exec {

namespace detail {

struct no_sums {
    block<std::int32_t> c;

    DESCENT_FN void operator()(index i) const { c.data[i / c.cols * c.stride + i % c.cols] = 0; }
};

/// Rows (or columns, where it is turned) of `length` numbers that are whole lumps of 16 bytes, where they are.
template <class T>
void expect_lumps(char const* name, block<T> const& m, index length) {
    constexpr index lump = 16 / index(sizeof(T));
    if (length % lump != 0)
        fail("gemm_int8: ", name, " is ", extents(m), ": ", length, " must be a multiple of ", lump);
    expect(m.stride % lump == 0 && m.stride >= length, "gemm_int8: ", name, ": stride = ", m.stride,
           ": must be a multiple of ", lump, " and at least ", length);
    auto const address = reinterpret_cast<std::uintptr_t>(m.data);
    expect(address % 16 == 0, "gemm_int8: ", name, " begins ", address % 16, " bytes behind a multiple of 16");
}

}  // namespace detail

/// c = a b of 8-bit numbers on a device, summed exactly in 32 bits: an engine's product for what is quantized.
/// Numbers along the sums lie side by side, as integer units read them: a and c by rows, b by columns, that is
/// weights [outputs, inputs], turned. Blocks of an engine's memory; does not wait.
///
///     exec::gemm_int8(engine, x, exec::transposed(w), sums);      // x [samples, inputs], w [outputs, inputs]
///
/// Sums hold 131,071 products, 133,144 of numbers between -127 and 127; beyond, they are undefined. Throws
/// descent::error for extents that do not fit, for blocks that lie otherwise, for rows of a and c and columns
/// of b that are not whole lumps of 16 bytes (fill them up with zeros), and where the device's library has no
/// such product: cuBLASLt wants Turing or newer, and some of its versions 32 rows of a or more.
template <device Engine>
void gemm_int8(Engine const& engine, block<std::int8_t const> a, block<std::int8_t const> b,
               block<std::int32_t> c) {
    if (a.cols != b.rows)
        fail("gemm_int8: a is ", detail::extents(a), ", b is ", detail::extents(b),
             ": inner extents must be equal");
    if (c.rows != a.rows || c.cols != b.cols)
        fail("gemm_int8: c is ", detail::extents(c), ": must be ", shape{a.rows, b.cols}.text());
    char const* const wrong = a.turned    ? "a lies by columns"
                              : !b.turned ? "b lies by rows"
                              : c.turned  ? "c lies by columns"
                                          : nullptr;
    if (wrong)
        fail("gemm_int8: ", wrong, ": a and c must lie by rows, b by columns");
    if (c.rows == 0 || c.cols == 0)
        return;
    detail::expect_lumps("c", c, c.cols);
    if (a.cols == 0) {
        engine.for_each(c.rows * c.cols, detail::no_sums{c});
        return;
    }
    detail::expect_lumps("a", a, a.cols), detail::expect_lumps("b", b, b.rows);
    engine.product(a, b, c);
}

}  // namespace descent::exec
