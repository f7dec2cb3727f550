// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cmath>

#include <descent/data/image_transform.hpp>

namespace descent::data::image {

/// How a resized pixel is made.
enum class sampling : char {
    bilinear,  ///< of the four pixels around it, whose middles lie at 1/2: as torch's interpolate("bilinear")
    area       ///< the mean over what it covers, with parts of pixels: for making images smaller
};

/// An image of another size.
struct resize {
    index height = 0, width = 0;
    sampling by = sampling::bilinear;

    shape output(shape const& image) const {
        detail::check_image("resize", image);
        expect(height >= 1 && width >= 1, "resize: to ", height, " x ", width, ": must be >= 1");
        return {image[0], height, width};
    }
    template <class T>
    void operator()(T const* from, shape const& image, T* to, draws const&) const {
        for (index c = 0; c < image[0]; ++c)
            for (index y = 0; y < height; ++y)
                for (index x = 0; x < width; ++x)
                    to[(c * height + y) * width + x] = by == sampling::area
                                                           ? mean(from + c * image[1] * image[2], image, y, x)
                                                           : blend(from + c * image[1] * image[2], image, y, x);
    }

private:
    struct between {
        index low, high;
        double share;  ///< of high
    };
    static between place(index i, index from, index to) {
        double const at = std::max(0.0, (double(i) + 0.5) * double(from) / double(to) - 0.5);
        index const low = std::min(index(at), from - 1);
        return {low, std::min(low + 1, from - 1), at - double(low)};
    }
    template <class T>
    T blend(T const* plane, shape const& image, index y, index x) const {
        between const down = place(y, image[1], height), across = place(x, image[2], width);
        T const* const above = plane + down.low * image[2];
        T const* const under = plane + down.high * image[2];
        T const s = T(across.share), t = T(down.share);
        return (1 - t) * ((1 - s) * above[across.low] + s * above[across.high]) +
               t * ((1 - s) * under[across.low] + s * under[across.high]);
    }

    template <class T>
    T mean(T const* plane, shape const& image, index y, index x) const {
        double const tall = double(image[1]) / double(height), wide = double(image[2]) / double(width);
        double const top = double(y) * tall, left = double(x) * wide;
        double sum = 0;
        for (index row = index(top); row < image[1] && double(row) < top + tall; ++row) {
            double const part = std::min(double(row + 1), top + tall) - std::max(double(row), top);
            for (index column = index(left); column < image[2] && double(column) < left + wide; ++column)
                sum += part * (std::min(double(column + 1), left + wide) - std::max(double(column), left)) *
                       double(plane[row * image[2] + column]);
        }
        return T(sum / (tall * wide));
    }
};

}  // namespace descent::data::image
