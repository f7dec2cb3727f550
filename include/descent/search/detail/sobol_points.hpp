// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include <descent/core/random.hpp>

namespace descent::search::detail {

/// Variables that have direction numbers; those behind are drawn at random.
inline constexpr int sobol_variables = 50;

/// A primitive polynomial over GF(2) (its bits) and as many initial direction numbers as its degree.
struct sobol_start {
    std::uint32_t polynomial;
    std::uint32_t m[9];
};

/// Of variables 1, 2, ... (Joe & Kuo, "Constructing Sobol sequences with better two-dimensional projections",
/// 2008); variable 0 is van der Corput's.
inline constexpr sobol_start sobol_starts[sobol_variables - 1] = {{3, {1}},
                                                                  {7, {1, 3}},
                                                                  {11, {1, 3, 1}},
                                                                  {13, {1, 1, 1}},
                                                                  {19, {1, 1, 3, 3}},
                                                                  {25, {1, 3, 5, 13}},
                                                                  {37, {1, 1, 5, 5, 17}},
                                                                  {41, {1, 1, 5, 5, 5}},
                                                                  {47, {1, 1, 7, 11, 19}},
                                                                  {55, {1, 1, 5, 1, 1}},
                                                                  {59, {1, 1, 1, 3, 11}},
                                                                  {61, {1, 3, 5, 5, 31}},
                                                                  {67, {1, 3, 3, 9, 7, 49}},
                                                                  {91, {1, 1, 1, 15, 21, 21}},
                                                                  {97, {1, 3, 1, 13, 27, 49}},
                                                                  {103, {1, 1, 1, 15, 7, 5}},
                                                                  {109, {1, 3, 1, 15, 13, 25}},
                                                                  {115, {1, 1, 5, 5, 19, 61}},
                                                                  {131, {1, 3, 7, 11, 23, 15, 103}},
                                                                  {137, {1, 3, 7, 13, 13, 15, 69}},
                                                                  {143, {1, 1, 3, 13, 7, 35, 63}},
                                                                  {145, {1, 3, 5, 9, 1, 25, 53}},
                                                                  {157, {1, 3, 1, 13, 9, 35, 107}},
                                                                  {167, {1, 3, 1, 5, 27, 61, 31}},
                                                                  {171, {1, 1, 5, 11, 19, 41, 61}},
                                                                  {185, {1, 3, 5, 3, 3, 13, 69}},
                                                                  {191, {1, 1, 7, 13, 1, 19, 1}},
                                                                  {193, {1, 3, 7, 5, 13, 19, 59}},
                                                                  {203, {1, 1, 3, 9, 25, 29, 41}},
                                                                  {211, {1, 3, 5, 13, 23, 1, 55}},
                                                                  {213, {1, 3, 7, 3, 13, 59, 17}},
                                                                  {229, {1, 3, 1, 3, 5, 53, 69}},
                                                                  {239, {1, 1, 5, 5, 23, 33, 13}},
                                                                  {241, {1, 1, 7, 7, 1, 61, 123}},
                                                                  {247, {1, 1, 7, 9, 13, 61, 49}},
                                                                  {253, {1, 3, 3, 5, 3, 55, 33}},
                                                                  {285, {1, 3, 1, 15, 31, 13, 49, 245}},
                                                                  {299, {1, 3, 5, 15, 31, 59, 63, 97}},
                                                                  {301, {1, 3, 1, 11, 11, 11, 77, 249}},
                                                                  {333, {1, 3, 1, 11, 27, 43, 71, 9}},
                                                                  {351, {1, 1, 7, 15, 21, 11, 81, 45}},
                                                                  {355, {1, 3, 7, 3, 25, 31, 65, 79}},
                                                                  {357, {1, 3, 1, 1, 19, 11, 3, 205}},
                                                                  {361, {1, 1, 5, 9, 19, 21, 29, 157}},
                                                                  {369, {1, 3, 7, 11, 1, 33, 89, 185}},
                                                                  {391, {1, 3, 3, 3, 15, 9, 79, 71}},
                                                                  {397, {1, 3, 7, 11, 15, 39, 119, 27}},
                                                                  {425, {1, 1, 3, 1, 11, 31, 97, 225}},
                                                                  {451, {1, 1, 1, 3, 23, 43, 57, 177}}};

/// Coordinate `variable` of Sobol point `point` (Sobol, 1967), as a fraction of 2^32.
inline std::uint32_t sobol_bits(std::uint32_t point, int variable) {
    std::uint32_t direction[32];
    if (variable == 0) {
        for (int i = 0; i < 32; ++i)
            direction[i] = std::uint32_t(1) << (31 - i);
    } else {
        sobol_start const& start = sobol_starts[variable - 1];
        int degree = 0;
        while (start.polynomial >> (degree + 1))
            ++degree;
        for (int i = 0; i < 32; ++i) {
            if (i < degree) {
                direction[i] = start.m[i] << (31 - i);
                continue;
            }
            direction[i] = direction[i - degree] ^ (direction[i - degree] >> degree);
            for (int k = 1; k < degree; ++k)
                if (start.polynomial >> (degree - k) & 1)
                    direction[i] ^= direction[i - k];
        }
    }
    std::uint32_t bits = 0;
    for (std::uint32_t gray = point ^ (point >> 1), i = 0; gray; gray >>= 1, ++i)
        if (gray & 1)
            bits ^= direction[i];
    return bits;
}

/// Nested uniform scrambling (Owen, 1995): each bit is flipped or not by a draw that belongs to the bits before
/// it.
inline std::uint32_t scrambled(std::uint32_t bits, generator draws, int variable) {
    std::uint32_t out = 0;
    for (int i = 0; i < 32; ++i) {
        std::uint32_t const prefix = i == 0 ? 0 : bits >> (32 - i);
        std::uint32_t const flip =
            draws.block(prefix | std::uint64_t(i) << 32, std::uint32_t(variable)).word[0] >> 31;
        out = out << 1 | ((bits >> (31 - i) & 1) ^ flip);
    }
    return out;
}

/// Coordinate `variable` of scrambled Sobol point `point`, in (0, 1).
inline double sobol_coordinate(std::uint32_t point, int variable, generator draws) {
    if (variable >= sobol_variables)
        return draws.uniform<double>(std::uint64_t(variable) << 32 | point);
    return (double(scrambled(sobol_bits(point, variable), draws, variable)) + 0.5) * 0x1p-32;
}

}  // namespace descent::search::detail
