// SPDX-License-Identifier: MIT
#pragma once

#include <descent/core/math.hpp>
#include <descent/prune/criterion.hpp>

namespace descent::prune {

/// The smallest weights go: score |w| (Han, Pool, Tran, Dally, 2015), so that of rows and filters is their mean
/// |w| (Li et al., 2017). Needs no data. Weights are the smaller the more inputs their layer has, so that rows,
/// filters and channels are held against those of their own tensor unless `scope` says global; single weights
/// against all.
///
///     prune::magnitude{.sparsity = 0.8}(net);
///     prune::magnitude{.on = {.unit = prune::n_of_m(2, 4)}}(net);
///     prune::magnitude{.sparsity = 0.5, .on = {.scope = prune::scope::tensor, .tensors = "layer1.*"}}(net);
struct magnitude {
    double sparsity = 0;
    selection on = {};
    static constexpr bool by_size = true;  ///< see criterion.hpp

    template <class M>
    auto scores(M& model) const {
        auto const& w = weights_of(model);
        auto score = w.like();
        for (index i = 0; i < w.arena_size(); ++i)
            score.data()[i] = abs(w.data()[i]);
        return score;
    }

    /// Throws descent::error as mask_lowest does.
    template <prunable M>
    void operator()(M& model) const {
        apply(*this, model);
    }
};

}  // namespace descent::prune
