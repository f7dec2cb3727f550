// SPDX-License-Identifier: MIT
#pragma once

#include <descent/core/math.hpp>
#include <descent/exec/serial.hpp>
#include <descent/prune/criterion.hpp>
#include <descent/prune/detail/gradients.hpp>

namespace descent::prune {

/// What the loss would change by to first order goes first: score |w g|, meaned over batches (Mozer &
/// Smolensky: "Skeletonization", 1989; Molchanov et al.: "Pruning convolutional neural networks for resource
/// efficient inference", 2017).
///
///     prune::taylor{.sparsity = 0.8}(net, train, exec::openmp{});
struct taylor {
    double sparsity = 0;
    selection on = {};
    index batch = 32;      ///< samples a gradient
    index samples = 1024;  ///< of the table's first ones, at most

    template <class M, class Table, class Executor = exec::serial>
    auto scores(M& model, Table const& table, Executor const& executor = {}) const {
        return detail::mean_over_gradients("prune::taylor", model, table, batch, samples, executor,
                                           [](auto w, auto g) { return abs(w * g); });
    }

    /// Throws descent::error as mask_lowest does, and for a table that the model cannot take.
    template <prunable M, class Table, class Executor = exec::serial>
    void operator()(M& model, Table const& table, Executor const& executor = {}) const {
        apply(*this, model, table, executor);
    }
};

}  // namespace descent::prune
