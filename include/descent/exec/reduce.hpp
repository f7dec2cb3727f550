// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include <descent/core/tensor.hpp>

namespace descent::exec {

/// join(... join(join(init, body(0)), body(1)) ..., body(n - 1)): every body(i) may run on another thread, the
/// joins run in this order, so the result does not depend on the number of threads.
template <class Executor, class R, class Body, class Join>
R reduce(Executor const& executor, index n, R init, Body const& body, Join join) {
    std::vector<R> part(std::size_t(n), init);
    R* const parts = part.data();
    executor.for_each(n, [parts, &body](index i) { parts[i] = body(i); });
    for (R const& next : part)
        init = join(init, next);
    return init;
}

}  // namespace descent::exec
