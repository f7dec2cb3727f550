// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include <descent/core/random.hpp>
#include <descent/prune/criterion.hpp>

namespace descent::prune {

/// Any weights go: what other criteria are to be better than. Same seed, same weights.
struct random {
    double sparsity = 0;
    selection on = {};
    std::uint64_t seed = 0;

    template <class M>
    auto scores(M& model) const {
        using T = scalar_of<M>;
        auto const& w = weights_of(model);
        auto score = w.like();
        generator const draws{seed, 0x7072756eu};  // "prun"
        index drawn = 0;
        for (auto const& entry : w.entries())
            for (index i = 0; i < entry.size(); ++i)
                score.data()[entry.offset + i] = draws.uniform<T>(std::uint64_t(drawn++));
        return score;
    }

    /// Throws descent::error as mask_lowest does.
    template <prunable M>
    void operator()(M& model) const {
        apply(*this, model);
    }
};

}  // namespace descent::prune
