// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>

#include <descent/data/image_transform.hpp>

namespace descent::data::image {

/// Changes brightness, contrast and saturation of a colour image (red, green, blue) or of a gray one, whose
/// saturation stays, in this order, each by a factor drawn uniformly from [1 - setting, 1 + setting]. A factor
/// blends the image with black, with its mean gray, or with its gray image; gray = 0.2989 red + 0.587 green +
/// 0.114 blue. Pixels stay in [0, highest]. Same numbers as torchvision's adjust_brightness, _contrast and
/// _saturation.
struct color_jitter {
    double brightness = 0, contrast = 0, saturation = 0;  ///< in [0, 1]
    double highest = 1;                                   ///< of a pixel: 255 where bytes were not scaled

    shape output(shape const& image) const {
        detail::check_image("color_jitter", image);
        expect(image[0] == 1 || image[0] == 3, "color_jitter: the image is ", image.text(),
               ": must have 1 or 3 channels");
        for (double const each : {brightness, contrast, saturation})
            expect(each >= 0 && each <= 1, "color_jitter: strength = ", each, ": must be in [0, 1]");
        expect(highest > 0, "color_jitter: highest = ", highest, ": must be > 0");
        return image;
    }
    template <class T>
    void operator()(T const* from, shape const& image, T* to, draws const& random) const {
        index const plane = image[1] * image[2];
        bool const colored = image[0] == 3;
        auto const factor = [&](std::uint64_t i, double strength) {
            return T(random.uniform(i, 1 - strength, 1 + strength));
        };
        auto const gray = [&](index i) {
            return colored ? T(0.2989) * to[i] + T(0.587) * to[plane + i] + T(0.114) * to[2 * plane + i]
                           : to[i];
        };
        auto const within = [&](T value) { return std::clamp(value, T(0), T(highest)); };

        T const light = factor(0, brightness);
        for (index i = 0; i < image.size(); ++i)
            to[i] = within(light * from[i]);

        double sum = 0;
        for (index i = 0; i < plane; ++i)
            sum += double(gray(i));
        T const spread = factor(1, contrast), middle = T(sum / double(plane));
        for (index i = 0; i < image.size(); ++i)
            to[i] = within(spread * to[i] + (1 - spread) * middle);

        T const color = factor(2, saturation);
        for (index i = 0; colored && i < plane; ++i) {
            T const shade = gray(i);
            for (index c = 0; c < 3; ++c)
                to[c * plane + i] = within(color * to[c * plane + i] + (1 - color) * shade);
        }
    }
};

}  // namespace descent::data::image
