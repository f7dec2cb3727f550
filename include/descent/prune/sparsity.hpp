// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include <descent/prune/criterion.hpp>

namespace descent::prune {

/// How much of a tensor is masked.
struct tensor_sparsity {
    std::string name = {};
    shape extents = {};
    index weights = 0, kept = 0;

    double sparsity() const { return weights ? double(weights - kept) / double(weights) : 0; }
};

/// The masks of the selected tensors, counted; in the order of the arena. Throws descent::error where the
/// selection's tensors have more than one '*'.
template <class M>
std::vector<tensor_sparsity> count_masks(M const& model, selection const& on = {}) {
    on.check_tensors();
    auto const& w = weights_of(model);
    std::vector<tensor_sparsity> told;
    for (auto const& entry : w.entries())
        if (on.takes(entry.name, entry.extents)) {
            auto const keep = w.mask(entry.name);
            told.push_back(
                {entry.name, entry.extents, entry.size(), index(std::count(keep.begin(), keep.end(), true))});
        }
    return told;
}

/// The share of masked weights among those of the selected tensors; 0 where there are none.
template <class M>
double sparsity(M const& model, selection const& on = {}) {
    tensor_sparsity all;
    for (tensor_sparsity const& each : count_masks(model, on)) {
        all.weights += each.weights;
        all.kept += each.kept;
    }
    return all.sparsity();
}

}  // namespace descent::prune
