// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>

// Calls of malloc, calloc, realloc, memalign, aligned_alloc, posix_memalign and mmap, which allocation_test.cpp
// counts where they are ours to take over: not under a sanitizer, with glibc alone.
namespace allocations {

inline std::atomic<bool> counting{false};
inline std::atomic<long> taken{0};

inline void count() {
    if (counting.load(std::memory_order_relaxed))
        ++taken;
}

/// Calls while f runs, of all threads.
template <class F>
long during(F const& f) {
    taken = 0;
    counting = true;
    f();
    counting = false;
    return taken;
}

}  // namespace allocations
