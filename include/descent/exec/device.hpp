// SPDX-License-Identifier: MIT
#pragma once

#include <type_traits>

#include <descent/exec/bfloat16.hpp>
#include <descent/exec/block.hpp>
#include <descent/exec/epilogue.hpp>

namespace descent::exec {

/// Runs bodies where the host's memory is not: exec::cuda, and what its engine() gives. The layers of a network
/// ask an engine for
///
///     for_each(n, body), launch_steps(blocks, body), upload, download, clear         as exec::cuda
///     product(a, b, c)      c = a b, of blocks of its memory; a and b may be of bfloat16 where c is of float,
///                           and lie as gemm_int8() says, of int8_t where c is of int32_t
///     rounds_products()     shall gemm() round a and b to bfloat16?
///     rounded(n)            n bfloat16 of its memory, undefined at first, until the next call
///     scratch<T>(n)         n numbers of its memory, undefined at first, until the next call
///     recording             work that is played again; record(recording, work) tells whether it could be recorded,
///                           play(recording) runs it; moves() changes when scratch() or rounded() move
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

struct round_body {
    float const* from;
    index stride, columns, step;
    bfloat16* to;

    DESCENT_FN void operator()(index i) const {
        index const row = i / columns, column = i % columns;
        to[row * step + column] = bfloat16::of(from[row * stride + column]);
    }
};

/// The numbers of a rounded block, with rows of whole 16 bytes.
inline index rounded_step(block<float const> const& a) { return ((a.turned ? a.rows : a.cols) + 7) / 8 * 8; }
inline index rounded_size(block<float const> const& a) {
    return (a.turned ? a.cols : a.rows) * rounded_step(a);
}
template <device Engine>
block<bfloat16 const> round(Engine const& engine, block<float const> const& a, bfloat16* to) {
    index const columns = a.turned ? a.rows : a.cols, step = rounded_step(a);
    engine.for_each(a.rows * a.cols, round_body{a.data, a.stride, columns, step, to});
    return {to, a.rows, a.cols, step, a.turned};
}

template <device Engine, class T>
void product(Engine const& engine, block<T const> a, block<T const> b, block<T> c) {
    if constexpr (std::is_same_v<T, float>) {
        if (engine.rounds_products()) {
            bfloat16* const room = engine.rounded(rounded_size(a) + rounded_size(b));
            auto const left = round(engine, a, room), right = round(engine, b, room + rounded_size(a));
            engine.product(left, right, c);
            return;
        }
    } else {
        expect(!engine.rounds_products(), "gemm: products in bfloat16 are of floats alone");
    }
    engine.product(a, b, c);
}

}  // namespace detail

/// gemm() of the host, on a device: the product, then `after`, whose operator() must be DESCENT_FN, of each
/// number.
template <device Engine, class A, class B, class T, class After = unchanged>
void gemm(Engine const& engine, block<A> a, block<B> b, block<T> c, After const& after = {}) {
    detail::expect_product(a, b, c);
    detail::product(engine, block<T const>(a), block<T const>(b), c);
    if constexpr (!std::is_same_v<After, unchanged>)
        engine.for_each(c.rows * c.cols, detail::after_product<T, After>{c, after});
}

}  // namespace descent::exec
