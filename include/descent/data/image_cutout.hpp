// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>

#include <descent/data/image_transform.hpp>

namespace descent::data::image {

/// Covers a square of `size` pixels a side about a random pixel, as far as it lies in the image, with `fill`
/// (DeVries & Taylor, 2017).
struct cutout {
    index size = 8;
    double fill = 0;

    shape output(shape const& image) const {
        detail::check_image("cutout", image);
        expect(size >= 1, "cutout: size = ", size, ": must be >= 1");
        expect(size <= 1 << 30, "cutout: size = ", size, ": must be <= ", 1 << 30);
        return image;
    }
    template <class T>
    void operator()(T const* from, shape const& image, T* to, draws const& random) const {
        std::copy_n(from, image.size(), to);
        index const top = random.below(0, image[1]) - size / 2, left = random.below(1, image[2]) - size / 2;
        index const first = std::max<index>(left, 0), last = std::min(left + size, image[2]);
        for (index c = 0; c < image[0]; ++c)
            for (index y = std::max<index>(top, 0); y < std::min(top + size, image[1]); ++y)
                std::fill_n(to + (c * image[1] + y) * image[2] + first, last - first, T(fill));
    }
};

}  // namespace descent::data::image
