// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include <descent/core/random.hpp>
#include <descent/data/check.hpp>

namespace descent::data {

/// How split divides the rows.
struct split_options {
    double train = 0.8;      ///< share of the rows in the first part, in (0, 1); their number is rounded
    std::uint64_t seed = 0;  ///< same seed, same rows on every machine
    bool shuffle = true;     ///< false: the first rows train, the last rows test (time series)
    bool stratify = false;   ///< each class divided in the same share, as far as whole rows allow
};

namespace detail {

/// The random stream of split: other users of the same seed draw other numbers.
inline constexpr std::uint32_t split_stream = 0x73706c74;  // "splt"

/// How many rows of each group train, where `wanted` of all do: every group's share rounded down, and the rows
/// still missing given to the largest remainders (Hamilton's method; ties to the lower group).
inline std::vector<index> quotas(std::vector<index> const& sizes, index wanted, index all) {
    std::vector<index> quota;
    index given = 0;
    for (index const size : sizes) {
        quota.push_back(size * wanted / all);
        given += quota.back();
    }
    std::vector<bool> raised(sizes.size());
    for (; given < wanted; ++given) {
        std::size_t best = sizes.size();
        for (std::size_t k = 0; k < sizes.size(); ++k)
            if (!raised[k] && (best == sizes.size() || sizes[k] * wanted % all > sizes[best] * wanted % all))
                best = k;
        raised[best] = true;
        ++quota[best];
    }
    return quota;
}

}  // namespace detail

/// Divides the rows in two: `auto [train, test] = split(table, {.train = 0.8, .seed = 7});`. Throws
/// descent::error for a share outside (0, 1), a share that leaves one part empty, or stratify without labels.
template <class T>
std::pair<dataset<T>, dataset<T>> split(dataset<T> const& table, split_options const& options = {}) {
    expect(options.train > 0 && options.train < 1, "split: train = ", options.train, ": must be in (0, 1)");
    index const n = table.samples();
    index const wanted = index(std::llround(options.train * double(n)));
    expect(wanted > 0 && wanted<n, "split: train = ", options.train, " of ", n, " rows leaves ", wanted> 0
               ? "no row to test"
               : "no row to train");

    std::vector<index> quota{wanted};  // without stratify all rows are one group
    if (options.stratify) {
        expect(table.y.size() == n, "split: ", n, " samples, ", table.y.size(), " targets");
        index const classes = table.classes();
        expect(classes > 0, "split: stratify = true: the targets must be class indices 0, 1, ...");
        check_labels(table, classes, "split");
        std::vector<index> sizes(static_cast<std::size_t>(classes));
        for (T const label : table.y)
            ++sizes[std::size_t(label)];
        quota = detail::quotas(sizes, wanted, n);
    }

    auto const order = permutation(options.shuffle ? n : 0, generator{options.seed, detail::split_stream});
    std::vector<index> train, test;
    for (index i = 0; i < n; ++i) {
        index const row = options.shuffle ? order[std::size_t(i)] : i;
        index& left = quota[options.stratify ? std::size_t(table.y[row]) : 0];
        (left > 0 ? train : test).push_back(row);
        left -= left > 0;
    }
    return {table.rows(train), table.rows(test)};
}

}  // namespace descent::data
