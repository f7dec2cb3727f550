// SPDX-License-Identifier: MIT
#pragma once

#include <span>

#include <descent/quantize/detail/int8_kernels.hpp>
#include <descent/quantize/detail/int8_rows_avx2.hpp>
#include <descent/quantize/detail/int8_rows_vnni.hpp>

// How this program's processor multiplies samples that are quantized when they come, whatever flags it was
// compiled with.
namespace descent::quantize::detail {

inline constexpr int8_kernels int8_rows_plain = int8_kernels_of<int8_plain_row_pairs>("plain");
inline constexpr int8_kernels int8_rows_quads = int8_kernels_of<int8_plain_row_quads>("plain quads");
#if DESCENT_VECTOR_EXTENSIONS && defined(__x86_64__)
inline constexpr int8_kernels int8_rows_of_avx2 = int8_kernels_of<int8_rows_avx2>("AVX2");
inline constexpr int8_kernels int8_rows_of_vnni = int8_kernels_of<int8_rows_vnni>("AVX-512 VNNI");
#endif

/// All that this processor has, the fastest first.
inline std::span<int8_kernels const* const> all_int8_kernels() {
    static constexpr int8_kernels const* all[] = {
#if DESCENT_VECTOR_EXTENSIONS && defined(__x86_64__)
        &int8_rows_of_vnni,
        &int8_rows_of_avx2,
#endif
        &int8_rows_plain,
        &int8_rows_quads
    };
    std::span<int8_kernels const* const> kernels = all;
#if DESCENT_VECTOR_EXTENSIONS && defined(__x86_64__)
    bool const avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    bool const vnni = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vnni");
    kernels = kernels.subspan(vnni ? 0 : avx2 ? 1 : 2);
#endif
    return kernels;
}

}  // namespace descent::quantize::detail
