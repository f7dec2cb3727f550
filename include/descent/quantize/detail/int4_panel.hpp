// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>

#include <descent/core/config.hpp>
#include <descent/core/math.hpp>
#include <descent/core/tensor.hpp>

// Weights of 4 bits: how they lie, and the plain form of what is computed from them, which is the reference of
// the others.
namespace descent::quantize::detail {

/// Outputs of a panel.
inline constexpr index int4_columns = 32;

/// Inputs whose codes share a word of 32 bits.
inline constexpr index int4_inputs = 8;

/// The weights of 32 outputs. Word c of block b holds the codes of output c and inputs 8 b .. 8 b + 7, the
/// first in its lowest bits; a code stands for (code - zero) scale. So one vector of words is 8 inputs of
/// neighbouring outputs, on a processor as on a graphics card.
struct int4_panel {
    std::uint32_t const* words;  ///< [blocks][32]
    float const* scales;         ///< [groups][32]
    std::uint8_t const* zeros;   ///< [groups][32]; null: all are 8
    index blocks;
    index group;  ///< blocks that share a scale; the last group may be shorter

    /// Where the group that holds a block ends.
    index end_of_group(index block) const { return std::min(blocks, (block / group + 1) * group); }
};

/// What a layer of 4 bits needs of a processor.
struct int4_form {
    /// Rows that a tile has at most, whatever the processor.
    static constexpr int most_rows = 12;

    char const* name;
    int rows;  ///< that a tile has at most

    /// sums[c] = the sum over all inputs of x and the weights of output c; x has 8 numbers a block. Are all
    /// finite? Scales come behind the sums of codes, which may not be where the weights' are.
    bool (*row)(int4_panel const&, float const* x, float* sums);

    /// The weights of `count` blocks from `first` on as numbers [8 count][32].
    void (*spread)(int4_panel const&, index first, index count, float* numbers);

    /// sums[r][c] += sum over k of a[k][r] b[k][c], for R rows and 32 columns, term by term.
    using tile = void (*)(float const* a, float const* b, index depth, float* sums);
    tile tiles[most_rows + 1];
};

/// The plain form, for every processor.
struct int4_plain {
    static bool row(int4_panel const& p, float const* x, float* sums) {
        std::fill_n(sums, int4_columns, 0.0f);
        for (index b = 0; b < p.blocks;) {
            index const at = b / p.group * int4_columns, end = p.end_of_group(b);
            float zero[int4_columns], part[int4_columns] = {};
            zeros_of(p, at, zero);
            for (; b < end; ++b) {
                std::uint32_t const* const words = p.words + b * int4_columns;
                for (index j = 0; j < int4_inputs; ++j) {
                    float const number = x[b * int4_inputs + j];
                    for (index c = 0; c < int4_columns; ++c)
                        part[c] += (code(words[c], j) - zero[c]) * number;
                }
            }
            for (index c = 0; c < int4_columns; ++c)
                sums[c] += part[c] * p.scales[at + c];
        }
        return std::all_of(sums, sums + int4_columns, [](float sum) { return is_finite(sum); });
    }

    static void spread(int4_panel const& p, index first, index count, float* numbers) {
        for (index b = first; b < first + count;) {
            index const at = b / p.group * int4_columns, end = std::min(first + count, p.end_of_group(b));
            float zero[int4_columns];
            zeros_of(p, at, zero);
            for (; b < end; ++b) {
                std::uint32_t const* const words = p.words + b * int4_columns;
                for (index j = 0; j < int4_inputs; ++j, numbers += int4_columns)
                    for (index c = 0; c < int4_columns; ++c)
                        numbers[c] = (code(words[c], j) - zero[c]) * p.scales[at + c];
            }
        }
    }

    template <int R>
    static void tile(float const* a, float const* b, index depth, float* sums) {
        for (index k = 0; k < depth; ++k, a += R, b += int4_columns)
            for (int r = 0; r < R; ++r)
                for (index c = 0; c < int4_columns; ++c)
                    sums[r * int4_columns + c] += a[r] * b[c];
    }

private:
    static float code(std::uint32_t word, index j) { return float(std::int32_t(word >> (4 * j) & 15)); }
    static void zeros_of(int4_panel const& p, index at, float* zero) {
        for (index c = 0; c < int4_columns; ++c)
            zero[c] = p.zeros ? float(p.zeros[at + c]) : 8.0f;
    }
};

}  // namespace descent::quantize::detail
