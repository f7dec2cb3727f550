// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <numeric>

#include <descent/core/memory.hpp>
#include <descent/prune/detail/n_of_m_columns.hpp>
#include <descent/prune/detail/n_of_m_tile.hpp>

namespace descent::prune::detail {

/// y = x W^T + b by a form of the processor, in tiles of samples.
template <class T>
class n_of_m_product {
public:
    n_of_m_product(n_of_m_weights<T> const& weights, n_of_m_form<T> const& form, T const* x, index samples,
                   T* y)
        : w_(weights),
          form_(form),
          x_(x),
          y_(y),
          samples_(samples),
          tiles_((samples + form.most - 1) / form.most),
          tall_(tiles_ ? (samples + tiles_ - 1) / tiles_ : 0),
          room_(group_room(tall_) * w_.groups()) {}

    template <class Executor>
    void operator()(Executor const& executor, aligned_buffer<T>& memory) {
        // Forms read a whole register where a group is shorter.
        std::size_t const needed = std::size_t(tiles_ * room_ + 16);
        if (memory.size() < needed)
            memory = aligned_buffer<T>(needed);
        packed_ = memory.data();
        executor.for_each(tiles_, [this](index tile) {
            form_.pack(w_.pattern, x_ + first(tile) * w_.inputs, rows(tile), w_.inputs, packed_ + tile * room_);
        });
        index const parts = (w_.panels() + part_panels - 1) / part_panels;
        if (form_.turned) {
            executor.for_each(tiles_ * parts,
                              [=, this](index task) { by_columns(task / parts, task % parts); });
        } else {
            index const stripes = (tiles_ + stripe_tiles - 1) / stripe_tiles;
            executor.for_each(stripes * parts, [=, this](index task) { by_rows(task / parts, task % parts); });
        }
    }

private:
    static constexpr index part_panels = 4, part_outputs = part_panels * n_of_m_outputs, stripe_tiles = 32;
    static constexpr index most_rows = 64;
    // Slots of a panel that stay in the first cache while tiles pass; inputs of a tile that stay there while
    // panels do.
    static constexpr index row_slots = 256, column_inputs = 128;

    index first(index tile) const { return tile * samples_ / tiles_; }
    index rows(index tile) const { return first(tile + 1) - first(tile); }
    index group_room(index rows) const { return rows ? form_.width(rows) * form_.window(w_.pattern.of) : 0; }

    /// A panel's tile of `groups` groups from `group` on.
    n_of_m_tile<T> tile_of(index tile, index panel, index panels, index group, index groups, T* sums,
                           index step) const {
        index const slot = group * w_.pattern.kept, left = w_.groups() - group;
        return {w_.pattern,
                w_.values.data() + panel * w_.values_step() + slot * n_of_m_outputs,
                w_.codes.data() + panel * w_.codes_step() + slot / w_.pattern.word_slots() * n_of_m_outputs,
                w_.values_step(),
                w_.codes_step(),
                panels,
                std::min(groups, left),
                packed_ + tile * room_ + group * group_room(rows(tile)),
                rows(tile),
                sums,
                step};
    }

    /// About so many groups that fill whole words of codes.
    index whole_words(index groups) const {
        index const word = w_.pattern.word_slots(), whole = word / std::gcd(w_.pattern.kept, word);
        return std::max(groups / whole, index(1)) * whole;
    }

    /// Sums grow in y itself.
    void by_rows(index stripe, index part) const {
        index const top = stripe * stripe_tiles, bottom = std::min(tiles_, top + stripe_tiles);
        index const end = std::min(w_.panels(), (part + 1) * part_panels), wide = form_.wide(tall_);
        index const stretch =
            tiles_ == 1 ? std::max(w_.groups(), index(1)) : whole_words(row_slots / w_.pattern.kept);
        for (index panel = part * part_panels; panel < end; panel += wide)
            for (index group = 0; group == 0 || group < w_.groups(); group += stretch)
                for (index tile = top; tile < bottom; ++tile)
                    rows_tile(tile, panel, std::min(end - panel, wide), group, stretch);
    }

    void rows_tile(index tile, index panel, index panels, index group, index groups) const {
        index const column = panel * n_of_m_outputs, width = panels * n_of_m_outputs,
                    live = std::min(width, w_.outputs - column), count = rows(tile);
        T part[16 * part_outputs];  // where the last panel is not whole
        T* const to = y_ + first(tile) * w_.outputs + column;
        T* const sums = live == width ? to : part;
        index const step = live == width ? w_.outputs : part_outputs;
        for (index r = 0; r < count; ++r) {
            if (group == 0)
                std::copy_n(w_.bias.data() + column, width, sums + r * step);
            else if (live < width)
                std::copy_n(to + r * w_.outputs, live, sums + r * step);
        }
        form_.multiply(tile_of(tile, panel, panels, group, groups, sums, step));
        for (index r = 0; r < count && live < width; ++r)
            std::copy_n(sums + r * step, live, to + r * w_.outputs);
    }

    /// Sums grow in memory of their own, turned.
    void by_columns(index tile, index part) const {
        index const panel = part * part_panels, panels = std::min(w_.panels() - panel, part_panels),
                    column = panel * n_of_m_outputs, live = std::min(part_outputs, w_.outputs - column),
                    width = form_.width(rows(tile));
        alignas(alignment) T sums[std::size_t(part_outputs * most_rows)];
        for (index o = 0; o < panels * n_of_m_outputs; ++o)
            std::fill_n(sums + o * width, width, w_.bias[std::size_t(column + o)]);
        index const stretch = whole_words(column_inputs / w_.pattern.of);
        for (index group = 0; group < w_.groups(); group += stretch)
            form_.multiply(tile_of(tile, panel, panels, group, stretch, sums, width));
        turn(static_cast<T const*>(sums), width, live, rows(tile), y_ + first(tile) * w_.outputs + column,
             w_.outputs);
    }

    n_of_m_weights<T> const& w_;
    n_of_m_form<T> const& form_;
    T const* x_;
    T* y_;
    T* packed_ = nullptr;
    index samples_, tiles_, tall_, room_;
};

}  // namespace descent::prune::detail
