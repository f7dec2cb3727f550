// SPDX-License-Identifier: MIT
#include <descent/data/image_color.hpp>
#include <descent/data/image_crop.hpp>
#include <descent/data/image_cutout.hpp>
#include <descent/data/image_flip.hpp>
#include <descent/data/image_normalize.hpp>
#include <descent/data/image_resize.hpp>
#include <descent/data/image_rotate.hpp>

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "message.hpp"

using namespace descent;
namespace image = descent::data::image;
using numbers = std::vector<double>;

namespace {

template <class T = double>
numbers through(auto const& transform, shape const& extents, numbers const& from, std::uint64_t sample = 0) {
    std::vector<T> const x(from.begin(), from.end());
    std::vector<T> y(std::size_t(transform.output(extents).size()), T(-77));
    transform(x.data(), extents, y.data(), image::draws{generator{5, 1}, sample});
    return {y.begin(), y.end()};
}

double apart(numbers const& a, numbers const& b) {
    double worst = a.size() == b.size() ? 0 : 1e300;
    for (std::size_t i = 0; i < a.size() && a.size() == b.size(); ++i)
        worst = std::max(worst, std::fabs(a[i] - b[i]));
    return worst;
}

/// 4 x 6 and 5 x 5 pixels: (i^2) % 17 and (7 i) % 11.
numbers const squares{0, 1, 4, 9, 16, 8, 2, 15, 13, 13, 15, 2, 8, 16, 9, 4, 1, 0, 1, 4, 9, 16, 8, 2};
numbers const sevens{0, 7, 3, 10, 6, 2, 9, 5, 1, 8, 4, 0, 7, 3, 10, 6, 2, 9, 5, 1, 8, 4, 0, 7, 3};

}  // namespace

TEST_CASE("data image: crops") {
    numbers const two{1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16, 17, 18, 19};  // 2 x 3 x 3
    CHECK(through(image::center_crop{1, 1}, {2, 3, 3}, two) == numbers{5, 15});
    CHECK(through(image::center_crop{2, 3}, {2, 3, 3}, two) ==
          numbers{1, 2, 3, 4, 5, 6, 11, 12, 13, 14, 15, 16});
    CHECK(through(image::center_crop{3, 3}, {2, 3, 3}, two) == two);
    // Each of the nine pixels comes up, and the fill outside.
    std::set<numbers> seen;
    for (std::uint64_t sample = 0; sample < 400; ++sample)
        seen.insert(through(image::random_crop{1, 1, 1, -1}, {1, 3, 3}, {1, 2, 3, 4, 5, 6, 7, 8, 9}, sample));
    CHECK(seen.size() == 10);
    seen.clear();
    for (std::uint64_t sample = 0; sample < 400; ++sample)
        seen.insert(through(image::random_crop{2, 2, 1}, {1, 2, 2}, {1, 2, 3, 4}, sample));
    CHECK(seen == std::set<numbers>{{0, 0, 0, 1},
                                    {0, 0, 1, 2},
                                    {0, 0, 2, 0},
                                    {0, 1, 0, 3},
                                    {1, 2, 3, 4},
                                    {2, 0, 4, 0},
                                    {0, 3, 0, 0},
                                    {3, 4, 0, 0},
                                    {4, 0, 0, 0}});
}

TEST_CASE("data image: flips") {
    numbers const two{1, 2, 3, 4, 5, 6, 11, 12, 13, 14, 15, 16};  // 2 x 2 x 3
    CHECK(through(image::horizontal_flip{1}, {2, 2, 3}, two) ==
          numbers{3, 2, 1, 6, 5, 4, 13, 12, 11, 16, 15, 14});
    CHECK(through(image::vertical_flip{1}, {2, 2, 3}, two) ==
          numbers{4, 5, 6, 1, 2, 3, 14, 15, 16, 11, 12, 13});
    CHECK(through(image::horizontal_flip{0}, {2, 2, 3}, two) == two);
    CHECK(through(image::vertical_flip{0}, {2, 2, 3}, two) == two);
    int flipped = 0;
    for (std::uint64_t sample = 0; sample < 1000; ++sample)
        flipped += through(image::horizontal_flip{0.3}, {2, 2, 3}, two, sample) != two;
    CHECK(std::abs(flipped - 300) < 60);
}

TEST_CASE("data image: resize has torch's numbers") {
    CHECK(apart(through(image::resize{5, 9}, {1, 4, 6}, squares), {0.0,
                                                                   0.5,
                                                                   1.5,
                                                                   3.5,
                                                                   6.5,
                                                                   10.166666666666666,
                                                                   14.833333333333332,
                                                                   12.0,
                                                                   8.0,
                                                                   1.4,
                                                                   6.1,
                                                                   10.716666666666669,
                                                                   10.383333333333335,
                                                                   11.05,
                                                                   12.383333333333333,
                                                                   14.716666666666665,
                                                                   9.549999999999999,
                                                                   3.8,
                                                                   5.0,
                                                                   10.25,
                                                                   14.750000000000002,
                                                                   11.75,
                                                                   9.75,
                                                                   8.416666666666666,
                                                                   8.083333333333334,
                                                                   4.5,
                                                                   1.0,
                                                                   5.899999999999999,
                                                                   9.149999999999995,
                                                                   11.833333333333332,
                                                                   9.566666666666666,
                                                                   8.3,
                                                                   6.850000000000005,
                                                                   3.850000000000003,
                                                                   1.850000000000001,
                                                                   0.600000000000001,
                                                                   1.0,
                                                                   2.5,
                                                                   4.833333333333334,
                                                                   8.166666666666666,
                                                                   12.5,
                                                                   14.666666666666668,
                                                                   9.333333333333337,
                                                                   5.0,
                                                                   2.0}) < 1e-13);
    CHECK(apart(through(image::resize{3, 2}, {1, 4, 6}, squares),
                {3.333333333333333, 15.833333333333334, 15.5, 8.0, 6.000000000000004, 6.833333333333331}) <
          1e-13);
    CHECK(apart(through<float>(image::resize{3, 2}, {1, 4, 6}, squares),
                {3.333333333333333, 15.833333333333334, 15.5, 8.0, 6.000000000000004, 6.833333333333331}) <
          1e-5);
    auto const area = [](descent::index h, descent::index w) {
        return through(image::resize{h, w, image::sampling::area}, {1, 4, 6}, squares);
    };
    CHECK(apart(area(2, 3), {4.5, 9.75, 10.25, 7.25, 9.5, 2.75}) < 1e-14);
    // Parts of pixels: numpy, the matrices of covered shares.
    CHECK(apart(area(3, 4), {1.833333333333333, 5.666666666666665, 11.916666666666666, 9.583333333333334,
                             8.499999999999998, 12.499999999999998, 8.333333333333336, 3.333333333333334,
                             4.166666666666668, 8.333333333333334, 10.75, 3.083333333333333}) < 1e-13);
    CHECK(area(4, 6) == squares);
    CHECK(through(image::resize{4, 6}, {1, 4, 6}, squares) == squares);
    CHECK(through(image::resize{2, 2}, {2, 1, 1}, {3, 4}) == numbers{3, 3, 3, 3, 4, 4, 4, 4});
}

TEST_CASE("data image: rotations have the numbers of torch's grid_sample, counterclockwise") {
    CHECK(apart(through(image::rotate{30, 30}, {1, 5, 5}, sevens), {1.588457268119897,
                                                                    3.02404735808355,
                                                                    7.588457268119897,
                                                                    6.940054257054202,
                                                                    2.287187078897968,
                                                                    5.643593539448981,
                                                                    5.732050807568879,
                                                                    3.267949192431123,
                                                                    4.830127018922191,
                                                                    6.753520777580999,
                                                                    3.875644347017858,
                                                                    4.700961894323342,
                                                                    7.0,
                                                                    4.535898384862245,
                                                                    2.071796769724489,
                                                                    2.866025403784439,
                                                                    2.196152422706632,
                                                                    5.232050807568878,
                                                                    5.715390309173474,
                                                                    5.803847577293367,
                                                                    1.464101615137755,
                                                                    5.92820323027551,
                                                                    3.464101615137755,
                                                                    0.411542731880104,
                                                                    1.373066958946427}) < 1e-12);
    numbers const quarter = through(image::rotate{90, 90}, {1, 3, 3}, {1, 2, 3, 4, 5, 6, 7, 8, 9});
    CHECK(apart(quarter, {3, 6, 9, 2, 5, 8, 1, 4, 7}) < 1e-14);
    CHECK(through(image::rotate{0, 0}, {1, 5, 5}, sevens) == sevens);
    CHECK(through(image::rotate{-20, 20}, {1, 5, 5}, sevens, 1) !=
          through(image::rotate{-20, 20}, {1, 5, 5}, sevens, 2));
}

TEST_CASE("data image: normalize, cutout, color jitter") {
    CHECK(through(image::normalize{{1, 2}, {2, 0.5}}, {2, 1, 2}, {1, 3, 2, 4}) == numbers{0, 1, 0, 4});

    // A square of 3 about each pixel in turn, cut at the sides.
    std::set<numbers> seen;
    for (std::uint64_t sample = 0; sample < 200; ++sample)
        seen.insert(through(image::cutout{.size = 3, .fill = 0.5}, {1, 1, 4}, {1, 2, 3, 4}, sample));
    CHECK(seen == std::set<numbers>{{.5, .5, 3, 4}, {.5, .5, .5, 4}, {1, .5, .5, .5}, {1, 2, .5, .5}});

    numbers const pixels{0.1, 0.9, 0.5, 0.3, 0.2, 0.7};  // red, green, blue of two pixels
    image::draws const random{generator{5, 1}, 0};
    double const bright = random.uniform(0, 0.5, 1.5), spread = random.uniform(1, 0.5, 1.5),
                 color = random.uniform(2, 0.5, 1.5);
    CHECK(through(image::color_jitter{}, {3, 1, 2}, pixels) == pixels);
    auto const clamped = [](double v) { return std::clamp(v, 0.0, 1.0); };
    auto const gray = [&](int i) {
        return 0.2989 * pixels[std::size_t(i)] + 0.587 * pixels[std::size_t(2 + i)] +
               0.114 * pixels[std::size_t(4 + i)];
    };
    numbers light, contrast, saturated;
    for (std::size_t i = 0; i < 6; ++i) {
        light.push_back(clamped(bright * pixels[i]));
        contrast.push_back(clamped(spread * pixels[i] + (1 - spread) * (gray(0) + gray(1)) / 2));
        saturated.push_back(clamped(color * pixels[i] + (1 - color) * gray(int(i % 2))));
    }
    CHECK(apart(through(image::color_jitter{.brightness = 0.5}, {3, 1, 2}, pixels), light) < 1e-15);
    CHECK(apart(through(image::color_jitter{.contrast = 0.5}, {3, 1, 2}, pixels), contrast) < 1e-15);
    CHECK(apart(through(image::color_jitter{.saturation = 0.5}, {3, 1, 2}, pixels), saturated) < 1e-15);
    CHECK(through(image::color_jitter{.saturation = 1}, {1, 2, 3}, pixels) == pixels);
}

TEST_CASE("data image: what does not fit is refused") {
    auto const complaint = [](auto const& transform, shape const& extents) {
        return message_of([&] { transform.output(extents); });
    };
    CHECK(complaint(image::center_crop{4, 3}, {1, 3, 3}) ==
          "center_crop: 4 x 3 of [1, 3, 3] with a padding of 0: must be at least 1 x 1 and fit");
    CHECK(complaint(image::random_crop{8, 3, 2}, {1, 3, 3}) ==
          "random_crop: 8 x 3 of [1, 3, 3] with a padding of 2: must be at least 1 x 1 and fit");
    CHECK(complaint(image::random_crop{0, 3}, {1, 3, 3}) ==
          "random_crop: 0 x 3 of [1, 3, 3] with a padding of 0: must be at least 1 x 1 and fit");
    CHECK(complaint(image::random_crop{3, 3, -1}, {1, 3, 3}) == "random_crop: padding = -1: must be >= 0");
    CHECK(complaint(image::horizontal_flip{1.5}, {1, 3, 3}) ==
          "horizontal_flip: probability = 1.5: must be in [0, 1]");
    CHECK(complaint(image::vertical_flip{}, {9}) ==
          "vertical_flip: the image is [9]: must be [channels, height, width]");
    CHECK(complaint(image::resize{0, 2}, {1, 3, 3}) == "resize: to 0 x 2: must be >= 1");
    CHECK(complaint(image::rotate{10, -10}, {1, 3, 3}) ==
          "rotate: from 10 to -10 degrees: must be in order and in [-360, 360]");
    CHECK(complaint(image::normalize{{0}, {1, 1}}, {1, 3, 3}) ==
          "normalize: 1 means and 2 deviations for 1 channels");
    CHECK(complaint(image::normalize{{0}, {0}}, {1, 3, 3}) == "normalize: deviation = 0: must be > 0");
    CHECK(complaint(image::normalize{{0}, {1e31}}, {1, 3, 3}) ==
          "normalize: deviation = 1e+31: must be in [1e-30, 1e30]");
    CHECK(complaint(image::normalize{{INFINITY}, {1}}, {1, 3, 3}) == "normalize: mean = inf: must be finite");
    CHECK(complaint(image::cutout{0}, {1, 3, 3}) == "cutout: size = 0: must be >= 1");
    descent::index const huge = descent::index(1) << 62;
    CHECK(complaint(image::cutout{huge}, {1, 3, 3}) ==
          "cutout: size = 4611686018427387904: must be <= 1073741824");
    CHECK(complaint(image::random_crop{3, 3, huge}, {1, 3, 3}) ==
          "random_crop: padding = 4611686018427387904: must be <= 1073741824");
    CHECK(complaint(image::color_jitter{}, {2, 3, 3}) ==
          "color_jitter: the image is [2, 3, 3]: must have 1 or 3 channels");
    CHECK(complaint(image::color_jitter{.contrast = 2}, {3, 3, 3}) ==
          "color_jitter: strength = 2: must be in [0, 1]");
}
