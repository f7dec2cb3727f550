// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include <descent/core/config.hpp>
#include <descent/core/math.hpp>

namespace descent::exec {

/// The upper half of a float: its range, and 8 bits of precision.
struct bfloat16 {
    std::uint16_t bits;

    /// The nearest one, ties to even; NaN stays NaN.
    static DESCENT_FN bfloat16 of(float number) {
        std::uint32_t const all = to_bits(number);
        bool const nan = (all & 0x7fffffffu) > 0x7f800000u;
        return {std::uint16_t((nan ? all | 0x400000u : all + 0x7fffu + (all >> 16 & 1u)) >> 16)};
    }
    DESCENT_FN explicit operator float() const { return from_bits<float>(std::uint32_t(bits) << 16); }
};

/// What the matrix products of a network on a device read.
enum class precision : char {
    full,     ///< the numbers as they are
    bfloat16  ///< the nearest bfloat16; sums and results are floats
};

}  // namespace descent::exec
