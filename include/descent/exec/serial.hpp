// SPDX-License-Identifier: MIT
#pragma once

#include <descent/core/memory.hpp>
#include <descent/core/tensor.hpp>

namespace descent::exec {

/// An executor whose bodies run on the CPU: serial, openmp, and any type with their for_each and
/// `static constexpr bool host = true`.
template <class E>
concept host = E::host;

/// One thread. Its results define the answer that every other executor must give.
struct serial {
    /// The bodies run where the host's memory is.
    static constexpr bool host = true;

    template <class T>
    using memory = aligned_buffer<T>;

    /// Threads that for_each may use.
    int width() const { return 1; }

    /// body(i) for i in [0, n). A chunk i is some 10 us of work whose result depends on i alone.
    template <class Body>
    void for_each(index n, Body const& body) const {
        for (index i = 0; i < n; ++i)
            body(i);
    }
};

}  // namespace descent::exec
