// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <type_traits>

#include <descent/core/math.hpp>
#include <descent/core/memory.hpp>
#include <descent/core/pack.hpp>
#include <descent/exec/block.hpp>
#include <descent/exec/detail/gemm_dots.hpp>
#include <descent/exec/detail/gemm_pack.hpp>
#include <descent/exec/detail/gemm_tile.hpp>
#include <descent/exec/epilogue.hpp>

namespace descent::exec::detail {

/// A number of parts that two or four threads share evenly.
inline index even_parts(index parts, index most) {
    return std::min(most, parts > 3 ? (parts + 3) / 4 * 4 : parts);
}

/// A product c = a b whose c is not turned, with all that tasks need.
template <class T, class After>
struct gemm_job {
    using tiles = gemm_tiles<T>;
    using V = native_pack<T>;

    block<T const> a, b;
    block<T> c;
    After after;
    bool turned;  ///< was c, and were a and b exchanged?
    bool dots = false, packs_right = true;
    index down = 0, across = 0, row_tiles = 0, panels = 0;

    gemm_job(block<T const> const& a_, block<T const> const& b_, block<T> const& c_, After const& f,
             bool swapped)
        : a(a_), b(b_), c(c_), after(f), turned(swapped) {
        double const depth = double(std::max(a.cols, index(1)));
        double const work = std::clamp(double(c.rows) * double(c.cols) * depth / parts, least, most);
        double const area = work / depth;
        if (c.rows == 0 || c.cols == 0)
            return;
        if (!a.turned && b.turned && a.cols >= long_sum && c.rows <= few_rows) {
            dots = true;
            down = 1;
            panels = c.cols;
            across = even_parts(std::clamp(index(double(c.rows * c.cols) / area), index(1), panels), panels);
            return;
        }
        row_tiles = (c.rows + tiles::rows - 1) / tiles::rows;
        panels = (c.cols + tiles::columns - 1) / tiles::columns;
        // What is packed serves a whole part: of a turned a as many columns as rows of c, else all rows.
        double const columns = a.turned ? sqrt(area) : area / double(c.rows);
        index const wide =
            std::clamp(index(columns / tiles::columns), index(1), std::min(panels, tiles::group));
        index const tall =
            std::clamp(index(area / double(wide * tiles::columns * tiles::rows)), index(1), row_tiles);
        down = (row_tiles + tall - 1) / tall;
        across = (panels + wide - 1) / wide;
        if (across >= down)
            across = even_parts(across, panels);
        else
            down = even_parts(down, row_tiles);
        packs_right = b.turned || (tall > 2 && a.cols * b.stride * index(sizeof(T)) > near);
    }

    index tasks() const { return down * across; }

    void run(index task) const {
        index const i = task / across, j = task % across;
        index const begin = j * panels / across, end = (j + 1) * panels / across;
        if (dots) {
            gemm_dots(a.data, a.stride, b.data, b.stride, a.cols, c.data, c.stride, c.rows, begin, end);
            finish(0, c.rows, begin, end);
        } else {
            multiply(i * row_tiles / down * tiles::rows,
                     std::min((i + 1) * row_tiles / down * tiles::rows, c.rows), begin, end);
        }
    }

private:
    static constexpr double parts = 8;                        // tasks of a product of medium size
    static constexpr double least = 1 << 19, most = 1 << 25;  // multiplications of a task
    static constexpr index few_rows = 6, long_sum = 32;       // where packing would cost more than the product
    static constexpr index near = 1 << 14;  // bytes that the first cache holds beside all else

    /// Rows [top, bottom) of c, columns of the panels [begin, end).
    void multiply(index top, index bottom, index begin, index end) const {
        alignas(alignment) T packed[std::size_t(tiles::group * tiles::depth * tiles::columns)];
        alignas(alignment) T strip[std::size_t(tiles::rows * tiles::depth)];
        for (index k = 0; k == 0 || k < a.cols; k += tiles::depth) {
            index const depth = std::min(tiles::depth, a.cols - k);
            gemm_right<T> right[std::size_t(tiles::group)];
            for (index panel = begin; panel < end; ++panel) {
                T* const to = packed + (panel - begin) * tiles::depth * tiles::columns;
                index const column = panel * tiles::columns;
                if (packs_right || column + tiles::columns > c.cols)
                    right[panel - begin] = {to, tiles::columns};
                else
                    right[panel - begin] = {b.data + k * b.stride + column, b.stride};
            }
            index const first_packed = packs_right ? begin : std::min(end, c.cols / tiles::columns);
            gemm_pack(b, k, depth, first_packed * tiles::columns, std::min(end * tiles::columns, c.cols),
                      packed + (first_packed - begin) * tiles::depth * tiles::columns);
            for (index row = top; row < bottom; row += tiles::rows) {
                index const rows = std::min(index(tiles::rows), bottom - row);
                auto const tile =
                    (a.turned ? gemm_tile_of<T, true> : gemm_tile_of<T, false>)[std::size_t(rows - 1)];
                gemm_left<T> left{a.data + row * a.row_step() + k * a.column_step(), a.stride};
                if (a.turned)
                    left = gemm_pack_left(left, rows, depth, strip);
                for (index panel = begin; panel < end; ++panel) {
                    alignas(alignment) T sums[std::size_t(tiles::rows * tiles::columns)];
                    fetch(row, rows, panel * tiles::columns);
                    tile(left, right[panel - begin], depth, sums);
                    keep(sums, row, rows, panel * tiles::columns, k == 0, k + depth >= a.cols);
                }
            }
        }
    }

    /// Asks the memory for a part of c, which may have left the caches since the last stretch of the depth.
    void fetch([[maybe_unused]] index top, [[maybe_unused]] index rows, [[maybe_unused]] index column) const {
#if defined(__GNUC__)
        for (index r = 0; r < rows; ++r)
            __builtin_prefetch(c.data + (top + r) * c.stride + column, 1);
#endif
    }

    /// The sums of a tile to c, or onto it, and the epilogue where they are the last ones.
    void keep(T const* sums, index top, index rows, index column, bool first, bool last) const {
        constexpr int lanes = lanes_of<V>;
        index const columns = c.cols - column;
        T* to = c.data + top * c.stride + column;
        if (columns >= tiles::columns) {
            for (index r = 0; r < rows; ++r, sums += tiles::columns, to += c.stride)
                detail::unrolled<tiles::columns / lanes>([&](auto half) {
                    V value = load<V>(sums + half * lanes);
                    if (!first)
                        value += load_unaligned<V>(to + half * lanes);
                    store_unaligned(to + half * lanes,
                                    last ? finished(value, top + r, column + half * lanes) : value);
                });
            return;
        }
        for (index r = 0; r < rows; ++r, sums += tiles::columns, to += c.stride) {
            index j = 0;
            for (; j + lanes <= columns; j += lanes) {
                V value = load<V>(sums + j);
                if (!first)
                    value += load_unaligned<V>(to + j);
                store_unaligned(to + j, last ? finished(value, top + r, column + j) : value);
            }
            for (; j < columns; ++j) {
                T const value = first ? sums[j] : to[j] + sums[j];
                to[j] = last ? finished(value, top + r, column + j) : value;
            }
        }
    }

    template <class U>
    DESCENT_FN U finished(U value, index row, index column) const {
        if constexpr (std::is_same_v<After, unchanged>)
            return value;
        else
            return after(value, turned ? place{column, row, true} : place{row, column, false});
    }

    /// The epilogue on its own.
    void finish([[maybe_unused]] index top, [[maybe_unused]] index bottom, [[maybe_unused]] index begin,
                [[maybe_unused]] index end) const {
        if constexpr (!std::is_same_v<After, unchanged>)
            for (index row = top; row < bottom; ++row) {
                T* const numbers = c.data + row * c.stride;
                index j = begin;
                for (; j + lanes_of<V> <= end; j += lanes_of<V>)
                    store_unaligned(numbers + j, finished(load_unaligned<V>(numbers + j), row, j));
                for (; j < end; ++j)
                    numbers[j] = finished(numbers[j], row, j);
            }
    }
};

}  // namespace descent::exec::detail
