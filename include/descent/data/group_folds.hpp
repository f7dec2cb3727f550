// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include <descent/data/folds.hpp>

namespace descent::data {

/// k folds that no group is divided by: groups[row] is any number, the same for rows that belong together (one
/// patient, one author). Groups are dealt from the largest down, each to the fold with the fewest rows. Throws
/// descent::error for folds < 2 and for fewer groups than folds.
///
///     for (auto const& [train, test] : data::group_folds(patient, 5))
inline std::vector<fold> group_folds(std::vector<std::int64_t> const& groups, int folds = 5) {
    std::vector<std::int64_t> names = groups;
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    expect(folds >= 2, "group_folds: folds = ", folds, ": must be >= 2");
    expect(std::size_t(folds) <= names.size(), "group_folds: folds = ", folds, ": there are only ",
           names.size(), " groups");
    auto const position = [&](std::int64_t name) {
        return std::size_t(std::lower_bound(names.begin(), names.end(), name) - names.begin());
    };
    std::vector<index> sizes(names.size());
    for (std::int64_t const name : groups)
        ++sizes[position(name)];
    std::vector<std::size_t> order(names.size()), home(names.size());
    for (std::size_t i = 0; i < order.size(); ++i)
        order[i] = i;
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return sizes[a] > sizes[b]; });
    std::vector<index> filled(std::size_t(folds), 0);
    for (std::size_t const group : order) {
        auto const least = std::size_t(std::min_element(filled.begin(), filled.end()) - filled.begin());
        home[group] = least;
        filled[least] += sizes[group];
    }
    std::vector<fold> made(std::size_t(folds), fold{});
    for (std::size_t row = 0; row < groups.size(); ++row)
        for (std::size_t k = 0; k < made.size(); ++k)
            (home[position(groups[row])] == k ? made[k].test : made[k].train).push_back(index(row));
    return made;
}

}  // namespace descent::data
