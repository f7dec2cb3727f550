// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include <descent/core/memory.hpp>
#include <descent/core/random.hpp>
#include <descent/data/batch.hpp>
#include <descent/data/dataset.hpp>
#include <descent/data/mixed_batch.hpp>
#include <descent/exec/serial.hpp>

// Tables whose batches are made when they are needed: augmented, mixup, prefetched. Such a table has, beside
// the samples(), features() and scalar of its kind,
//
//     auto const& source() const;                      the dataset<T> behind it
//     template <class Executor>                        makes a batch
//     void make(batch_request const&, made_batch<T>&, Executor const&) const;
//
// What it makes depends on the request alone.
namespace descent::data {

/// Which samples of a run a batch is made of, and when.
struct batch_request {
    index const* order = nullptr;  ///< row numbers; nullptr for 0, 1, 2, ...
    index first = 0, count = 0;    ///< order[first] .. order[first + count - 1]
    std::uint64_t seed = 0;        ///< of the run
    std::int64_t epoch = 0;

    index row(index i) const { return order ? order[first + i] : first + i; }
    friend bool operator==(batch_request const&, batch_request const&) = default;

    /// The random numbers of this epoch for one purpose.
    generator draws(std::uint32_t purpose) const {
        // Another key for each epoch (a bijection in the epoch: Steele, Lea, Flood, 2014).
        std::uint64_t z = seed + 0x9e3779b97f4a7c15u * (std::uint64_t(epoch) + 1);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        return {z ^ (z >> 31), purpose};
    }
};

/// A batch in memory of its own, which grows to the largest one and is used again.
template <class T>
struct made_batch {
    index count = 0, features = 0;
    aligned_buffer<T> x, spare;  ///< rows; room for those who make them
    std::vector<T> y, others, weights;
    bool weighted = false, mixed = false;
    double share = 1;  ///< of y, where mixed; that of others is 1 - share

    /// Room for so many rows, and for `more` numbers beside them.
    void resize(index rows, index width, index more = 0) {
        count = rows, features = width;
        auto const grow = [](aligned_buffer<T>& buffer, index least) {
            if (index(buffer.size()) < least)
                buffer = aligned_buffer<T>(std::size_t(least));
        };
        grow(x, rows * width), grow(spare, more);
        y.resize(std::size_t(rows)), others.resize(std::size_t(rows)), weights.resize(std::size_t(rows));
    }
    mixed_batch<T> rows() const {
        return {{x.data(), y.data(), features, count, nullptr, weighted ? weights.data() : nullptr},
                mixed ? others.data() : nullptr,
                share};
    }
};

/// A table as above.
template <class Table>
concept loading_table = requires(Table const& table, batch_request const& request,
                                 made_batch<typename Table::scalar>& to) {
    table.make(request, to, exec::serial{});
    table.source();
};

/// The dataset behind a table: itself, if it is one.
template <class Table>
auto const& source_of(Table const& table) {
    if constexpr (loading_table<Table>)
        return table.source();
    else
        return table;
}

/// All samples of the dataset behind the table, as they are there.
template <loading_table Table>
auto all_of(Table const& table) {
    return all_of(table.source());
}

namespace detail {

/// Targets and weights of the request's samples.
template <class T>
void take_targets(dataset<T> const& from, batch_request const& request, made_batch<T>& to) {
    to.weighted = from.weights.size() > 0;
    to.mixed = false;
    for (index i = 0; i < request.count; ++i) {
        to.y[std::size_t(i)] = from.y[request.row(i)];
        if (to.weighted)
            to.weights[std::size_t(i)] = from.weights[request.row(i)];
    }
}

/// The batch of a table that is loaded or lies in memory.
template <class Table, class Executor>
void make_batch(Table const& table, batch_request const& request, made_batch<typename Table::scalar>& to,
                Executor const& executor) {
    if constexpr (loading_table<Table>) {
        table.make(request, to, executor);
    } else {
        to.resize(request.count, table.features());
        take_targets(table, request, to);
        constexpr index each = 16;
        executor.for_each((request.count + each - 1) / each, [&](index task) {
            for (index i = task * each; i < std::min(request.count, (task + 1) * each); ++i)
                std::copy_n(table.x.data() + request.row(i) * table.features(), table.features(),
                            to.x.data() + i * table.features());
        });
    }
}

}  // namespace detail

/// Makes batch after batch in the caller's thread. `prefetched` tables bring a loader of their own.
template <class Table, class Executor>
class direct_loader {
public:
    direct_loader(Table const& table, Executor const& executor) : table_(table), executor_(executor) {}

    /// The requested batch, until the next call. `next` will be asked for after it; nothing where count is 0.
    made_batch<typename Table::scalar> const& get(batch_request const& now, batch_request const& /*next*/) {
        detail::make_batch(table_, now, made_, executor_);
        return made_;
    }

private:
    Table const& table_;
    Executor executor_;
    made_batch<typename Table::scalar> made_;
};

}  // namespace descent::data
