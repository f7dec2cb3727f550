// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>

#include <descent/data/image_transform.hpp>

namespace descent::data::image {

/// Turns an image about its middle, counterclockwise, by an angle drawn uniformly from [least, most] degrees.
/// Bilinear; what lies outside the image is `fill`. Same numbers as torch.nn.functional.grid_sample.
struct rotate {
    double least = -10, most = 10;
    double fill = 0;

    shape output(shape const& image) const {
        detail::check_image("rotate", image);
        expect(least >= -360 && most <= 360 && least <= most, "rotate: from ", least, " to ", most,
               " degrees: must be in order and in [-360, 360]");
        return image;
    }
    template <class T>
    void operator()(T const* from, shape const& image, T* to, draws const& random) const {
        double const angle = random.uniform(0, least, most) * (3.14159265358979323846 / 180);
        double const cosine = std::cos(angle), sine = std::sin(angle);
        index const height = image[1], width = image[2];
        for (index y = 0; y < height; ++y)
            for (index x = 0; x < width; ++x) {
                double const right = double(x) - double(width - 1) / 2,
                             down = double(y) - double(height - 1) / 2;
                double const u = cosine * right - sine * down + double(width - 1) / 2,
                             v = sine * right + cosine * down + double(height - 1) / 2;
                auto const left = index(std::floor(u)), top = index(std::floor(v));
                T const across = T(u - double(left)), below = T(v - double(top));
                for (index c = 0; c < image[0]; ++c) {
                    auto const pixel = [&](index row, index column) {
                        return row < 0 || row >= height || column < 0 || column >= width
                                   ? T(fill)
                                   : from[(c * height + row) * width + column];
                    };
                    T const above = (1 - across) * pixel(top, left) + across * pixel(top, left + 1);
                    T const under = (1 - across) * pixel(top + 1, left) + across * pixel(top + 1, left + 1);
                    to[(c * height + y) * width + x] = (1 - below) * above + below * under;
                }
            }
    }
};

}  // namespace descent::data::image
