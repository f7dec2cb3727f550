// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include <descent/data/dataset.hpp>
#include <descent/data/detail/hash.hpp>
#include <descent/data/sparse.hpp>

namespace descent::data {

/// A row that is like an earlier one.
struct repeat {
    index row = 0;
    index earlier = 0;  ///< the first row like it

    friend bool operator==(repeat const&, repeat const&) = default;
};

/// What find_duplicates found. Rows count from 0; all lists rise.
struct duplicates {
    std::vector<index> kept = {};        ///< the rows that remain: the first of each kind
    std::vector<repeat> dropped = {};    ///< rows with the features and the target of an earlier one
    std::vector<repeat> conflicts = {};  ///< rows with the features of an earlier one and another target; kept
};

namespace detail {

inline std::string_view bytes_of(void const* data, std::size_t size) {
    return {static_cast<char const*>(data), size};
}

/// The first part, and the second part, of what a row holds: its numbers; its columns and its values.
template <class T>
std::pair<std::string_view, std::string_view> row_bytes(dataset<T> const& table, index row) {
    return {bytes_of(table.x.data() + row * table.features(), std::size_t(table.features()) * sizeof(T)), {}};
}
template <class T>
std::pair<std::string_view, std::string_view> row_bytes(sparse_dataset<T> const& table, index row) {
    auto const begin = table.x.offsets[std::size_t(row)];
    auto const count = std::size_t(table.x.offsets[std::size_t(row) + 1] - begin);
    return {bytes_of(table.x.columns.data() + begin, count * sizeof(std::uint32_t)),
            bytes_of(table.x.values.data() + begin, count * sizeof(T))};
}

}  // namespace detail

/// Finds equal rows of a dataset or sparse_dataset, bit by bit: 0 and -0 differ, NaNs of the same bits are
/// equal. Rows with equal features and another target are conflicts (each against the first row with its
/// features): the same sample with two labels is an error in the data, or the limit of what any model can
/// reach. In linear time, by hashing.
template <class Table>
duplicates find_duplicates(Table const& table) {
    auto const same_features = [&](index a, index b) {
        return detail::row_bytes(table, a) == detail::row_bytes(table, b);
    };
    auto const target = [&](index row) {
        return table.y.size() ? detail::bytes_of(table.y.data() + row, sizeof table.y[row])
                              : std::string_view();
    };
    duplicates found;
    detail::hash_index features, rows;
    std::vector<index> first;  // row of each kind of features
    for (index row = 0; row < table.samples(); ++row) {
        auto const [one, other] = detail::row_bytes(table, row);
        auto const hash = detail::murmur3(other, detail::murmur3(one));
        auto const kind = features.find_or_add(
            hash, [&](std::int64_t thing) { return same_features(first[std::size_t(thing)], row); });
        if (kind < 0)
            first.push_back(row);
        auto const same = rows.find_or_add(detail::murmur3(target(row), hash), [&](std::int64_t thing) {
            index const earlier = found.kept[std::size_t(thing)];
            return target(earlier) == target(row) && same_features(earlier, row);
        });
        if (same >= 0) {
            found.dropped.push_back({row, found.kept[std::size_t(same)]});
            continue;
        }
        found.kept.push_back(row);
        if (kind >= 0)
            found.conflicts.push_back({row, first[std::size_t(kind)]});
    }
    return found;
}

/// A copy without the rows that find_duplicates drops. The weight of a dropped row is lost with it.
template <class Table>
Table drop_duplicates(Table const& table) {
    return table.rows(find_duplicates(table).kept);
}

}  // namespace descent::data
