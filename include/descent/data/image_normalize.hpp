// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <vector>

#include <descent/data/image_transform.hpp>

namespace descent::data::image {

/// (pixel - mean) / deviation, each one number a channel: normalize{{0.5}, {0.25}}.
struct normalize {
    std::vector<double> mean, deviation;

    shape output(shape const& image) const {
        detail::check_image("normalize", image);
        expect(index(mean.size()) == image[0] && index(deviation.size()) == image[0],
               "normalize: ", mean.size(), " means and ", deviation.size(), " deviations for ", image[0],
               " channels");
        for (double const each : mean)
            expect(std::isfinite(each), "normalize: mean = ", each, ": must be finite");
        for (double const each : deviation) {
            expect(each > 0, "normalize: deviation = ", each, ": must be > 0");
            expect(each >= 1e-30 && each <= 1e30, "normalize: deviation = ", each,
                   ": must be in [1e-30, 1e30]");
        }
        return image;
    }
    template <class T>
    void operator()(T const* from, shape const& image, T* to, draws const&) const {
        index const plane = image[1] * image[2];
        for (index c = 0; c < image[0]; ++c) {
            T const middle = T(mean[std::size_t(c)]), scale = T(1 / deviation[std::size_t(c)]);
            for (index i = c * plane; i < (c + 1) * plane; ++i)
                to[i] = (from[i] - middle) * scale;
        }
    }
};

}  // namespace descent::data::image
