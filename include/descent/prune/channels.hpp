// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <descent/core/error.hpp>
#include <descent/core/params.hpp>
#include <descent/prune/criterion.hpp>
#include <descent/prune/detail/structure.hpp>

namespace descent::prune {

namespace detail {

/// f(i) for the numbers of a tensor at one position of an axis.
template <class F>
void each_number(shape const& extents, int axis, index at, F const& f) {
    index const rows = extents[0], line = rows > 0 ? extents.size() / rows : 0;
    if (axis == 0) {
        for (index i = 0; i < line; ++i)
            f(at * line + i);
        return;
    }
    index const places = line / extents[1];
    for (index r = 0; r < rows; ++r)
        for (index p = 0; p < places; ++p)
            f(r * line + at * places + p);
}

/// A channel that may go: the mean score of what makes it, and the tensor that does so first.
struct channel_score {
    double score;
    std::size_t tensor, channel;

    friend bool operator<(channel_score const& a, channel_score const& b) {
        return a.score < b.score || (a.score == b.score && a.channel < b.channel);
    }
};

template <class T>
std::vector<channel_score> channel_scores(params<T> const& w, params<T> const& scores,
                                          structure<T> const& graph, selection const& on) {
    std::vector<channel_score> all;
    std::string others;  // tensors that the selection does not take, where it could
    for (std::size_t c = 0; c < graph.channels(); ++c) {
        if (!graph.free(c))
            continue;
        channel_score own{0, w.entries().size(), c};
        index count = 0;
        for (slice const& s : graph.slices(c)) {
            if (!s.makes || s.state || w.entries()[s.tensor].extents.rank() < 2)
                continue;
            auto const& entry = w.entries()[s.tensor];
            own.tensor = std::min(own.tensor, s.tensor);
            each_number(entry.extents, s.axis, s.at, [&](index i) {
                own.score += double(scores.data()[entry.offset + i]);
                ++count;
            });
        }
        if (count == 0)
            continue;
        if (!on.takes(w.entries()[own.tensor].name, w.entries()[own.tensor].extents)) {
            std::string const name = text("'", w.entries()[own.tensor].name, "'");
            if (!others.ends_with(name))
                others += text(others.empty() ? "" : ", ", name);
            continue;
        }
        own.score = graph.dead(c) ? -HUGE_VAL : own.score / double(count);
        expect(own.score == own.score, "prune: a score of '", w.entries()[own.tensor].name, "' is NaN");
        all.push_back(own);
    }
    expect(!all.empty() || others.empty(), "prune::channels: '", on.tensors,
           "' takes no tensor that makes a channel which could go, only ", others, " do");
    return all;
}

}  // namespace detail

/// Prunes whole channels of a network, through all layers that they run: masks what makes them, that is rows
/// of dense layers, filters, scales and shifts of batch norms, columns of embeddings, units of recurrent
/// layers, so that they give 0 and shrink removes them. A channel that sums of branches share is one. The
/// criterion's sparsity is the share of the channels that are free to go, over all of them or by the first
/// layer that makes them (scope::usual: so for magnitude, over all for the others), its scores are meaned over
/// the weights that make a channel (Li et al.: "Pruning filters for efficient convnets", 2017, where they are
/// |w|); its units are not used.
///
///     prune::channels(net, prune::magnitude{.sparsity = 0.5});             // of each layer
///     prune::channels(net, prune::taylor{.sparsity = 0.3}, train, exec::openmp{});
///
/// Throws descent::error, and changes nothing, unless 0 <= sparsity < 1 and sparsity <= limit, where no channel
/// is free, and where a layer would lose all its channels.
template <class Network, class C, class... Evidence>
requires criterion<C, Network, Evidence...>
void channels(Network& net, C const& by, Evidence const&... evidence) {
    using T = typename Network::scalar;
    double const sparsity = by.sparsity;
    by.on.check(sparsity);
    selection const on = selection_of(by, true);
    auto& w = net.params();
    auto const places = detail::places_of(net);
    detail::structure<T> const graph(w, net.state(), places);
    auto all = detail::channel_scores(w, by.scores(net, evidence...), graph, on);
    expect(!all.empty(), "prune::channels: there is no channel that could go");
    std::vector<index> whole(w.entries().size(), 0), gone = whole;
    for (auto const& each : all)
        ++whole[each.tensor];
    std::sort(all.begin(), all.end());
    std::vector<std::size_t> go;
    auto const target = [&](std::size_t tensor) {
        return on.scope == scope::global ? sparsity * double(all.size()) : sparsity * double(whole[tensor]);
    };
    for (auto const& each : all) {
        double const pruned = on.scope == scope::global ? double(go.size()) : double(gone[each.tensor]);
        bool const dead = each.score == -HUGE_VAL;
        if (!dead && (2 * (target(each.tensor) - pruned) < 1 ||
                      double(gone[each.tensor] + 1) > detail::most_of(on.limit, whole[each.tensor])))
            continue;
        go.push_back(each.channel);
        ++gone[each.tensor];
    }
    for (std::size_t t = 0; t < gone.size(); ++t)
        if (gone[t] > 0 && gone[t] == whole[t])
            fail("prune: sparsity = ", sparsity, ": no channel would be left of '", w.entries()[t].name, "' ",
                 w.entries()[t].extents.text(), detail::advice(on));
    std::vector<std::vector<bool>> masks(w.entries().size());
    for (std::size_t const channel : go)
        for (detail::slice const& s : graph.slices(channel)) {
            if (!s.makes || s.state)
                continue;
            auto const& entry = w.entries()[s.tensor];
            if (masks[s.tensor].empty())
                masks[s.tensor] = w.mask(entry.name);
            detail::each_number(entry.extents, s.axis, s.at,
                                [&](index i) { masks[s.tensor][std::size_t(i)] = false; });
        }
    for (std::size_t t = 0; t < masks.size(); ++t)
        if (!masks[t].empty())
            w.set_mask(w.entries()[t].name, masks[t]);
}

}  // namespace descent::prune
