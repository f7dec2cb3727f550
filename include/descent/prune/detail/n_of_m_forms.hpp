// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <type_traits>

#include <descent/prune/detail/n_of_m_avx2.hpp>
#include <descent/prune/detail/n_of_m_avx512.hpp>
#include <descent/prune/detail/n_of_m_portable.hpp>

// How this program's processor multiplies by N of M weights: compiled whatever the flags are, chosen at run
// time.
namespace descent::prune::detail {

template <class T>
inline constexpr n_of_m_form<T> n_of_m_plain{"portable",
                                             true,
                                             n_of_m_portable<T>::least,
                                             n_of_m_portable<T>::most,
                                             n_of_m_portable<T>::wide,
                                             n_of_m_portable<T>::width,
                                             n_of_m_portable<T>::window,
                                             n_of_m_portable<T>::pack,
                                             n_of_m_portable<T>::multiply};

/// All that this processor has for the number, for large batches first, and the fastest first.
template <class T>
std::span<n_of_m_form<T> const* const> n_of_m_forms() {
#if DESCENT_VECTOR_EXTENSIONS && defined(__x86_64__)
    if constexpr (std::is_same_v<T, float>) {
        // In here, so that a program that multiplies nothing compiles nothing.
        constexpr auto form_of = []<class Form>(char const* name, bool turned, Form) {
            return n_of_m_form<T>{name,        turned,       Form::least, Form::most,    Form::wide,
                                  Form::width, Form::window, Form::pack,  Form::multiply};
        };
        static constexpr n_of_m_form<T> columns_avx512 =
                                            form_of("AVX-512, rows", true, n_of_m_columns_avx512{}),
                                        rows_avx512 = form_of("AVX-512, outputs", false, n_of_m_rows_avx512{}),
                                        columns_avx2 = form_of("AVX2, rows", true, n_of_m_columns_avx2{}),
                                        rows_avx2 = form_of("AVX2, outputs", false, n_of_m_rows_avx2{});
        static constexpr n_of_m_form<T> const* all[] = {&columns_avx512, &rows_avx512, &columns_avx2,
                                                        &rows_avx2, &n_of_m_plain<T>};
        bool const avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
        bool const avx512 = avx2 && __builtin_cpu_supports("avx512f");
        return std::span(all).subspan(avx512 ? 0 : avx2 ? 2 : 4);
    } else
#endif
    {
        static constexpr n_of_m_form<T> const* all[] = {&n_of_m_plain<T>};
        return all;
    }
}

/// The fastest for groups of `of` inputs and so many rows.
template <class T>
n_of_m_form<T> const& best_n_of_m_form(index of, index rows) {
    auto const forms = n_of_m_forms<T>();
    std::size_t i = 0;
    while (i + 1 < forms.size() && rows < forms[i]->least(of))
        ++i;
    return *forms[i];
}

}  // namespace descent::prune::detail
