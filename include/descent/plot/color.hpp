// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>

namespace descent::plot {

/// Color of the i-th series: the palette of Okabe and Ito (2008), which color-blind readers can tell apart,
/// without its yellow, which white paper swallows.
inline std::string_view series_color(std::size_t i) {
    constexpr std::array<std::string_view, 7> palette{"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                                      "#e69f00", "#56b4e9", "#000000"};
    return palette[i % palette.size()];
}

/// Dash pattern of the i-th series: solid while the colors last, then others.
inline std::string_view series_dash(std::size_t i) {
    constexpr std::array<std::string_view, 4> patterns{"", "6 3", "2 2", "8 3 2 3"};
    return patterns[(i / 7) % patterns.size()];
}

/// A color with channels 0 .. 255.
struct rgb {
    int red = 0, green = 0, blue = 0;

    std::string text() const {
        constexpr std::string_view digits = "0123456789abcdef";
        std::string written = "#";
        for (int const channel : {red, green, blue}) {
            written += digits[std::size_t(channel / 16)];
            written += digits[std::size_t(channel % 16)];
        }
        return written;
    }

    /// Relative luminance as sRGB weighs it, 0 .. 255: above 140 black text reads better than white.
    double luminance() const { return 0.2126 * red + 0.7152 * green + 0.0722 * blue; }
};

/// The color of a share in [0, 1] on the viridis scale (van der Walt and Smith, 2015; CC0), linear between 11
/// of its colors: lightness rises evenly, so it also reads in gray and for color-blind readers.
inline rgb viridis(double share) {
    constexpr int anchors[11][3] = {{68, 1, 84},    {72, 36, 117},  {65, 68, 135},  {53, 95, 141},
                                    {42, 120, 142}, {33, 145, 140}, {34, 168, 132}, {68, 191, 112},
                                    {122, 209, 81}, {189, 223, 38}, {253, 231, 37}};
    double const at = (share < 0 ? 0 : share > 1 ? 1 : share) * 10;
    int const left = at >= 10 ? 9 : int(at);
    auto const mix = [&](int channel) {
        double const a = anchors[left][channel], b = anchors[left + 1][channel];
        return int(std::lround(a + (at - left) * (b - a)));
    };
    return {mix(0), mix(1), mix(2)};
}

}  // namespace descent::plot
