// SPDX-License-Identifier: MIT
#pragma once

#include <span>

#include <descent/quantize/detail/popcount_avx2.hpp>
#include <descent/quantize/detail/popcount_avx512.hpp>
#include <descent/quantize/detail/popcount_kernels.hpp>

// How this program's processor counts bits, whatever flags it was compiled with.
namespace descent::quantize::detail {

/// All that this processor has, the fastest first.
template <class Bits>
std::span<popcount_kernels const> all_popcount_kernels() {
    static constexpr popcount_kernels all[] = {
#if DESCENT_VECTOR_EXTENSIONS && defined(__x86_64__)
        popcount_kernels_of<popcount_avx512<Bits>>("AVX-512 VPOPCNTDQ"),
        popcount_kernels_of<popcount_avx2<Bits>>("AVX2"),
#endif
        popcount_kernels_of<popcount_portable<Bits>>("plain")
    };
    std::span<popcount_kernels const> kernels = all;
#if DESCENT_VECTOR_EXTENSIONS && defined(__x86_64__)
    bool const avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    bool const counts = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                        __builtin_cpu_supports("avx512vpopcntdq");
    kernels = kernels.subspan(counts && avx2 ? 0 : avx2 ? 1 : 2);
#endif
    return kernels;
}

}  // namespace descent::quantize::detail
