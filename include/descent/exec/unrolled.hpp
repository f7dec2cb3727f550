// SPDX-License-Identifier: MIT
#pragma once

#include <type_traits>
#include <utility>

#include <descent/core/config.hpp>

// What kernels tell the compiler so that their sums stay in registers.
namespace descent::exec {

namespace detail {

// No lambda: clang calls one rather than inline it, and then what f refers to lives in memory.
template <class F, int... I>
DESCENT_FN void unroll(F const& f, std::integer_sequence<int, I...>) {
    (f(std::integral_constant<int, I>{}), ...);
}

}  // namespace detail

/// f(0), f(1), ... f(N - 1) with constants (std::integral_constant), unrolled at every -O.
template <int N, class F>
DESCENT_FN void unrolled(F const& f) {
    detail::unroll(f, std::make_integer_sequence<int, N>{});
}

/// The same pointer, about which the compiler knows nothing: else it keeps the places of all later numbers in
/// registers, of which there are not enough, or calls memmove for a few numbers, which takes longer than the
/// copy.
template <class T>
DESCENT_FN T const* unrelated(T const* pointer) {
#if DESCENT_VECTOR_EXTENSIONS
    asm("" : "+r"(pointer));
#endif
    return pointer;
}

/// What was loaded before stays in registers: else the compiler, which has some left over for few rows, has
/// each of them load it again, and loading takes longer than multiplying.
DESCENT_FN void loaded() {
#if DESCENT_VECTOR_EXTENSIONS
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
#endif
}

}  // namespace descent::exec
