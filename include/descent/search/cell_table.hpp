// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <descent/core/random.hpp>
#include <descent/search/space.hpp>

namespace descent::search {

/// A problem of architecture search whose every answer is known, for tests and for comparing samplers: cells of
/// four nodes with an operation on each of the six edges between them, as in NAS-Bench-201 (Dong & Yang, 2020),
/// 5^6 = 15625 in all. Its accuracies are no measurements but this formula, which has what such tables have:
/// cells that differ in writing and not in what they compute, many fair ones, few best ones, and optima of a
/// neighbourhood that are not the best:
///
///     live: an edge that is not "none" and lies on a path from the input (node 0) to the output (node 3)
///     work = sum over live edges of 1 (conv3), 0.45 (conv1), 0.12 (pool), 0 (skip)
///     deep = most convolutions on one path;  flat = most pools on one path
///     short_cut = 1 where a path from input to output has skips alone
///     accuracy = 10 without a path, else
///         94 - 24 exp(-0.75 work) - 1.5 max(0, deep - 1 - short_cut)^2 - 1.2 flat - 0.4 pools^2 / edges
///            + 0.8 short_cut [work > 0] + 1.2 (u - 0.5)
///
/// where u in [0, 1) is drawn by the live edges alone (philox), so that equal cells are equal.
///
///     study.maximize({.trials = 300}, [](search::trial& t) { return search::cell_table::of(t).accuracy(); });
struct cell_table {
    static constexpr int edges = 6;
    /// Edge k leads from node from[k] to node to[k].
    static constexpr std::array<int, edges> from{0, 0, 1, 0, 1, 2}, to{1, 2, 2, 3, 3, 3};
    static constexpr std::int64_t cells = 15625;
    enum operation : char { none, skip, conv1, conv3, pool };

    std::array<operation, edges> at{};  ///< of each edge

    /// "edge0" ... "edge5", each one of the operations.
    static search::space space() {
        search::space all;
        for (int k = 0; k < edges; ++k)
            all.add(text("edge", k), categorical({"none", "skip", "conv1", "conv3", "pool"}));
        return all;
    }
    /// The cell of a trial, a record or a setting.
    template <class Values>
    static cell_table of(Values&& values) {
        cell_table cell;
        for (int k = 0; k < edges; ++k)
            cell.at[std::size_t(k)] = operation(int(values[text("edge", k)]));
        return cell;
    }
    /// Number i of all of them. Throws descent::error unless 0 <= i < cells.
    static cell_table number(std::int64_t i) {
        expect(i >= 0 && i < cells, "cell_table: number = ", i, ": must be in [0, ", cells, ")");
        cell_table cell;
        for (operation& each : cell.at) {
            each = operation(i % 5);
            i /= 5;
        }
        return cell;
    }

    /// The cell with all edges that do not matter at none: equal cells become the same.
    cell_table live() const {
        std::array<bool, 4> reached{true, false, false, false}, useful{false, false, false, true};
        // Edges stand in the order of the nodes that they come to.
        for (std::size_t k = 0; k < edges; ++k)
            if (at[k] != none && reached[std::size_t(from[k])])
                reached[std::size_t(to[k])] = true;
        for (std::size_t k = edges; k-- > 0;)
            if (at[k] != none && useful[std::size_t(to[k])])
                useful[std::size_t(from[k])] = true;
        cell_table kept;
        for (std::size_t k = 0; k < edges; ++k)
            if (reached[std::size_t(from[k])] && useful[std::size_t(to[k])])
                kept.at[k] = at[k];
        return kept;
    }

    /// By the formula above, in percent.
    double accuracy() const {
        cell_table const cell = live();
        constexpr double away = -100;
        std::array<double, 4> deep{0, away, away, away}, flat = deep, skips = deep;
        double work = 0, pools = 0, count = 0;
        std::uint64_t code = 0;
        for (std::size_t k = 0; k < edges; ++k) {
            operation const op = cell.at[k];
            code = 5 * code + std::uint64_t(op);
            if (op == none)
                continue;
            auto const lengthen = [&](std::array<double, 4>& path, double by) {
                path[std::size_t(to[k])] = std::max(path[std::size_t(to[k])], path[std::size_t(from[k])] + by);
            };
            lengthen(deep, op == conv1 || op == conv3);
            lengthen(flat, op == pool);
            lengthen(skips, op == skip ? 0 : away);
            work += op == conv3 ? 1 : op == conv1 ? 0.45 : op == pool ? 0.12 : 0;
            pools += op == pool;
            ++count;
        }
        if (count == 0)
            return 10;
        double const short_cut = skips[3] == 0, excess = std::max(0.0, deep[3] - 1 - short_cut);
        double const u = generator{0xce11, 1}.uniform<double>(code);
        return 94 - 24 * std::exp(-0.75 * work) - 1.5 * excess * excess - 1.2 * flat[3] -
               0.4 * pools * pools / count + 0.8 * short_cut * (work > 0) + 1.2 * (u - 0.5);
    }

    /// Weights of its live convolutions between `width` channels.
    std::int64_t parameters(std::int64_t width = 16) const {
        std::int64_t count = 0;
        for (operation const op : live().at)
            count += op == conv3 ? 9 * width * width : op == conv1 ? width * width : 0;
        return count;
    }

    friend bool operator==(cell_table const&, cell_table const&) = default;
};

}  // namespace descent::search
