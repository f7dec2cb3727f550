// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>

#include <descent/core/error.hpp>
#include <descent/core/random.hpp>
#include <descent/core/tensor.hpp>

// A transform of images is an aggregate of settings with
//
//     shape output(shape const& image) const;        channels, height, width of what it makes; throws
//     descent::error template <class T>                             makes one image of it; from is not to void
//     operator()(T const* from, shape const& image, T* to, image::draws const& random) const;
//
// Images are [channels, height, width], row-major: a row of a table.
namespace descent::data::image {

/// The random numbers of one transform for one sample in one epoch.
struct draws {
    generator numbers;
    std::uint64_t sample = 0;

    static constexpr std::uint64_t most = 8;  ///< for one sample

    /// Number i < most: uniform in [0, 1).
    double uniform(std::uint64_t i) const { return numbers.uniform<double>(sample * most + i); }
    /// Number i < most: uniform in [low, high).
    double uniform(std::uint64_t i, double low, double high) const { return low + (high - low) * uniform(i); }
    /// Number i < most: one of 0 .. n - 1.
    index below(std::uint64_t i, index n) const {
        return index(numbers.integer(sample * most + i, std::uint64_t(n)));
    }
};

namespace detail {

inline void check_image(std::string_view who, shape const& image) {
    expect(image.rank() == 3 && image.size() > 0, who, ": the image is ", image.text(),
           ": must be [channels, height, width]");
}
inline void check_probability(std::string_view who, double probability) {
    expect(probability >= 0 && probability <= 1, who, ": probability = ", probability, ": must be in [0, 1]");
}

}  // namespace detail

}  // namespace descent::data::image
