// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include <descent/core/config.hpp>
#include <descent/core/memory.hpp>
#include <descent/core/tensor.hpp>

// Products with weights of which each group of M inputs keeps N. Those of 16 outputs lie side by side in a
// panel, slot by slot: a group has N slots. Beside the values stand codes of 2 bits (M up to 4) or 4, which say
// what input of its group a value meets; a word of each output holds those of the next 16 or 8 slots, the first
// one lowest.
//
// Forms for few rows of x have outputs in the lanes of registers, and bring each its input by a permutation,
// whose control the codes are: a permutation a multiplication. Forms for many have rows of x in the lanes, and
// load what a code points to. All add slot after slot to the bias, so that what a sample gives depends on no
// neighbor.
namespace descent::prune::detail {

/// Outputs of a panel: floats of a register of AVX-512.
inline constexpr index n_of_m_outputs = 16;

/// At most `kept` of `of` inputs.
struct n_of_m_pattern {
    index kept = 1, of = 2;

    /// Of a code.
    index bits() const { return of <= 4 ? 2 : 4; }
    /// Slots whose codes a word holds.
    index word_slots() const { return 32 / bits(); }
    index groups(index inputs) const { return (inputs + of - 1) / of; }
};

/// All weights of a layer.
template <class T>
struct n_of_m_weights {
    n_of_m_pattern pattern;
    index inputs = 0, outputs = 0;
    aligned_buffer<T> values{}, bias{};
    aligned_buffer<std::uint32_t> codes{};

    index groups() const { return pattern.groups(inputs); }
    index panels() const { return (outputs + n_of_m_outputs - 1) / n_of_m_outputs; }
    /// From one panel to the next.
    index values_step() const { return groups() * pattern.kept * n_of_m_outputs; }
    index codes_step() const {
        index const word = pattern.word_slots();
        return (groups() * pattern.kept + word - 1) / word * n_of_m_outputs;
    }
};

/// Some panels of weights, a stretch of groups, and a few rows of x.
template <class T>
struct n_of_m_tile {
    n_of_m_pattern pattern;
    T const* values;                ///< the first panel's first slot of the stretch
    std::uint32_t const* codes;     ///< its words
    index values_step, codes_step;  ///< from one panel to the next
    index panels, groups;
    T const* x;  ///< as the form packed it, from the first group of the stretch on
    index rows;
    /// What was summed before; the stretch is added: [rows, panels * n_of_m_outputs], `sums_step` from row to
    /// row, or turned.
    T* sums;
    index sums_step;
};

/// How a processor does it.
template <class T>
struct n_of_m_form {
    char const* name;
    bool turned;                 ///< has rows of x in its lanes
    index (*least)(index of);    ///< rows from which on it is faster than the forms behind it
    index most;                  ///< rows of a tile
    index (*wide)(index rows);   ///< panels that `rows` rows are best met by
    index (*width)(index rows);  ///< rows that `rows` rows are filled up to
    index (*window)(index of);   ///< numbers that a group is filled up to
    /// `rows` rows of x, [rows, inputs], to groups, with zeros where they are filled up: [group, row, number],
    /// or turned [group, number, row].
    void (*pack)(n_of_m_pattern const& pattern, T const* x, index rows, index inputs, T* to);
    void (*multiply)(n_of_m_tile<T> const& tile);
};

}  // namespace descent::prune::detail
