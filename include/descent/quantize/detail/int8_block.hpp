// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include <descent/core/config.hpp>
#include <descent/core/pack.hpp>
#include <descent/core/tensor.hpp>
#include <descent/quantize/detail/int8_kernels.hpp>

// Convolutions of 8-bit codes: which sums, and what they become. The plain form here says what the others must
// give, bit for bit.
namespace descent::quantize::detail {

/// Fine codes: so many to a code, 16 bits. What is added along shortcuts is not rounded to 8 bits first.
inline constexpr int fine_codes = 128;

/// Some rows of a convolution's outputs. Codes lie channel by channel within a place, place by place within a
/// row; weights in panels of 16 outputs, [depth / group][16][group].
struct int8_block {
    void const* x;              ///< codes of the first output's window
    index x_row, x_place;       ///< codes from one output's window to that of the next row, of the next place
    index const* runs;          ///< where the stretches of a window begin, in codes
    index run_count, run;       ///< how many there are, and the codes of each: whole groups
    void const* weights;        ///< the first panel
    std::int32_t const* start;  ///< by channel: what the sum begins with
    float const* scale;         ///< by channel: what it is multiplied by
    index panels, rows, places;
    index channels;              ///< that are written: at most 16 times the panels
    std::int16_t const* beside;  ///< fine codes that are added, or null
    index beside_row, beside_place;
    float beside_scale;
    void* y;               ///< codes, or null: not wanted
    index y_row, y_place;  ///< in codes, or in scores
    std::int16_t* fine;    ///< the same numbers in fine codes, or null
    index fine_row, fine_place;
    float low, high;  ///< ends of y's codes, less their zero
    int zero;         ///< of y's codes
    float* scores;    ///< the scaled sums themselves, or null

    index depth() const { return run_count * run; }
};

/// What numbers become codes by: the nearest to x * inverse, the even one half-way, between low and high, plus
/// zero.
struct int8_encoding {
    float inverse, low, high;
    int zero;
};

/// How a processor computes in 8 bits, and how it keeps codes: with their zero subtracted, in 16 bits, or as
/// they are.
struct int8_form {
    char const* name;
    index group;  ///< neighbours along the depth that an instruction multiplies
    bool wide;    ///< codes and weights of 16 bits
    index worth;  ///< products that take as long as another step takes for a number: how fine work is cut
    void (*convolve)(int8_block const&);
    /// The same for windows of 3 x 3 without stride over whole panels of channels, or null: see
    /// int8_winograd.hpp.
    void (*convolve_squares)(int8_block const&);
    /// n numbers to codes one behind the other; are all of them finite?
    bool (*encode)(float const* x, index n, void* codes, int8_encoding const&);
};

template <class Code, class Weight, index group>
struct int8_plain {
    static void convolve(int8_block const& b) {
        for (index panel = 0; panel < b.panels; ++panel)
            for (index row = 0; row < b.rows; ++row)
                for (index place = 0; place < b.places; ++place) {
                    std::int32_t sums[panel_columns];
                    std::copy_n(b.start + panel * panel_columns, panel_columns, sums);
                    auto const* w = static_cast<Weight const*>(b.weights) + panel * panel_columns * b.depth();
                    for (index k = 0; k < b.run_count; ++k) {
                        auto const* const x =
                            static_cast<Code const*>(b.x) + row * b.x_row + place * b.x_place + b.runs[k];
                        for (index i = 0; i < b.run; i += group, w += group * panel_columns)
                            for (index c = 0; c < panel_columns; ++c)
                                for (index j = 0; j < group; ++j)
                                    sums[c] += std::int32_t(x[i + j]) * w[c * group + j];
                    }
                    finish(b, panel * panel_columns, row, place, sums);
                }
    }

    /// Channels from `first` on.
    static void finish(int8_block const& b, index first, index row, index place, std::int32_t const* sums) {
        index const live = std::min(panel_columns, b.channels - first),
                    to = row * b.y_row + place * b.y_place + first;
        for (index c = 0; c < live; ++c) {
            float v = float(sums[c]) * b.scale[first + c];
            if (b.scores) {
                b.scores[to + c] = v;
                continue;
            }
            if (b.beside)
                v = std::fma(float(b.beside[row * b.beside_row + place * b.beside_place + first + c]),
                             b.beside_scale, v);
            v = v > b.low ? v : b.low;
            v = v < b.high ? v : b.high;
            if (b.y)
                static_cast<Code*>(b.y)[to + c] = Code(int(std::nearbyint(v)) + b.zero);
            if (b.fine)
                b.fine[row * b.fine_row + place * b.fine_place + first + c] =
                    std::int16_t(std::nearbyint(v * fine_codes));
        }
    }

    static bool encode(float const* x, index n, void* codes, int8_encoding const& by) {
        std::uint32_t largest = 0;
        for (index i = 0; i < n; ++i) {
            largest = std::max(largest, to_bits(x[i]) & 0x7fffffffu);
            float v = x[i] * by.inverse;
            v = v > by.low ? v : by.low;
            v = v < by.high ? v : by.high;
            static_cast<Code*>(codes)[i] = Code(int(std::nearbyint(v)) + by.zero);
        }
        return largest < 0x7f800000u;
    }
};

/// Pairs of 16 bits, as AVX2 and most others multiply; groups of four bytes, as AVX-512 VNNI does.
using int8_plain_pairs = int8_plain<std::int16_t, std::int16_t, 2>;
using int8_plain_quads = int8_plain<std::uint8_t, std::int8_t, 4>;

}  // namespace descent::quantize::detail
