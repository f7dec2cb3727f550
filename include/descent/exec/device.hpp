// SPDX-License-Identifier: MIT
#pragma once

#include <type_traits>

#include <descent/exec/block.hpp>
#include <descent/exec/epilogue.hpp>

namespace descent::exec {

/// Runs bodies where the host's memory is not: exec::cuda, and what its engine() gives. The layers of a network
/// ask an engine for
///
///     for_each(n, body), launch_steps(blocks, body), upload, download, clear         as exec::cuda
///     product(a, b, c)      c = a b, of blocks of its memory
///     scratch<T>(n)         n numbers of its memory, undefined at first, until the next call
///     fault()               an int of its memory, 0 until a body finds numbers that the host would refuse
///
/// Work runs in the order of the calls; no call waits, but those that bring numbers to the host.
template <class E>
concept device = !E::host;

namespace detail {

template <class T, class After>
struct after_product {
    block<T> c;
    After after;

    DESCENT_FN void operator()(index i) const {
        index const row = i / c.cols, column = i % c.cols;
        T& number = c.data[c.turned ? column * c.stride + row : row * c.stride + column];
        number = after(number, place{row, column, false});
    }
};

}  // namespace detail

/// gemm() of the host, on a device: the product, then `after`, whose operator() must be DESCENT_FN, of each
/// number.
template <device Engine, class A, class B, class T, class After = unchanged>
void gemm(Engine const& engine, block<A> a, block<B> b, block<T> c, After const& after = {}) {
    detail::expect_product(a, b, c);
    engine.product(block<T const>(a), block<T const>(b), c);
    if constexpr (!std::is_same_v<After, unchanged>)
        engine.for_each(c.rows * c.cols, detail::after_product<T, After>{c, after});
}

}  // namespace descent::exec
