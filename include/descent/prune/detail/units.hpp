// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>

#include <descent/core/error.hpp>
#include <descent/core/tensor.hpp>
#include <descent/prune/selection.hpp>

namespace descent::prune::detail {

/// A tensor cut into units: unit_of(i) of its i-th number.
struct units {
    granularity how;
    index rows, channels, places, across = 1;

    units(granularity const& unit, shape const& extents)
        : how(unit), rows(extents.rank() > 0 ? extents[0] : 1), channels(extents.rank() > 1 ? extents[1] : 1) {
        index const plane = rows * channels;
        places = plane > 0 ? extents.size() / plane : 0;
        if (how.of == granularity::kind::block)
            across = (channels * places + how.second - 1) / how.second;
        else if (how.of == granularity::kind::n_of_m)
            across = (channels + how.second - 1) / how.second * places;
        else if (how.of == granularity::kind::head)
            expect(rows % (3 * how.first) == 0, "prune: ", how.first, " heads: a tensor ", extents.text(),
                   ": must have a multiple of ", 3 * how.first, " rows");
    }

    index count() const {
        switch (how.of) {
            case granularity::kind::row:
                return rows;
            case granularity::kind::channel:
                return channels;
            case granularity::kind::kernel:
                return rows * channels;
            case granularity::kind::block:
                return (rows + how.first - 1) / how.first * across;
            case granularity::kind::n_of_m:
                return rows * across;
            case granularity::kind::head:
                return how.first;
            case granularity::kind::tensor:
                return 1;
            default:
                return rows * channels * places;
        }
    }

    /// With N of M: the group of M.
    index unit_of(index i) const {
        index const line = channels * places;
        switch (how.of) {
            case granularity::kind::row:
                return i / line;
            case granularity::kind::channel:
                return i / places % channels;
            case granularity::kind::kernel:
                return i / places;
            case granularity::kind::block:
                return i / line / how.first * across + i % line / how.second;
            case granularity::kind::n_of_m:
                return i / line * across + i / places % channels / how.second * places + i % places;
            case granularity::kind::head:
                return i / line % (rows / 3) / (rows / 3 / how.first);
            case granularity::kind::tensor:
                return 0;
            default:
                return i;
        }
    }

    /// f(first, n, unit) for stretches of neighbours of one unit, in turn.
    template <class F>
    void for_each(F const& f) const {
        index const line = channels * places, size = rows * line;
        bool const by_rows = how.of == granularity::kind::row || how.of == granularity::kind::head;
        bool const by_places = how.of == granularity::kind::channel || how.of == granularity::kind::kernel;
        index const each = how.of == granularity::kind::tensor ? size : by_rows ? line : by_places ? places : 1;
        if (how.of == granularity::kind::block) {
            for (index row = 0; row < size; row += line)
                for (index c = 0; c < line; c += how.second)
                    f(row + c, std::min(how.second, line - c), unit_of(row + c));
        } else {
            for (index first = 0; first < size; first += each)
                f(first, each, unit_of(first));
        }
    }
};

}  // namespace descent::prune::detail
