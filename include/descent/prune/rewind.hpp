// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstdint>

#include <descent/prune/criterion.hpp>

namespace descent::prune {

/// Puts the kept weights back to what they were in `early`; masks stay (Frankle & Carbin: "The lottery ticket
/// hypothesis", 2019; to a step of training: Frankle et al., 2020). Throws descent::error for other tensors.
template <class M>
void rewind(M& model, params<scalar_of<M>> const& early) {
    auto& w = weights_of(model);
    w.expect_same_layout(early, "prune::rewind");
    std::uint8_t const* const kept = w.mask_bits();
    for (index i = 0; i < w.arena_size(); ++i)
        w.data()[i] = !kept || (kept[i / 8] >> (i % 8) & 1) ? early.data()[i] : 0;
}

/// Prunes in rounds: each takes the same share of what is left, puts the rest back to `early` and trains again
/// by train(). The criterion's sparsity is that of the last round.
///
///     auto const early = net.params();
///     fit(net, train, recipe, options);
///     prune::iterative(net, prune::magnitude{.sparsity = 0.9}, 5, early,
///                      [&] { fit(net, train, recipe_with_keep_zeros, options); });
///
/// Throws descent::error for rounds < 1 and as mask_lowest does.
template <class M, class C, class Train>
requires criterion<C, M>
void iterative(M& model, C by, int rounds, params<scalar_of<M>> const& early, Train const& train) {
    expect(rounds >= 1, "prune::iterative: rounds = ", rounds, ": must be >= 1");
    by.on.check(by.sparsity);
    double const last = by.sparsity;
    for (int round = 1; round <= rounds; ++round) {
        by.sparsity = round == rounds ? last : 1 - std::pow(1 - last, double(round) / rounds);
        apply(by, model);
        rewind(model, early);
        train();
    }
}

}  // namespace descent::prune
