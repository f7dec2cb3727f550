// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

#include <descent/core/random.hpp>
#include <descent/data/check.hpp>

namespace descent::data {

/// How k_folds divides the rows.
struct fold_options {
    int folds = 5;           ///< k >= 2
    std::uint64_t seed = 0;  ///< same seed, same rows on every machine
    bool shuffle = true;     ///< false: consecutive rows form a fold
    bool stratify = false;   ///< each class spread evenly over the folds
};

/// One of k ways to divide the rows; the numbers rise. `table.rows(fold.train)` is a table.
struct fold {
    std::vector<index> train = {};
    std::vector<index> test = {};
};

namespace detail {

/// The random stream of k_folds: other users of the same seed draw other numbers.
inline constexpr std::uint32_t fold_stream = 0x666f6c64;  // "fold"

/// How many rows of each group every fold tests: sizes[group] in all, dealt one by one to fold 0, 1, ..., group
/// after group, so that neither a fold's size nor its share of a group is off by more than one row.
inline std::vector<std::vector<index>> fold_quotas(std::vector<index> const& sizes, int folds) {
    std::vector<std::vector<index>> quota(sizes.size(), std::vector<index>(std::size_t(folds)));
    index dealt = 0;
    for (std::size_t group = 0; group < sizes.size(); ++group)
        for (index i = 0; i < sizes[group]; ++i)
            ++quota[group][std::size_t(dealt++ % folds)];
    return quota;
}

}  // namespace detail

/// Divides the rows into k parts and lists, for each, that part as test and the others as train: every row is
/// tested once. Sizes differ by one row at most. Without shuffle the same folds as scikit-learn's KFold and
/// StratifiedKFold. The table is a dataset, a sparse_dataset or a text_dataset. Throws descent::error for
/// folds < 2, more folds than rows, or stratify without labels. A class with fewer rows than folds is absent
/// from some tests.
///
///     for (auto const& [train, test] : data::k_folds(table, {.folds = 10, .stratify = true}))
///         fit(model, table.rows(train));
template <class Table>
std::vector<fold> k_folds(Table const& table, fold_options const& options = {}) {
    index const n = table.samples();
    expect(options.folds >= 2, "k_folds: folds = ", options.folds, ": must be >= 2");
    expect(options.folds <= n, "k_folds: folds = ", options.folds, ": there are only ", n, " rows");

    // The group of each row: its class, in order of first appearance, as scikit-learn counts them.
    std::vector<std::size_t> group(std::size_t(n), 0);
    std::vector<index> sizes{n};
    if (options.stratify) {
        expect(table.y.size() == n, "k_folds: ", n, " samples, ", table.y.size(), " targets");
        index const classes = table.classes();
        expect(classes > 0, "k_folds: stratify = true: the targets must be class indices 0, 1, ...");
        check_labels(table, classes, "k_folds");
        sizes.clear();
        std::vector<index> number(std::size_t(classes), -1);
        for (index row = 0; row < n; ++row) {
            index& mine = number[std::size_t(table.y[row])];
            if (mine < 0) {
                mine = index(sizes.size());
                sizes.push_back(0);
            }
            group[std::size_t(row)] = std::size_t(mine);
            ++sizes[std::size_t(mine)];
        }
    }

    auto left = detail::fold_quotas(sizes, options.folds);
    std::vector<std::size_t> now(sizes.size(), 0), tested_in(group.size());
    auto const order = permutation(options.shuffle ? n : 0, generator{options.seed, detail::fold_stream});
    for (std::size_t i = 0; i < group.size(); ++i) {
        std::size_t const row = options.shuffle ? std::size_t(order[i]) : i, mine = group[row];
        while (left[mine][now[mine]] == 0)
            ++now[mine];
        --left[mine][now[mine]];
        tested_in[row] = now[mine];
    }
    std::vector<fold> folds(std::size_t(options.folds));
    for (index row = 0; row < n; ++row)
        for (std::size_t k = 0; k < folds.size(); ++k)
            (tested_in[std::size_t(row)] == k ? folds[k].test : folds[k].train).push_back(row);
    return folds;
}

}  // namespace descent::data
