// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include <descent/core/tensor.hpp>

// Sums of products of numbers that are -1, 1 (one bit) or -1, 0, 1 (two bits) by counting bits, exactly.
// Weights lie in panels of 8 columns: word k of each of them beside the others, so that one instruction counts
// several of them. Every form gives the same bits.
namespace descent::quantize::detail {

using bit_word = std::uint64_t;

/// Columns of a panel.
inline constexpr index bit_columns = 8;

/// A bit a number: 1 stands for -1. a b summed over n of them is n - 2 (bits that differ).
struct one_bit {
    static constexpr bool zeros = false;
    static constexpr index planes = 1;
};
/// Two bits a number, in words beside one another: is it not 0, is it -1?
struct two_bits {
    static constexpr bool zeros = true;
    static constexpr index planes = 2;
};

/// y[r][c] = sum (rows[r] columns[c]) + bias[c], rounded once behind the product of the scales, where the sum
/// is that of the products of row r of `a`, `stride` words behind the one before, and column c of `b` over
/// `numbers` numbers in `words` words a plane, for the first `live` columns of the panels.
struct bit_product {
    bit_word const* a;
    index stride, count;
    float const* rows;
    bit_word const* b;
    index panels, words, numbers;
    float const *columns, *bias;
    float* y;
    index width, live;
};

/// What a layer of bits needs of a processor.
struct popcount_kernels {
    char const* name;
    void (*multiply)(bit_product const&);

    /// The bits of a row of `count` numbers, zeros behind them to `words` words a plane. With two bits those
    /// whose |x| is above the threshold are not 0. Gives their scale: the mean of |x|, with two bits 2
    /// threshold; NaN where one is NaN.
    float (*encode)(float const* x, index count, float threshold, bit_word* bits, index words);
};

template <class Form>
constexpr popcount_kernels popcount_kernels_of(char const* name) {
    return {name, Form::multiply, Form::encode};
}

/// All rows, four at a time, by each panel: by the form's tile of so many rows.
template <class Form>
void multiply_by_tiles(bit_product const& p) {
    constexpr void (*tiles[])(bit_product const&, index, index) = {
        Form::template tile<1>, Form::template tile<2>, Form::template tile<3>, Form::template tile<4>};
    for (index panel = 0; panel < p.panels; ++panel)
        for (index row = 0; row < p.count; row += 4)
            tiles[std::min<index>(4, p.count - row) - 1](p, panel, row);
}

/// A sum of |x| is one of so many, of each as many-th number, which then are added by halves.
inline constexpr index magnitude_lanes = 64;

/// The scale of a row of those sums.
inline float mean_of(float (&sums)[magnitude_lanes], index count) {
    for (index half = magnitude_lanes / 2; half > 0; half /= 2)
        for (index i = 0; i < half; ++i)
            sums[i] += sums[i + half];
    return count > 0 ? sums[0] / float(count) : 0;
}

/// The plain form, for every processor: the reference of the others.
template <class Bits>
struct popcount_portable {
    static void multiply(bit_product const& p) {
        for (index column = 0; column < std::min(p.live, p.panels * bit_columns); ++column)
            for (index r = 0; r < p.count; ++r) {
                bit_word const *const a = p.a + r * p.stride, *const b = p.b +
                                                                         column / bit_columns * p.words *
                                                                             Bits::planes * bit_columns +
                                                                         column % bit_columns;
                std::int64_t differ = 0, both = 0;
                for (index k = 0; k < p.words; ++k)
                    if constexpr (Bits::zeros) {
                        bit_word const there = a[2 * k] & b[2 * k * bit_columns];
                        both += std::popcount(there);
                        differ += std::popcount(there & (a[2 * k + 1] ^ b[(2 * k + 1) * bit_columns]));
                    } else {
                        differ += std::popcount(a[k] ^ b[k * bit_columns]);
                    }
                auto const sum = float((Bits::zeros ? both : std::int64_t(p.numbers)) - 2 * differ);
                p.y[r * p.width + column] = std::fma(sum, p.rows[r] * p.columns[column], p.bias[column]);
            }
    }

    static float encode(float const* x, index count, float threshold, bit_word* bits, index words) {
        std::fill_n(bits, words * Bits::planes, bit_word(0));
        float sums[magnitude_lanes] = {};
        return encode_from(0, x, count, threshold, bits, sums, true);
    }

    /// The numbers from `first` on, a multiple of 64 or `count`, behind others that were `known`.
    static float encode_from(index first, float const* x, index count, float threshold, bit_word* bits,
                             float (&sums)[magnitude_lanes], bool known) {
        for (index i = first; i < count; ++i) {
            bit_word* const word = bits + i / 64 * Bits::planes;
            known = known && x[i] == x[i];
            if constexpr (Bits::zeros)
                word[0] |= bit_word(x[i] > threshold || x[i] < -threshold) << (i % 64);
            else
                sums[i % magnitude_lanes] += std::abs(x[i]);
            word[Bits::planes - 1] |= bit_word(x[i] < 0) << (i % 64);
        }
        if (!known)
            return std::numeric_limits<float>::quiet_NaN();
        return Bits::zeros ? 2 * threshold : mean_of(sums, count);
    }
};

}  // namespace descent::quantize::detail
