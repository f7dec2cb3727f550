// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <descent/core/error.hpp>
#include <descent/core/tensor.hpp>
#include <descent/nn/extent2.hpp>

// What an int8_network is made of.
namespace descent::quantize {

/// Codes q of low .. high, which hold 0, for the numbers scale * q.
struct int8_grid {
    float scale = 1;
    int low = 0, high = 255;
};

/// Numbers between two layers: [channels, height, width].
struct int8_tensor {
    index channels = 0, height = 1, width = 1;
    int8_grid grid = {};

    index size() const { return channels * height * width; }
    std::string text() const { return shape{channels, height, width}.text(); }
    /// With what is around it.
    static constexpr index most_numbers = index(1) << 31;

    /// Throws descent::error for a tensor or grid that there is not.
    void check(char const* what) const {
        constexpr index most = 1 << 20;  // products of them must not overflow
        expect(
            channels >= 1 && height >= 1 && width >= 1 && channels <= most && height <= most && width <= most,
            "int8_network: ", what, " is ", text(), ": extents must be in [1, ", most, "]");
        expect(size() <= most_numbers, "int8_network: ", what, " is ", text(), ": must be at most ",
               most_numbers, " numbers");
        expect(grid.scale > 0 && std::isfinite(grid.scale), "int8_network: ", what, ": scale = ", grid.scale,
               ": must be finite and > 0");
        expect(grid.low <= 0 && grid.high >= 0 && grid.high - grid.low >= 1 && grid.high - grid.low <= 255,
               "int8_network: ", what, ": codes ", grid.low, " .. ", grid.high,
               ": must hold 0 and be 2 to 256");
    }
};

/// Sums over windows: y[o] = bias[o] + scales[o] * sum of codes[o][c][i][j] x[c][...], then what lies beside is
/// added, then relu. A dense layer is a window as large as its input.
struct int8_convolution {
    index outputs = 0;
    nn::extent2 kernel = 1, stride = 1, padding = 0, dilation = 1;
    std::vector<std::int8_t> codes = {};  ///< [outputs][channels][height][width], -127 .. 127
    std::vector<float> scales = {};       ///< by output
    std::vector<float> bias = {};         ///< by output
    int beside = -1;                      ///< the tensor that is added; -1: none
    bool relu = false;

    /// Throws descent::error where something does not fit.
    int8_tensor output(int8_tensor const& x, int8_grid const& to) const {
        auto const check = [](auto const&... each) { expect(each...); };
        constexpr index most = 1 << 20;
        auto const axis = [&](index extent, index size, index step, index pad, index apart) {
            check(
                size >= 1 && step >= 1 && pad >= 0 && apart >= 1 && std::max({size, step, pad, apart}) <= most,
                "int8_network: kernel ", size, ", stride ", step, ", padding ", pad, ", dilation ", apart,
                ": there is no such window");
            index const reach = (size - 1) * apart + 1;
            check(reach <= extent + 2 * pad, "int8_network: a window that reaches ", reach,
                  " does not fit into ", extent, " with padding ", pad);
            return (extent + 2 * pad - reach) / step + 1;
        };
        int8_tensor const y{outputs,
                            axis(x.height, kernel.height, stride.height, padding.height, dilation.height),
                            axis(x.width, kernel.width, stride.width, padding.width, dilation.width), to};
        index const depth = x.channels * kernel.height * kernel.width;
        check(depth <= most_depth, "int8_network: sums of ", depth, " products: must be at most ", most_depth);
        check(index(codes.size()) == outputs * depth && index(scales.size()) == outputs &&
                  index(bias.size()) == outputs,
              "int8_network: ", codes.size(), " codes, ", scales.size(), " scales, ", bias.size(),
              " biases for ", outputs, " outputs of ", depth, " products");
        for (index o = 0; o < outputs; ++o) {
            float const scale = scales[std::size_t(o)], shift = bias[std::size_t(o)];
            check(scale > 0 && std::isfinite(scale), "int8_network: scale ", o, " = ", scale,
                  ": must be finite and > 0");
            check(std::abs(double(shift)) <= most_bias * double(x.grid.scale) * double(scale),
                  "int8_network: bias ", o, " = ", shift, ": must be at most ", most_bias,
                  " steps of its sum, ", double(x.grid.scale) * double(scale));
        }
        for (std::int8_t const code : codes)
            check(code >= -127, "int8_network: code ", int(code), ": must be in [-127, 127]");
        return y;
    }

    static constexpr index most_depth = 65'000;
    /// Sums of the largest depth and this hold in 32 bits.
    static constexpr double most_bias = 1 << 22;
};

/// A window's largest number, or mean; padding takes no part in the former, as zeros in the latter, which
/// `count_padding` counts.
struct int8_pool {
    bool largest = true;
    nn::extent2 size = 1, stride = 1, padding = 0;
    bool count_padding = true;
    int least = -255;  ///< smaller codes become this one: 0 is relu

    int8_tensor output(int8_tensor const& x, int8_grid const& to) const {
        constexpr index most = 1 << 20;
        auto const axis = [&](index extent, index window, index step, index pad) {
            expect(window >= 1 && step >= 1 && pad >= 0 && std::max(window, step) <= most &&
                       pad <= window / 2 && window <= extent + 2 * pad,
                   "int8_network: a window of ", window, " with stride ", step, " and padding ", pad,
                   " does not fit into ", extent);
            return (extent + 2 * pad - window) / step + 1;
        };
        index const together = std::min(size.height, x.height) * std::min(size.width, x.width);
        expect(largest || together <= most_together, "int8_network: a mean of ", together,
               " numbers: must be at most ", most_together);
        return {x.channels, axis(x.height, size.height, stride.height, padding.height),
                axis(x.width, size.width, stride.width, padding.width), to};
    }

    /// Sums of as many codes hold in 32 bits.
    static constexpr index most_together = 1 << 23;
};

/// What predictions are made of scores.
enum class int8_answer : char {
    highest,     ///< the number of the highest
    above_zero,  ///< is the only one above 0?
    itself       ///< the only one
};

}  // namespace descent::quantize
