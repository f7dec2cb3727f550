// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include <descent/core/config.hpp>
#include <descent/core/pack.hpp>
#include <descent/core/tensor.hpp>

// Sums of products of 8-bit numbers in 32 bits, exactly: what a layer is made of whose samples are quantized
// when they come. Weights lie in panels of 16 columns, a group of rows of the depth beside each other, so that
// one instruction multiplies a group, adds its products and keeps 32 bits. The plain form here says what the
// others must give, bit for bit.
namespace descent::quantize::detail {

/// Columns of a panel.
inline constexpr index panel_columns = 16;

/// y[r][c] = (start[c] + sum over k of a[r][k] b[k][c]) times rows[r] columns[c], plus bias[c], for some rows
/// of samples' codes and some panels of weights, [depth / group][16][group] each. Sums may pass 32 bits on
/// their way, if what they come to does not.
struct int8_product {
    void const* a;  ///< codes
    index stride;   ///< of them, from one row to the next
    index count;    ///< rows
    float const* rows;
    std::int8_t const* b;
    index depth, panels;  ///< the former in whole groups
    std::int32_t const* start;
    float const *columns, *bias;
    float* y;
    index width;  ///< from one row of y to the next
    index live;   ///< columns of y that are written: at most 16 times the panels
};

/// What such a layer needs of a processor.
struct int8_kernels {
    char const* name;
    index group;       ///< neighbours along the depth that an instruction multiplies
    index code_bytes;  ///< of a code of a sample
    int zero;          ///< what is added to it: an instruction wants codes without a sign
    void (*multiply)(int8_product const&);
    /// The codes of a row: x over its scale, rounded to the even one half-way, plus zero, and zeros so added to
    /// behind them up to `room`, a multiple of 64. The scale is a 127th of the largest |x|, 0 where that is
    /// below 2^-120; NaN for a row with Inf or NaN. Rows of both kinds have codes of 0.
    float (*encode)(float const* x, index count, void* codes, index room);
};

template <class Form>
constexpr int8_kernels int8_kernels_of(char const* name) {
    return {name, Form::group, index(sizeof(typename Form::code)), Form::zero, Form::multiply, Form::encode};
}

/// A row's scale from the bits of its largest |x|, and what numbers are multiplied by.
struct row_scale {
    float scale = 0, inverse = 0;
    DESCENT_FN explicit row_scale(std::uint32_t largest) {
        if (largest >= 0x7f800000u)
            scale = std::numeric_limits<float>::quiet_NaN();
        else if (largest >= 0x03800000u)  // 2^-120: 127 over less is no number
            scale = from_bits<float>(largest) / 127, inverse = 127 / from_bits<float>(largest);
    }
};

/// The plain form, for every processor.
template <class Code, index neighbours, int plus>
struct int8_plain_rows {
    using code = Code;
    static constexpr index group = neighbours;
    static constexpr int zero = plus;

    static void multiply(int8_product const& p) {
        for (index panel = 0; panel < p.panels; ++panel)
            for (index r = 0; r < p.count; ++r) {
                Code const* const a = static_cast<Code const*>(p.a) + r * p.stride;
                std::int8_t const* b = p.b + panel * panel_columns * p.depth;
                index const first = panel * panel_columns, live = std::min(panel_columns, p.live - first);
                std::uint32_t sums[panel_columns];
                std::copy_n(p.start + first, panel_columns, sums);
                for (index k = 0; k < p.depth; k += group, b += group * panel_columns)
                    for (index c = 0; c < panel_columns; ++c)
                        for (index j = 0; j < group; ++j)
                            sums[c] += std::uint32_t(std::int32_t(a[k + j]) * b[c * group + j]);
                for (index c = 0; c < live; ++c)
                    p.y[r * p.width + first + c] = std::fma(
                        float(std::int32_t(sums[c])), p.rows[r] * p.columns[first + c], p.bias[first + c]);
            }
    }

    static float encode(float const* x, index count, void* codes, index room) {
        std::uint32_t largest = 0;
        for (index i = 0; i < count; ++i)
            largest = std::max(largest, to_bits(x[i]) & 0x7fffffffu);
        row_scale const row(largest);
        put(x, 0, count, static_cast<Code*>(codes), room, row.inverse);
        return row.scale;
    }

    /// Codes from number i on.
    static void put(float const* x, index i, index count, Code* codes, index room, float inverse) {
        for (; i < room; ++i)
            codes[i] = Code((i < count && inverse > 0 ? int(std::nearbyint(x[i] * inverse)) : 0) + zero);
    }
};

/// Pairs of 16 bits, as AVX2 and most others multiply; groups of four bytes, as AVX-512 VNNI does.
using int8_plain_row_pairs = int8_plain_rows<std::int16_t, 2, 0>;
using int8_plain_row_quads = int8_plain_rows<std::uint8_t, 4, 128>;

}  // namespace descent::quantize::detail
