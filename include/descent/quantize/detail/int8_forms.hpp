// SPDX-License-Identifier: MIT
#pragma once

#include <span>

#include <descent/quantize/detail/int8_avx2.hpp>
#include <descent/quantize/detail/int8_block.hpp>
#include <descent/quantize/detail/int8_vnni.hpp>
#include <descent/quantize/detail/int8_winograd.hpp>

// How this program's processor computes in 8 bits.
namespace descent::quantize::detail {

inline constexpr int8_form int8_form_plain{
    "plain", 2, true, 8, int8_plain_pairs::convolve, nullptr, int8_plain_pairs::encode};
inline constexpr int8_form int8_form_quads{
    "plain quads", 4, false, 8, int8_plain_quads::convolve, nullptr, int8_plain_quads::encode};
#if DESCENT_VECTOR_EXTENSIONS && defined(__x86_64__)
inline constexpr int8_form int8_form_avx2{
    "AVX2", 2, true, 8, int8_pairs_avx2::convolve, int8_winograd_avx2::convolve, int8_pairs_avx2::encode};
inline constexpr int8_form int8_form_vnni{
    "AVX-512 VNNI", 4, false, 32, int8_quads_vnni::convolve, nullptr, int8_quads_vnni::encode};
#endif

/// All that this processor has, the fastest first.
inline std::span<int8_form const* const> int8_forms() {
    static constexpr int8_form const* all[] = {
#if DESCENT_VECTOR_EXTENSIONS && defined(__x86_64__)
        &int8_form_vnni,
        &int8_form_avx2,
#endif
        &int8_form_plain,
        &int8_form_quads
    };
    std::span<int8_form const* const> forms = all;
#if DESCENT_VECTOR_EXTENSIONS && defined(__x86_64__)
    bool const avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    bool const vnni = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vnni");
    forms = forms.subspan(vnni ? 0 : avx2 ? 1 : 2);
#endif
    return forms;
}

}  // namespace descent::quantize::detail
