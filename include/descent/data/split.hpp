// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <cstdint>
#include <string_view>
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

namespace detail {

/// How many rows of a group train, where `wanted` rows of all n do: per class with stratify, else one group.
template <class Table>
std::vector<index> split_quotas(Table const& table, index wanted, bool stratify, std::string_view who) {
    index const n = table.samples();
    if (!stratify)
        return {wanted};
    expect(table.y.size() == n, who, ": ", n, " samples, ", table.y.size(), " targets");
    index const classes = table.classes();
    expect(classes > 0, who, ": stratify = true: the targets must be class indices 0, 1, ...");
    check_labels(table, classes, who);
    std::vector<index> sizes(static_cast<std::size_t>(classes));
    for (auto const label : table.y)
        ++sizes[std::size_t(label)];
    return quotas(sizes, wanted, n);
}

/// The rows in the order in which they are dealt out.
inline std::vector<index> split_order(index n, bool shuffle, std::uint64_t seed) {
    if (shuffle)
        return permutation(n, generator{seed, split_stream});
    std::vector<index> order(static_cast<std::size_t>(n));
    for (index row = 0; row < n; ++row)
        order[std::size_t(row)] = row;
    return order;
}

}  // namespace detail

/// Divides the rows in two: `auto [train, test] = split(table, {.train = 0.8, .seed = 7});`. The table is a
/// dataset, a sparse_dataset or a text_dataset. Throws descent::error for a share outside (0, 1), a share that
/// leaves one part empty, or stratify without labels.
template <class Table>
std::pair<Table, Table> split(Table const& table, split_options const& options = {}) {
    expect(options.train > 0 && options.train < 1, "split: train = ", options.train, ": must be in (0, 1)");
    index const n = table.samples();
    index const wanted = index(std::llround(options.train * double(n)));
    bool const some = wanted > 0, rest = wanted < n;
    expect(some && rest, "split: train = ", options.train, " of ", n, " rows leaves ",
           some ? "no row to test" : "no row to train");

    auto quota = detail::split_quotas(table, wanted, options.stratify, "split");
    std::vector<index> train, test;
    for (index const row : detail::split_order(n, options.shuffle, options.seed)) {
        index& left = quota[options.stratify ? std::size_t(table.y[row]) : 0];
        (left > 0 ? train : test).push_back(row);
        left -= left > 0;
    }
    return {table.rows(train), table.rows(test)};
}

/// How split_three divides the rows; the rest is the test part.
struct three_way {
    double train = 0.6;       ///< share of the rows in the first part; their number is rounded
    double validation = 0.2;  ///< share of the rows in the second part
    std::uint64_t seed = 0;   ///< same seed, same rows on every machine
    bool shuffle = true;      ///< false: first rows, middle rows, last rows (time series)
    bool stratify = false;    ///< each class divided in the same shares, as far as whole rows allow
};

/// The parts of a table: to fit, to choose with, and to judge once.
template <class Table>
struct three_parts {
    Table train, validation, test;
};

/// Divides the rows in three: `auto [train, held, test] = split_three(table, {.train = 0.7, .validation =
/// 0.15});`. The table is a dataset, a sparse_dataset or a text_dataset. Throws descent::error for shares
/// outside (0, 1) or with a sum of 1 or more, shares that leave a part empty, or stratify without labels.
template <class Table>
three_parts<Table> split_three(Table const& table, three_way const& options = {}) {
    expect(options.train > 0 && options.validation > 0 && options.train + options.validation < 1,
           "split_three: train = ", options.train, ", validation = ", options.validation,
           ": must be > 0, with a sum < 1");
    index const n = table.samples();
    index const first = index(std::llround(options.train * double(n)));
    index const both = index(std::llround((options.train + options.validation) * double(n)));
    expect(0 < first && first < both && both < n, "split_three: train = ", options.train,
           ", validation = ", options.validation, " of ", n, " rows leaves a part empty");
    auto train_left = detail::split_quotas(table, first, options.stratify, "split_three");
    auto held_left = detail::split_quotas(table, both, options.stratify, "split_three");
    std::vector<index> train, held, test;
    for (index const row : detail::split_order(n, options.shuffle, options.seed)) {
        std::size_t const group = options.stratify ? std::size_t(table.y[row]) : 0;
        bool const to_train = train_left[group] > 0, to_held = held_left[group] > 0;
        (to_train ? train : to_held ? held : test).push_back(row);
        train_left[group] -= to_train;
        held_left[group] -= to_held;
    }
    return {table.rows(train), table.rows(held), table.rows(test)};
}

}  // namespace descent::data
