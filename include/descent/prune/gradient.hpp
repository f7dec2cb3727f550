// SPDX-License-Identifier: MIT
#pragma once

#include <descent/core/math.hpp>
#include <descent/exec/serial.hpp>
#include <descent/prune/criterion.hpp>
#include <descent/prune/detail/gradients.hpp>

namespace descent::prune {

/// What the loss hardly asks to change goes first: score |g|, meaned over batches; its size does not matter.
struct gradient {
    double sparsity = 0;
    selection on = {};
    index batch = 32;      ///< samples a gradient
    index samples = 1024;  ///< of the table's first ones, at most

    template <class M, class Table, class Executor = exec::serial>
    auto scores(M& model, Table const& table, Executor const& executor = {}) const {
        return detail::mean_over_gradients("prune::gradient", model, table, batch, samples, executor,
                                           [](auto w, auto g) {
                                               (void)w;
                                               return abs(g);
                                           });
    }

    /// Throws descent::error as mask_lowest does, and for a table that the model cannot take.
    template <prunable M, class Table, class Executor = exec::serial>
    void operator()(M& model, Table const& table, Executor const& executor = {}) const {
        apply(*this, model, table, executor);
    }
};

}  // namespace descent::prune
