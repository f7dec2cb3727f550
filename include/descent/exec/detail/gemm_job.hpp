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
        if (c.rows == 0 || c.cols == 0)
            return;
        dots = !a.turned && b.turned && a.cols >= long_sum && c.rows <= few_rows;
        row_tiles = (c.rows + tiles::rows - 1) / tiles::rows;
        panels = dots ? c.cols : (c.cols + tiles::columns - 1) / tiles::columns;
        packs_right = b.turned || (row_tiles > 2 && a.cols * b.stride * index(sizeof(T)) > near);
        double const depth = double(std::max(a.cols, index(1))),
                     whole = double(c.rows) * double(c.cols) * depth;
        if (whole <= least && (dots || panels <= tiles::group)) {  // soon done: no divisions
            down = across = 1;
            return;
        }
        double const area = std::clamp(whole / parts, least, most) / depth;
        if (dots) {
            down = 1;
            across = even_parts(std::clamp(index(double(c.rows * c.cols) / area), index(1), panels), panels);
            return;
        }
        // What is packed serves a whole part: of a turned a as many columns as rows of c, else many rows.
        double const columns = a.turned ? sqrt(area) : area / double(std::min(c.rows, many_rows));
        index const wide =
            std::clamp(index(columns / tiles::columns), index(1), std::min(panels, tiles::group));
        index const tall =
            std::clamp(index(area / double(wide * tiles::columns * tiles::rows)) + 1, index(1), row_tiles);
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
        if (tasks() == 1)
            return run(0, row_tiles, 0, panels);
        index const i = task / across, j = task % across;
        run(i * row_tiles / down, (i + 1) * row_tiles / down, j * panels / across, (j + 1) * panels / across);
    }

    /// Tiles [top, bottom) of rows, panels (of dot products columns) [begin, end).
    void run(index top, index bottom, index begin, index end) const {
        if (dots) {
            gemm_dots<sizeof(V) == 64 ? lanes_of<V> / 2 : lanes_of<V>>(
                a.data, a.stride, b.data, b.stride, a.cols, c.data, c.stride, c.rows, begin, end);
            finish(0, c.rows, begin, end);
        } else {
            multiply(top * tiles::rows, std::min(bottom * tiles::rows, c.rows), begin, end);
        }
    }

private:
    static constexpr double parts = 8;                        // tasks of a product of medium size
    static constexpr double least = 1 << 19, most = 1 << 27;  // multiplications of a task
    static constexpr index few_rows = 6, long_sum = 32;       // where packing would cost more than the product
    static constexpr index many_rows = 512;                   // of a task: there, packing costs little
    // There, rows side by side cost less than rows far apart, but on AVX-512, where a tile is done sooner.
    static constexpr index many_panels = sizeof(V) == 64 ? tiles::group + 1 : 8;
    static constexpr index near = 1 << 14;  // bytes that the first cache holds beside all else

    /// Rows [top, bottom) of c, columns of the panels [begin, end).
    void multiply(index top, index bottom, index begin, index end) const {
        alignas(alignment) T packed[std::size_t(tiles::group * tiles::depth * tiles::columns)];
        alignas(alignment) T strip[std::size_t(strips<T> * strip_size<T>)];
        for (index k = 0; k == 0 || k < a.cols; k += tiles::depth) {
            index const depth = std::min(tiles::depth, a.cols - k);
            gemm_right<T> right[std::size_t(tiles::group)];
            // A panel that is cut short within a pack cannot be read where it lies.
            index const cut = c.cols % tiles::columns == lanes_of<V> ? panels : c.cols / tiles::columns,
                        first_packed = packs_right ? begin : std::min(end, cut);
            for (index panel = begin; panel < end; ++panel)
                right[panel - begin] =
                    panel < first_packed
                        ? gemm_right<T>{b.data + k * b.stride + panel * tiles::columns, b.stride}
                        : gemm_right<T>{packed + (panel - begin) * tiles::depth * tiles::columns,
                                        tiles::columns};
            if (first_packed < end)
                gemm_pack(b, k, depth, first_packed * tiles::columns, std::min(end * tiles::columns, c.cols),
                          packed + (first_packed - begin) * tiles::depth * tiles::columns);
            bool const lays_out = a.turned || end - begin >= many_panels;
            index const tall = lays_out ? tiles::tall : tiles::rows;
            for (index row = top, rows = 0; row < bottom; row += rows) {
                bool const near_rows = !a.turned && lays_out && bottom - row >= tall;
                rows = std::min(a.turned || near_rows ? tall : index(tiles::rows), bottom - row);
                auto const r = std::size_t(rows - 1);
                bool const packed_rows = a.turned || near_rows;
                auto const tile =
                    packed_rows ? gemm_tile_of<T, true, false>[r] : gemm_tile_of<T, false, false>[r];
                auto const half =
                    packed_rows ? gemm_tile_of<T, true, true>[r] : gemm_tile_of<T, false, true>[r];
                gemm_left<T> left{a.data + row * a.row_step() + k * a.column_step(), a.stride};
                if (index const at = (row - top) / tall % strips<T>; a.turned) {
                    if (at == 0)
                        gemm_pack_left(left, std::min(strips<T> * tall, bottom - row), depth, strip);
                    left = {strip + at * strip_size<T>, tall};
                } else if (near_rows)
                    left = gemm_pack_rows(left, depth, strip);
                for (index panel = begin; panel < end; ++panel) {
                    alignas(alignment) T sums[std::size_t(tiles::tall * tiles::columns)];
                    fetch(row, rows, panel * tiles::columns);
                    if (near_rows && row + 2 * tall <= bottom)
                        fetch_rows(row + tall, k, depth, panel - begin, end - begin);
                    bool const narrow = c.cols - panel * tiles::columns <= lanes_of<V>;
                    (narrow ? half : tile)(left, right[panel - begin], depth, sums);
                    keep(sums, row, rows, panel * tiles::columns, k == 0, k + depth >= a.cols);
                }
            }
        }
    }

    /// Asks the memory for a part of c, which may have left the caches since the last stretch of the depth.
    void fetch([[maybe_unused]] index top, [[maybe_unused]] index rows, [[maybe_unused]] index column) const {
#if defined(__GNUC__)
        constexpr index line = 64 / sizeof(T);
        for (index r = 0; r < rows; ++r)
            for (index j = 0; j < tiles::columns; j += line)
                __builtin_prefetch(c.data + (top + r) * c.stride + column + j, 1);
#endif
    }

    /// Asks for one of `of` parts of the next rows of a: all at once would hold up the product.
    void fetch_rows([[maybe_unused]] index row, [[maybe_unused]] index k, [[maybe_unused]] index depth,
                    [[maybe_unused]] index part, [[maybe_unused]] index of) const {
#if defined(__GNUC__)
        constexpr index line = 64 / sizeof(T);
        index const lines = (depth + line - 1) / line, all = tiles::tall * lines;
        for (index i = part * all / of; i < (part + 1) * all / of; ++i)
            __builtin_prefetch(a.data + (row + i / lines) * a.stride + k + i % lines * line);
#endif
    }

    /// The sums of a tile to c, or onto it, and the epilogue where they are the last ones.
    void keep(T const* sums, index top, index rows, index column, bool first, bool last) const {
        constexpr int lanes = lanes_of<V>;
        index const columns = c.cols - column;
        T* to = c.data + top * c.stride + column;
        if (columns >= tiles::columns) {
            for (index r = 0; r < rows; ++r, sums += tiles::columns, to += c.stride)
                unrolled<tiles::columns / lanes>([&](auto register_of_row) {
                    V value = load<V>(sums + register_of_row * lanes);
                    if (!first)
                        value += load_unaligned<V>(to + register_of_row * lanes);
                    store_unaligned(to + register_of_row * lanes,
                                    last ? finished(value, top + r, column + register_of_row * lanes) : value);
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
