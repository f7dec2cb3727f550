// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <descent/core/error.hpp>
#include <descent/prune/criterion.hpp>

namespace descent::prune {

/// Masks the weights that are exactly 0, so that keep_zeros{} keeps them there: of a model whose file holds no
/// masks (quantize::load_packed, nn::load, other libraries' weights) to be trained on as pruned. What was
/// masked stays masked. `tensors` is a whole name or has one '*'; empty: all of two and more axes. They are
/// masked weight by weight.
///
///     quantize::load_packed(net, "net.dpk");
///     prune::mask_zeros(net);
///     fit(net, train, chain(adam{}, rate{1e-4}, keep_zeros{}), {.epochs = 3});
///
/// Throws descent::error, and changes nothing, where it takes no tensor, and for a tensor of zeros alone, which
/// would never train, unless `tensors` names it in full.
template <prunable M>
void mask_zeros(M& model, std::string const& tensors = {}) {
    auto& w = weights_of(model);
    selection const on{.tensors = tensors};
    on.check_tensors();
    std::vector<std::pair<std::string, std::vector<std::uint8_t>>> masks;
    bool any = false;
    for (auto const& entry : w.entries()) {
        if (!on.takes(entry.name, entry.extents))
            continue;
        any = true;
        auto keep = detail::flags_of(w, entry);
        for (std::size_t i = 0; i < keep.size(); ++i)
            keep[i] &= w.data()[entry.offset + index(i)] != 0;
        index const kept = std::count(keep.begin(), keep.end(), std::uint8_t(1));
        expect(kept > 0 || entry.size() == 0 || tensors == entry.name, "prune::mask_zeros: all of '",
               entry.name, "' ", entry.extents.text(),
               " is 0 and would never train: name it in full where that is meant");
        if (kept < entry.size())
            masks.emplace_back(entry.name, std::move(keep));
    }
    expect(any, "prune::mask_zeros: '", tensors, "' takes no tensor, only ", w.names(), " are there");
    for (auto const& [name, keep] : masks)
        w.set_mask(name, keep);
}

/// Takes the masks away: all weights train again, from 0 where they were masked. `tensors` as above but that
/// empty takes all of them, biases too.
///
/// Throws descent::error where it takes no tensor.
template <prunable M>
void clear_masks(M& model, std::string const& tensors = {}) {
    auto& w = weights_of(model);
    selection const on{.tensors = tensors.empty() ? "*" : tensors};
    on.check_tensors();
    bool any = tensors.empty();
    for (auto const& entry : w.entries()) {
        if (!on.takes(entry.name, entry.extents))
            continue;
        any = true;
        if (w.masked())
            w.set_mask(entry.name, std::vector<std::uint8_t>(std::size_t(entry.size()), 1));
    }
    expect(any, "prune::clear_masks: '", tensors, "' takes no tensor, only ", w.names(), " are there");
    if (tensors.empty())
        w.clear_masks();
}

}  // namespace descent::prune
