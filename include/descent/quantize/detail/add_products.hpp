// SPDX-License-Identifier: MIT
#pragma once

#include <descent/core/config.hpp>

#if DESCENT_VECTOR_EXTENSIONS && defined(__x86_64__)
#include <immintrin.h>

namespace descent::quantize::detail {

/// sums += the four products of each 32 bits: bytes without a sign, times such with one. (Told by hand: what
/// g++ 12 makes of _mm512_dpbusd_epi32 moves every sum, and keeps some in memory, in a loop over a tile of
/// them: less than half as fast.)
[[gnu::target("avx512f,avx512bw,avx512vl,avx512vnni"), gnu::always_inline]] inline void add_products(
    __m512i& sums, __m512i bytes, __m512i weights) {
    asm("vpdpbusd %2, %1, %0" : "+v"(sums) : "v"(bytes), "v"(weights));
}

}  // namespace descent::quantize::detail

#endif
