// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <descent/core/error.hpp>
#include <descent/core/params.hpp>
#include <descent/prune/detail/units.hpp>
#include <descent/prune/selection.hpp>

namespace descent::prune {

namespace detail {

/// What is pruned together: its score, where it is, how many kept weights it has.
struct candidate {
    double score;
    std::uint32_t tensor;
    index unit, size;

    friend bool operator<(candidate const& a, candidate const& b) {
        return std::tie(a.score, a.tensor, a.unit) < std::tie(b.score, b.tensor, b.unit);
    }
};

/// One tensor while its mask is chosen.
template <class T>
struct masking {
    typename params<T>::entry const* entry;
    units cut;
    std::vector<std::uint8_t> keep;  ///< the mask as it is, then as it will be
    std::vector<bool> drop = {};     ///< units that go
    index pruned = 0;                ///< weights that are masked or go
};

/// A byte for each number of a tensor: 1 where it is kept.
template <class T>
std::vector<std::uint8_t> flags_of(params<T> const& weights, typename params<T>::entry const& entry) {
    std::vector<std::uint8_t> keep(std::size_t(entry.size()), 1);
    if (std::uint8_t const* const bits = weights.mask_bits())
        for (std::size_t i = 0, bit = std::size_t(entry.offset); i < keep.size(); ++i, ++bit)
            keep[i] = bits[bit / 8] >> (bit % 8) & 1;
    return keep;
}

/// The sum of n scores, of many in eight parts, which need not wait for one another.
template <class T>
double sum_of_scores(T const* scores, index n) {
    double parts[8] = {}, sum = 0;
    index i = 0;
    for (; i + 8 <= n; i += 8)
        for (index j = 0; j < 8; ++j)
            parts[j] += double(scores[i + j]);
    for (index j = 0; j < 8 && i > 0; ++j)
        sum += parts[j];
    for (; i < n; ++i)
        sum += double(scores[i]);
    return sum;
}

/// The units that have a kept weight.
template <class T>
void add_candidates(masking<T>& m, std::uint32_t tensor, T const* scores, std::vector<candidate>& to) {
    std::size_t const first = to.size(), count = std::size_t(m.cut.count());
    m.drop.assign(count, false);
    for (std::size_t u = 0; u < count; ++u)
        to.push_back({0, tensor, index(u), 0});
    std::vector<index> whole(count, 0);
    m.cut.for_each([&](index i, index n, index unit) {
        std::size_t const u = std::size_t(unit);
        std::uint8_t const* const keep = m.keep.data() + i;
        index const kept = std::accumulate(keep, keep + n, index(0));
        whole[u] += n;
        to[first + u].size += kept;
        m.pruned += n - kept;
        if (kept == n)
            to[first + u].score += sum_of_scores(scores + i, n);
        else if (kept > 0)
            for (index j = 0; j < n; ++j)
                to[first + u].score += keep[j] ? double(scores[i + j]) : 0.0;
    });
    for (std::size_t u = 0; u < count; ++u) {
        to[first + u].score /= double(whole[u]);
        expect(!std::isnan(to[first + u].score), "prune: scores of '", m.entry->name,
               "' are inf and -inf in one unit");
    }
    auto const begin = to.begin() + std::ptrdiff_t(first);
    to.erase(std::remove_if(begin, to.end(), [](candidate const& each) { return each.size == 0; }), to.end());
}

/// How many of so many may go: 29 of 100 are 0.29 of them, although 0.29 * 100 is less than 29.
inline double most_of(double limit, index all) { return limit * double(all) * (1 + 1e-12); }

/// Drops the lowest while that brings the pruned weights nearer to `target`, which may be less than `pruned`.
template <class T>
void drop_lowest(std::vector<candidate>& all, double target, double pruned, double limit,
                 std::vector<masking<T>>& tensors) {
    std::sort(all.begin(), all.end());
    for (candidate const& each : all) {
        if (2 * (target - pruned) < double(each.size))
            break;
        masking<T>& in = tensors[each.tensor];
        if (double(in.pruned + each.size) > most_of(limit, in.entry->size()))
            continue;
        in.drop[std::size_t(each.unit)] = true;
        in.pruned += each.size;
        pruned += double(each.size);
    }
}

/// The same where every weight is a unit and nothing limits a tensor, which needs no order: the lowest of the
/// tensors from `first` on go until `sparsity` of all of them are masked.
template <class T>
void drop_lowest_weights(std::vector<masking<T>>& tensors, std::size_t first, std::size_t last,
                         params<T> const& scores, double sparsity) {
    std::vector<T> kept;
    double total = 0;
    auto const each_kept = [&](auto const& f) {
        for (std::size_t t = first; t < last; ++t) {
            masking<T>& m = tensors[t];
            T const* const given = scores.data() + m.entry->offset;
            for (index i = 0; i < m.entry->size(); ++i)
                if (m.keep[std::size_t(i)])
                    f(m, i, given[i]);
        }
    };
    for (std::size_t t = first; t < last; ++t)
        total += double(tensors[t].entry->size());
    kept.reserve(std::size_t(total));
    each_kept([&](masking<T>&, index, T score) { kept.push_back(score); });
    double const wanted = sparsity * total - (total - double(kept.size())) + 0.5;
    auto const count = std::ptrdiff_t(std::clamp(wanted, 0.0, double(kept.size())));
    if (count == 0)
        return;
    auto const nth = kept.begin() + count - 1;
    std::nth_element(kept.begin(), nth, kept.end());
    T const highest = *nth;
    // Of those that are equal to the last one, the first go.
    auto equal = count - std::count_if(kept.begin(), nth, [&](T score) { return score < highest; });
    each_kept([&](masking<T>& m, index i, T score) {
        if (score < highest || (score == highest && equal-- > 0))
            m.keep[std::size_t(i)] = false;
    });
}

/// Of each group of M the N with the highest scores stay, of those that are not masked; the first of equal
/// ones.
template <class T>
void drop_n_of_m(masking<T>& m, T const* scores) {
    index const of = m.cut.how.second, line = m.cut.channels * m.cut.places;
    std::vector<std::tuple<bool, double, index>> group;
    for (index row = 0; row < m.cut.rows; ++row)
        for (index place = 0; place < m.cut.places; ++place)
            for (index c = 0; c < m.cut.channels; c += of) {
                group.clear();
                for (index k = c; k < std::min(c + of, m.cut.channels); ++k) {
                    index const i = row * line + k * m.cut.places + place;
                    group.emplace_back(!m.keep[std::size_t(i)], -double(scores[i]), i);
                }
                std::sort(group.begin(), group.end());
                for (std::size_t k = std::size_t(m.cut.how.first); k < group.size(); ++k)
                    m.keep[std::size_t(std::get<index>(group[k]))] = false;
            }
}

/// What helps where a tensor would lose all.
inline std::string_view advice(selection const& on) {
    return on.scope == scope::tensor ? "" : ": scope::tensor or a limit < 1 leaves something of each";
}

/// See below; takes(entry) says which tensors.
template <class T, class Takes>
void mask_lowest(params<T>& weights, params<T> const& scores, double sparsity, selection const& on,
                 Takes const& takes) {
    bool const pattern = on.unit.of == granularity::kind::n_of_m;
    on.check(sparsity);
    expect(on.limit >= 1 || on.unit.of != granularity::kind::tensor, "prune: limit = ", on.limit,
           ": must be 1 where whole tensors go");
    expect(!pattern || sparsity == 0, "prune: sparsity = ", sparsity, ": ", on.unit.first, " of ",
           on.unit.second, " says it: must be 0");
    weights.expect_same_layout(scores, "prune: scores");
    std::vector<masking<T>> tensors;
    for (auto const& entry : weights.entries())
        if (entry.size() > 0 && takes(entry))
            tensors.push_back({&entry, {on.unit, entry.extents}, flags_of(weights, entry)});
    expect(!weights.entries().empty(), "prune: there are no tensors");
    if (tensors.empty() && on.tensors.empty())
        fail("prune: there is no such tensor, only ", weights.names());
    expect(!tensors.empty(), "prune: '", on.tensors, "' matches no such tensor, only ", weights.names(),
           " are there");
    for (auto const& m : tensors) {
        T const* const given = scores.data() + m.entry->offset;
        bool none = false;
        for (index i = 0; i < m.entry->size(); ++i)
            none |= given[i] != given[i];
        expect(!none, "prune: a score of '", m.entry->name, "' is NaN");
    }
    std::vector<candidate> all;
    double total = 0, masked = 0;
    bool const weight_by_weight = on.unit.of == granularity::kind::weight && on.limit >= 1;
    if (weight_by_weight && on.scope != scope::tensor)
        drop_lowest_weights(tensors, 0, tensors.size(), scores, sparsity);
    for (std::size_t t = 0; t < tensors.size(); ++t) {
        auto& m = tensors[t];
        T const* const given = scores.data() + m.entry->offset;
        if (weight_by_weight && on.scope == scope::tensor)
            drop_lowest_weights(tensors, t, t + 1, scores, sparsity);
        if (pattern)
            drop_n_of_m(m, given);
        if (weight_by_weight || pattern)
            continue;
        add_candidates(m, std::uint32_t(t), given, all);
        total += double(m.entry->size());
        masked += double(m.pruned);
        if (on.scope == scope::tensor || t + 1 == tensors.size()) {
            drop_lowest(all, sparsity * total, masked, on.limit, tensors);
            all.clear();
            total = masked = 0;
        }
    }
    bool left = false;
    for (auto& m : tensors) {
        if (!m.drop.empty())
            m.cut.for_each([&](index i, index n, index unit) {
                if (m.drop[std::size_t(unit)])
                    std::fill_n(m.keep.begin() + i, n, std::uint8_t(0));
            });
        bool const some = std::find(m.keep.begin(), m.keep.end(), std::uint8_t(1)) != m.keep.end();
        left |= some;
        if (!some && (on.unit.of != granularity::kind::tensor || (!left && &m == &tensors.back())))
            fail("prune: sparsity = ", sparsity, ": nothing would be left of '", m.entry->name, "' ",
                 m.entry->extents.text(), tensors.size() > 1 ? advice(on) : "");
    }
    for (auto const& m : tensors)
        weights.set_mask(m.entry->name, m.keep);
}

}  // namespace detail

/// Masks the weights with the lowest scores: so many that `sparsity` of those that `on` takes are pruned, to
/// the nearest whole unit. A unit's score is the mean of its weights' (masked ones: 0); of equal ones those
/// that stand first go. Weights that were masked stay masked and count. Throws descent::error, and changes
/// nothing, unless 0 <= sparsity < 1 and sparsity <= on.limit, if `on` takes none, if a score is NaN, if a unit
/// has scores of both infinities, and if a tensor would lose all its weights.
template <class T>
void mask_lowest(params<T>& weights, params<T> const& scores, double sparsity, selection const& on = {}) {
    detail::mask_lowest(weights, scores, sparsity, on,
                        [&](auto const& entry) { return on.takes(entry.name, entry.extents); });
}

}  // namespace descent::prune
