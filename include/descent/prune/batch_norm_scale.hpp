// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include <descent/core/math.hpp>
#include <descent/prune/criterion.hpp>

namespace descent::prune {

/// Channels whose batch norm scales them least go: score |weight| of batch_norm layers, held against one
/// another over all of them (Liu et al.: "Learning efficient convolutional networks through network slimming",
/// 2017, where an l1 penalty on these weights made them small). With the scale the shift is masked, so that the
/// channel gives 0 and shrink removes it.
struct batch_norm_scale {
    double sparsity = 0;  ///< the share of the channels
    selection on = {};

    template <class M>
    auto scores(M& model) const {
        auto const& w = weights_of(model);
        auto score = w.like();
        for (index i = 0; i < w.arena_size(); ++i)
            score.data()[i] = abs(w.data()[i]);
        return score;
    }

    /// Throws descent::error as mask_lowest does, and where there is no batch_norm. A norm that would lose all
    /// its channels is such a case: scope::tensor or a limit < 1 leaves something of each.
    template <prunable M>
    void operator()(M& model) const {
        auto& w = weights_of(model);
        auto const front = [](std::string_view name) { return name.substr(0, name.size() - 6); };
        auto const scales = [&](auto const& entry) {
            std::string_view const name = entry.name;
            if (!name.ends_with("weight") || !model.state().find(text(front(name), "running_mean")))
                return false;
            return on.tensors.empty() || on.takes(name, entry.extents);
        };
        detail::mask_lowest(w, scores(model), sparsity, on, scales);
        for (auto const& entry : w.entries())
            if (scales(entry))
                w.set_mask(text(front(entry.name), "bias"), w.mask(entry.name));
    }
};

}  // namespace descent::prune
