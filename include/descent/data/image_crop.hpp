// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <string_view>

#include <descent/data/image_transform.hpp>

namespace descent::data::image {

namespace detail {

/// The window of an image that begins at (top, left), which may lie outside; there is `fill`.
template <class T>
void crop(T const* from, shape const& image, T* to, index height, index width, index top, index left, T fill) {
    for (index c = 0; c < image[0]; ++c)
        for (index y = 0; y < height; ++y) {
            T* const row = to + (c * height + y) * width;
            index const at = top + y;
            if (at < 0 || at >= image[1]) {
                std::fill_n(row, width, fill);
                continue;
            }
            index const first = std::clamp<index>(-left, 0, width),
                        last = std::clamp<index>(image[2] - left, first, width);
            std::fill_n(row, first, fill);
            std::copy_n(from + (c * image[1] + at) * image[2] + left + first, last - first, row + first);
            std::fill_n(row + last, width - last, fill);
        }
}

inline shape cropped(std::string_view who, shape const& image, index height, index width, index padding) {
    check_image(who, image);
    expect(height >= 1 && width >= 1 && height <= image[1] + 2 * padding && width <= image[2] + 2 * padding,
           who, ": ", height, " x ", width, " of ", image.text(), " with a padding of ", padding,
           ": must be at least 1 x 1 and fit");
    return {image[0], height, width};
}

}  // namespace detail

/// The middle of an image.
struct center_crop {
    index height = 0, width = 0;

    shape output(shape const& image) const { return detail::cropped("center_crop", image, height, width, 0); }
    template <class T>
    void operator()(T const* from, shape const& image, T* to, draws const&) const {
        detail::crop(from, image, to, height, width, (image[1] - height) / 2, (image[2] - width) / 2, T(0));
    }
};

/// A window at a random place of an image to whose four sides `padding` pixels of value `fill` were added.
struct random_crop {
    index height = 0, width = 0;
    index padding = 0;
    double fill = 0;

    shape output(shape const& image) const {
        expect(padding >= 0, "random_crop: padding = ", padding, ": must be >= 0");
        expect(padding <= 1 << 30, "random_crop: padding = ", padding, ": must be <= ", 1 << 30);
        return detail::cropped("random_crop", image, height, width, padding);
    }
    template <class T>
    void operator()(T const* from, shape const& image, T* to, draws const& random) const {
        index const top = random.below(0, image[1] + 2 * padding - height + 1) - padding,
                    left = random.below(1, image[2] + 2 * padding - width + 1) - padding;
        detail::crop(from, image, to, height, width, top, left, T(fill));
    }
};

}  // namespace descent::data::image
