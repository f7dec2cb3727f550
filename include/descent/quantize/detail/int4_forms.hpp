// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <span>
#include <utility>

#include <descent/quantize/detail/int4_avx2.hpp>
#include <descent/quantize/detail/int4_avx512.hpp>
#include <descent/quantize/detail/int4_panel.hpp>

// How this program's processor computes with weights of 4 bits, whatever flags it was compiled with.
namespace descent::quantize::detail {

template <class Form, int rows>
constexpr int4_form int4_form_of(char const* name) {
    int4_form form{name, rows, Form::row, Form::spread, {}};
    [&]<int... I>(std::integer_sequence<int, I...>) { ((form.tiles[I + 1] = Form::template tile<I + 1>), ...); }
    (std::make_integer_sequence<int, rows>{});
    return form;
}

inline constexpr int4_form int4_form_plain = int4_form_of<int4_plain, 4>("plain");
#if DESCENT_VECTOR_EXTENSIONS && defined(__x86_64__)
inline constexpr int4_form int4_form_avx2 = int4_form_of<int4_avx2, 6>("AVX2");
inline constexpr int4_form int4_form_avx512 = int4_form_of<int4_avx512, 12>("AVX-512");
#endif

/// All that this processor has, the fastest first.
inline std::span<int4_form const* const> int4_forms() {
    static constexpr int4_form const* all[] = {
#if DESCENT_VECTOR_EXTENSIONS && defined(__x86_64__)
        &int4_form_avx512,
        &int4_form_avx2,
#endif
        &int4_form_plain
    };
    std::span<int4_form const* const> forms = all;
#if DESCENT_VECTOR_EXTENSIONS && defined(__x86_64__)
    bool const avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    forms = forms.subspan(avx2 && __builtin_cpu_supports("avx512f") ? 0 : avx2 ? 1 : 2);
#endif
    return forms;
}

}  // namespace descent::quantize::detail
