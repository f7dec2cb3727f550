// SPDX-License-Identifier: MIT
#pragma once

#include <descent/core/math.hpp>
#include <descent/exec/serial.hpp>
#include <descent/prune/criterion.hpp>
#include <descent/prune/detail/gradients.hpp>

namespace descent::prune {

/// What the loss would change by to second order at a minimum goes first: score h w^2 / 2, where the Hessian's
/// diagonal h is taken for the mean of g^2 over batches, the empirical Fisher information (LeCun, Denker,
/// Solla: "Optimal brain damage", 1990; Theis et al., 2018). Smaller batches come nearer to it.
///
///     prune::fisher{.sparsity = 0.8}(net, train, exec::openmp{});
struct fisher {
    double sparsity = 0;
    selection on = {};
    index batch = 1;       ///< samples a gradient
    index samples = 1024;  ///< of the table's first ones, at most

    template <class M, class Table, class Executor = exec::serial>
    auto scores(M& model, Table const& table, Executor const& executor = {}) const {
        return detail::mean_over_gradients("prune::fisher", model, table, batch, samples, executor,
                                           [](auto w, auto g) { return w * w * g * g / 2; });
    }

    /// Throws descent::error as mask_lowest does, and for a table that the model cannot take.
    template <prunable M, class Table, class Executor = exec::serial>
    void operator()(M& model, Table const& table, Executor const& executor = {}) const {
        apply(*this, model, table, executor);
    }
};

}  // namespace descent::prune
