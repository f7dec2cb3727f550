// SPDX-License-Identifier: MIT
#pragma once

#include <concepts>

#include <descent/core/config.hpp>
#include <descent/core/pack.hpp>
#include <descent/core/tensor.hpp>

namespace descent::exec {

/// Where in a matrix a stretch of numbers begins, and whether the next ones lie to the right or below.
struct place {
    index row = 0, column = 0;
    bool down = false;

    /// The numbers of a vector that has one number a column, or one a row, for each lane of V.
    template <class V>
    DESCENT_FN V by_column(number_of<V> const* vector) const {
        return down ? V(vector[column]) : load_unaligned<V>(vector + column);
    }
    template <class V>
    DESCENT_FN V by_row(number_of<V> const* vector) const {
        return down ? load_unaligned<V>(vector + row) : V(vector[row]);
    }
};

/// What gemm may do last to the numbers of c: f(V, place) for V = T and V = native_pack<T> gives the new V.
template <class F, class T>
concept gemm_epilogue = requires(F const& f, T number, native_pack<T> pack, place at) {
    { f(number, at) } -> std::convertible_to<T>;
    { f(pack, at) } -> std::convertible_to<native_pack<T>>;
};

/// The epilogue that leaves c as it is.
struct unchanged {
    template <class V>
    DESCENT_FN V operator()(V value, place const&) const {
        return value;
    }
};

}  // namespace descent::exec
