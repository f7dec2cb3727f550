// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include <descent/core/math.hpp>
#include <descent/nn/detail/recurrent.hpp>

namespace descent::nn {

namespace detail {

/// Gates in torch's order: r, z, n. Kept are their values and, fourth, what r multiplies.
struct gru_cell {
    static constexpr index gates = 3, first = 2, second = 1;
    static constexpr bool stateful = false;

    template <class K, bool Joined = false, class T>
    static DESCENT_FN void forward_at(index n, index j, T* row, T const* product, T const* bias, T const* more,
                                      T* h, T*) {
        auto const of_input = [&](index at) {
            return load_unaligned<K>(row + at) + load_unaligned<K>(bias + at);
        };
        auto const of_state = [&](index at) {
            return load_unaligned<K>(product + at) + load_unaligned<K>(more + at);
        };
        auto const of_both = [&](index at) {
            K const biases = load_unaligned<K>(bias + at) + load_unaligned<K>(more + at);
            if constexpr (Joined)
                return load_unaligned<K>(row + at) + biases;
            else
                return load_unaligned<K>(row + at) + load_unaligned<K>(product + at) + biases;
        };
        K const r = sigmoid(of_both(j)), z = sigmoid(of_both(n + j));
        K const inner = of_state(2 * n + j), fresh = tanh(fused_multiply_add(r, inner, of_input(2 * n + j)));
        store_unaligned(h + j, lerp(fresh, load_unaligned<K>(h + j), z));
        store_unaligned(row + j, r);
        store_unaligned(row + n + j, z);
        store_unaligned(row + 2 * n + j, fresh);
        store_unaligned(row + 3 * n + j, inner);
    }
    template <class T>
    static void forward(index n, T* row, T const* product, T const* bias, T const* more, T* h, T* c) {
        each_pack<T>(n, [&](index j, auto kind) {
            forward_at<decltype(kind), true>(n, j, row, product, bias, more, h, c);
        });
    }

    template <class K, class T>
    static DESCENT_FN void backward_at(index n, index j, T* row, T const* before, T const*, T const*, T* dh,
                                       T*) {
        K const one(T(1));
        K const r = load_unaligned<K>(row + j), z = load_unaligned<K>(row + n + j),
                fresh = load_unaligned<K>(row + 2 * n + j), inner = load_unaligned<K>(row + 3 * n + j);
        K const slope = load_unaligned<K>(dh + j);
        K const of_fresh = slope * (one - z) * (one - fresh * fresh);
        store_unaligned(row + j, of_fresh * inner * r * (one - r));
        store_unaligned(row + n + j, slope * (load_unaligned<K>(before + j) - fresh) * z * (one - z));
        store_unaligned(row + 2 * n + j, of_fresh);
        store_unaligned(row + 3 * n + j, of_fresh * r);
        store_unaligned(dh + j, slope * z);
    }
    template <class T>
    static void backward(index n, T* row, T const* before, T const* c, T const* earlier, T* dh, T* dc) {
        each_pack<T>(
            n, [&](index j, auto kind) { backward_at<decltype(kind)>(n, j, row, before, c, earlier, dh, dc); });
    }
};

}  // namespace detail

/// Gated recurrent units over [steps, features] (Cho, van Merrienboer, Gulcehre, Bahdanau, Bougares, Schwenk,
/// Bengio, 2014; the reset gate behind the product, as in torch), from a state of zeros:
///
///     r, z = sigmoid(W x + U h + biases)    n = tanh(W x + bias + r (U h + bias))    h' = (1 - z) n + z h
///
/// Bidirectional and variable lengths as nn::lstm. Tensors and numbers are those of torch.nn.GRU with one
/// layer: "weight_ih_l0" [3 units, features], "weight_hh_l0" [3 units, units], "bias_ih_l0", "bias_hh_l0"
/// [3 units], and the same with "_reverse". They begin uniform in +-1 / sqrt(units). bind throws descent::error
/// for units < 1 and for an input that is not [steps, features].
struct gru {
    index units = 0;
    bool bidirectional = false;
    recurrent returns = recurrent::every_step;
    static constexpr std::string_view name = "gru";

    template <class T>
    auto bind(shape const& input, builder<T>& b) const {
        return detail::bind_recurrent<detail::gru_cell, T>(*this, input, b);
    }
};

}  // namespace descent::nn
