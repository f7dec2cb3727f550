// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>

#include <descent/data/image_transform.hpp>

namespace descent::data::image {

/// Left becomes right, with this probability.
struct horizontal_flip {
    double probability = 0.5;

    shape output(shape const& image) const {
        detail::check_image("horizontal_flip", image);
        detail::check_probability("horizontal_flip", probability);
        return image;
    }
    template <class T>
    void operator()(T const* from, shape const& image, T* to, draws const& random) const {
        bool const flip = random.uniform(0) < probability;
        for (index row = 0; row < image[0] * image[1]; ++row) {
            T const* const line = from + row * image[2];
            if (flip)
                std::reverse_copy(line, line + image[2], to + row * image[2]);
            else
                std::copy_n(line, image[2], to + row * image[2]);
        }
    }
};

/// Top becomes bottom, with this probability.
struct vertical_flip {
    double probability = 0.5;

    shape output(shape const& image) const {
        detail::check_image("vertical_flip", image);
        detail::check_probability("vertical_flip", probability);
        return image;
    }
    template <class T>
    void operator()(T const* from, shape const& image, T* to, draws const& random) const {
        bool const flip = random.uniform(0) < probability;
        for (index c = 0; c < image[0]; ++c)
            for (index y = 0; y < image[1]; ++y)
                std::copy_n(from + (c * image[1] + (flip ? image[1] - 1 - y : y)) * image[2], image[2],
                            to + (c * image[1] + y) * image[2]);
    }
};

}  // namespace descent::data::image
