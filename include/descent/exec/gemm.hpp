// SPDX-License-Identifier: MIT
#pragma once

#include <type_traits>

#include <descent/exec/block.hpp>
#include <descent/exec/detail/gemm_job.hpp>
#include <descent/exec/epilogue.hpp>

namespace descent::exec {

namespace detail {

template <class Executor, class T, class After>
void gemm(Executor const& executor, block<T const> a, block<T const> b, block<T> c, After const& after) {
    gemm_job<T, After> const job =
        c.turned ? gemm_job<T, After>(transposed(b), transposed(a), transposed(c), after, true)
                 : gemm_job<T, After>(a, b, c, after, false);
    executor.for_each(job.tasks(), [&job](index task) { job.run(task); });
}

}  // namespace detail

/// c = a b for float or double, in fixed tiles: the same bits for every number of threads. Matrices are blocks,
/// transposed(...) of something, or Eigen matrices and maps; c must not overlap a or b. Throws descent::error
/// unless the extents agree.
///
///     exec::gemm(executor, x, exec::transposed(weight), scores);       // scores = x weight^T
///
/// `after` turns each number of c, once, into what is kept:
///
///     exec::gemm(executor, x, exec::transposed(weight), y, [=](auto sum, exec::place at) {
///         return max(sum + at.by_column<decltype(sum)>(bias), decltype(sum)(0));
///     });
template <class Executor, class A, class B, class C, class After = unchanged>
requires(Executor::host) void gemm(Executor const& executor, A const& a, B const& b, C&& c,
                                   After const& after = {}) {
    auto const left = as_block(a);
    auto const right = as_block(b);
    auto const product = as_block(c);
    detail::expect_product(left, right, product);
    using T = std::remove_pointer_t<decltype(product.data)>;
    static_assert(gemm_epilogue<After, T>,
                  "gemm: after must be callable as f(T, place) and f(native_pack<T>, place)");
    detail::gemm<Executor, T, After>(executor, left, right, product, after);
}

}  // namespace descent::exec
