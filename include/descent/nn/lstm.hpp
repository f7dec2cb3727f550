// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include <descent/core/math.hpp>
#include <descent/nn/detail/recurrent.hpp>

namespace descent::nn {

namespace detail {

/// Gates in torch's order: i, f, g, o. Kept are their values.
struct lstm_cell {
    static constexpr index gates = 4, first = 4, second = 0;
    static constexpr bool stateful = true;

    template <class K, bool Joined = false, class T>
    static DESCENT_FN void forward_at(index n, index j, T* row, T const* product, T const* bias, T const* more,
                                      T* h, T* c) {
        auto const gate = [&](index g) {
            index const at = g * n + j;
            K sum = load_unaligned<K>(row + at);
            if constexpr (!Joined)
                sum += load_unaligned<K>(product + at);
            return sum + (load_unaligned<K>(bias + at) + load_unaligned<K>(more + at));
        };
        K const i = sigmoid(gate(0)), f = sigmoid(gate(1)), g = tanh(gate(2)), o = sigmoid(gate(3));
        K const state = fused_multiply_add(f, load_unaligned<K>(c + j), i * g);
        store_unaligned(c + j, state);
        store_unaligned(h + j, o * tanh(state));
        store_unaligned(row + j, i);
        store_unaligned(row + n + j, f);
        store_unaligned(row + 2 * n + j, g);
        store_unaligned(row + 3 * n + j, o);
    }
    template <class T>
    static void forward(index n, T* row, T const* product, T const* bias, T const* more, T* h, T* c) {
        each_pack<T>(n, [&](index j, auto kind) {
            forward_at<decltype(kind), true>(n, j, row, product, bias, more, h, c);
        });
    }

    template <class K, class T>
    static DESCENT_FN void backward_at(index n, index j, T* row, T const*, T const* c, T const* earlier, T* dh,
                                       T* dc) {
        K const one(T(1));
        K const i = load_unaligned<K>(row + j), f = load_unaligned<K>(row + n + j),
                g = load_unaligned<K>(row + 2 * n + j), o = load_unaligned<K>(row + 3 * n + j);
        K const before = earlier ? load_unaligned<K>(earlier + j) : K(T(0));
        K const t = tanh(load_unaligned<K>(c + j)), slope = load_unaligned<K>(dh + j);
        K const state = fused_multiply_add(slope * o, one - t * t, load_unaligned<K>(dc + j));
        store_unaligned(row + j, state * g * i * (one - i));
        store_unaligned(row + n + j, state * before * f * (one - f));
        store_unaligned(row + 2 * n + j, state * i * (one - g * g));
        store_unaligned(row + 3 * n + j, slope * t * o * (one - o));
        store_unaligned(dc + j, state * f);
        store_unaligned(dh + j, K(T(0)));
    }
    template <class T>
    static void backward(index n, T* row, T const* before, T const* c, T const* earlier, T* dh, T* dc) {
        each_pack<T>(
            n, [&](index j, auto kind) { backward_at<decltype(kind)>(n, j, row, before, c, earlier, dh, dc); });
    }
};

}  // namespace detail

/// Long short-term memory over [steps, features] (Hochreiter, Schmidhuber, 1997; with forget gates: Gers,
/// Schmidhuber, Cummins, 2000), from a state of zeros:
///
///     i, f, o = sigmoid(W x + U h + biases)    g = tanh(W x + U h + biases)    c' = f c + i g    h' = o
///     tanh(c')
///
/// Bidirectional: a second one with weights of its own runs from each sample's own last step to the first; its
/// outputs stand behind the first's, [steps, 2 units] or [2 units]. Tensors and numbers are those of
/// torch.nn.LSTM with one layer: "weight_ih_l0" [4 units, features], "weight_hh_l0" [4 units, units],
/// "bias_ih_l0", "bias_hh_l0" [4 units], and the same with "_reverse". They begin uniform in +-1 / sqrt(units).
/// bind throws descent::error for units < 1 and for an input that is not [steps, features].
struct lstm {
    index units = 0;
    bool bidirectional = false;
    recurrent returns = recurrent::every_step;
    static constexpr std::string_view name = "lstm";

    template <class T>
    auto bind(shape const& input, builder<T>& b) const {
        return detail::bind_recurrent<detail::lstm_cell, T>(*this, input, b);
    }
};

}  // namespace descent::nn
