// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

#include <descent/core/error.hpp>
#include <descent/core/tensor.hpp>
#include <descent/data/batch.hpp>
#include <descent/data/sparse.hpp>
#include <descent/linear/detail/device_columns.hpp>
#include <descent/linear/detail/device_sweep.hpp>

namespace descent::linear::detail {

/// n numbers in the memory of the executor.
template <class U, class Executor>
typename Executor::template memory<U> uploaded(U const* from, index n, Executor const& executor) {
    typename Executor::template memory<U> to{std::size_t(n)};
    executor.upload(from, n, to.data());
    return to;
}

inline constexpr std::string_view no_targets = "device_rows: the data has no targets";

/// The numbers of a batch without a list of rows, in the memory of a device.
template <class Batch, class Executor>
class device_copy;

template <class T, class Executor>
class device_copy<data::batch<T>, Executor> {
    template <class U>
    using memory = typename Executor::template memory<U>;

public:
    device_copy(data::batch<T> const& rows, Executor const& executor)
        : features_(rows.features),
          x_(uploaded(rows.x, rows.count * rows.features, executor)),
          y_(uploaded(rows.y, rows.count, executor)),
          weights_(uploaded(rows.weights, rows.weights ? rows.count : 0, executor)) {}

    T const* targets() const { return y_.data(); }
    T const* weights() const { return weights_.size() ? weights_.data() : nullptr; }
    device_dense<T> reader() const { return {x_.data(), features_}; }

    /// How a sweep is cut: enough blocks for the largest device, fewer where their tiles would not stay in its
    /// cache or their gradients would take more than the data.
    device_cut cut(index rows, index outputs, int rows_a_thread) const {
        constexpr index most = 512, cache = index(24) << 20, least = 64, room = index(64) << 20;
        index const narrow = std::min<index>(features_, 32), wide = (features_ + 3) / 4;
        device_cut const trial = device_cut::of(rows, std::max(narrow, wide), features_, rows_a_thread, most);
        index const row = std::max(features_, index(1)) * index(sizeof(T));
        index const fit = std::max(cache / (trial.tile_rows * row), 2 * least);
        index const slots = std::max(room / (trial.subsets() * outputs * row), least);
        return device_cut::of(rows, std::max(narrow, wide), features_, rows_a_thread,
                              std::min({most, fit, slots}));
    }

private:
    index features_;
    memory<T> x_, y_, weights_;
};

/// Sparse rows lie there twice: by rows for the scores, by columns for the gradient.
template <class T, class Column, class Executor>
class device_copy<data::sparse_batch<T, Column>, Executor> {
    template <class U>
    using memory = typename Executor::template memory<U>;

public:
    device_copy(data::sparse_batch<T, Column> const& rows, Executor const& executor)
        : y_(uploaded(rows.y ? rows.y + rows.first : nullptr, rows.count, executor)),
          weights_(uploaded(rows.weights ? rows.weights + rows.first : nullptr, rows.weights ? rows.count : 0,
                            executor)) {
        expect(rows.count < index(1) << 32, "device_rows: ", rows.count, " samples: must be < 2^32");
        std::int64_t const begin = rows.count > 0 ? rows.begin(0) : 0;
        std::vector<std::int64_t> offsets{0};
        for (index i = 0; i < rows.count; ++i) {
            expect(rows.begin(i) <= rows.end(i), "device_rows: row ", i, ": offsets must not fall");
            offsets.push_back(rows.end(i) - begin);
        }
        entries_ = index(offsets.back());
        Column const* const columns = entries_ ? rows.columns + begin : nullptr;
        T const* const values = entries_ ? rows.values + begin : nullptr;
        for (index k = 0; k < entries_; ++k)
            expect(index(columns[k]) < rows.features, "device_rows: column ", columns[k], ": must be in [0, ",
                   rows.features, ")");
        offsets_ = uploaded(offsets.data(), index(offsets.size()), executor);
        columns_ = uploaded(columns, entries_, executor);
        values_ = uploaded(values, entries_, executor);
        turn_columns(offsets, columns, values, rows.features, executor);
    }

    T const* targets() const { return y_.data(); }
    T const* weights() const { return weights_.size() ? weights_.data() : nullptr; }
    device_sparse<T, Column> reader() const { return {offsets_.data(), columns_.data(), values_.data()}; }
    std::uint32_t const* entry_rows() const { return rows_.data(); }
    T const* entry_values() const { return by_column_.data(); }
    device_piece const* pieces() const { return pieces_.data(); }
    index piece_count() const { return index(pieces_.size()); }
    std::int64_t const* first_pieces() const { return first_.data(); }

    /// As many lanes as find a few entries each in a row of usual length.
    device_cut cut(index rows, index /*outputs*/, int rows_a_thread) const {
        constexpr index most = 2048;
        index const usual = entries_ / std::max(rows, index(1)) / 3;
        return device_cut::of(rows, std::clamp<index>(usual, 1, 32), 1, rows_a_thread, most);
    }

private:
    void turn_columns(std::vector<std::int64_t> const& offsets, Column const* columns, T const* values,
                      index features, Executor const& executor) {
        auto const n = index(offsets.size()) - 1;
        std::vector<std::int64_t> next(std::size_t(features) + 1, 0), first{0};
        for (index k = 0; k < entries_; ++k)
            ++next[std::size_t(columns[k]) + 1];
        // No column has more than some hundred pieces to be joined.
        index const least = 512, length = std::max(least, (n / least + 31) / 32 * 32);
        std::vector<device_piece> pieces;
        for (index j = 0; j < features; ++j) {
            std::int64_t const begin = next[std::size_t(j)], end = begin + next[std::size_t(j) + 1];
            next[std::size_t(j) + 1] = end;
            for (std::int64_t at = begin; at < end; at += length)
                pieces.push_back({at, std::min<std::int64_t>(at + length, end)});
            first.push_back(std::int64_t(pieces.size()));
        }
        std::vector<std::uint32_t> rows(static_cast<std::size_t>(entries_));
        std::vector<T> turned(static_cast<std::size_t>(entries_));
        for (index i = 0; i < n; ++i)
            for (std::int64_t k = offsets[std::size_t(i)]; k < offsets[std::size_t(i) + 1]; ++k) {
                auto const to = std::size_t(next[columns[k]]++);
                rows[to] = std::uint32_t(i);
                turned[to] = values[k];
            }
        rows_ = uploaded(rows.data(), entries_, executor);
        by_column_ = uploaded(turned.data(), entries_, executor);
        pieces_ = uploaded(pieces.data(), index(pieces.size()), executor);
        first_ = uploaded(first.data(), index(first.size()), executor);
    }

    index entries_ = 0;
    memory<T> y_, weights_, values_, by_column_;
    memory<std::int64_t> offsets_, first_;
    memory<Column> columns_;
    memory<std::uint32_t> rows_;
    memory<device_piece> pieces_;
};

}  // namespace descent::linear::detail
