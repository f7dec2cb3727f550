// SPDX-License-Identifier: MIT
#include <descent/plot/image_grid.hpp>

#include <cmath>
#include <limits>
#include <vector>

#include <descent/core/tensor.hpp>

#include <catch2/catch_test_macros.hpp>

#include "message.hpp"
#include "picture.hpp"

using namespace descent::plot;
using descent::shape;

namespace {

std::string link_of(std::string const& svg) {
    std::size_t const at = svg.find("base64,") + 7;
    return svg.substr(at, svg.find('"', at) - at);
}

}  // namespace

TEST_CASE("plot image_grid: pixels are those of a PNG file") {
    // Python's zlib and struct, level 0.
    image_grid gray{.low = -1, .high = 1};
    gray.add(std::vector<double>{-3, 0.0039, INFINITY, std::nextafter(-0.5, 0)}.data(), shape{1, 2, 2});
    CHECK(
        link_of(gray.svg()) ==
        "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAAAAABX3VL4AAAAEUlEQVR4AQEGAPn/AACAAP9ABEQBwErcLjsAAAAASUVORK5CYII=");
    image_grid colored{.high = 255};
    colored.add(std::vector<float>{255, 0, 0, 102, 51, 0}.data(), shape{3, 1, 2});
    CHECK(
        link_of(colored.svg()) ==
        "iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAIAAAB7QOjdAAAAEklEQVR4AQEHAPj/AP8AMwBmAAeZAZkcroKAAAAAAElFTkSuQmCC");
}

TEST_CASE("plot image_grid: rows, shapes and captions") {
    image_grid chart{.title = "a < b", .columns = 2, .width = 300};
    std::vector<float> const pixels(6, 0.5f);
    chart.add(pixels.data(), shape{1, 2, 3}, "wide & low");
    chart.add(pixels.data(), shape{1, 3, 2}, "one two three four five six seven eight nine", "#d55e00");
    chart.add(pixels.data(), shape{1, 1, 1});
    auto const svg = chart.svg();
    CHECK(malformed(svg) == "");
    auto const images = elements(svg, "<image");
    REQUIRE(images.size() == 3);
    auto const of = [&](std::size_t i, char const* name) { return attribute(images[i], name).at(0); };
    CHECK(of(0, "width") == 132);
    CHECK(of(0, "height") == 88);
    CHECK(of(1, "width") == 88);
    CHECK(of(1, "height") == 132);
    CHECK(of(1, "x") == 12 + 144 + 22);  // in the middle of its place
    CHECK(of(0, "y") == 34);
    CHECK(of(2, "y") >= 34 + 132 + 2 * 13);  // under the lines of the caption
    CHECK(elements(svg, "<text").size() == 4);
    CHECK(svg.find("wide &amp; low") != svg.npos);
    CHECK(svg.find("#d55e00") != svg.npos);
}

TEST_CASE("plot image_grid: what cannot be drawn") {
    CHECK(message_of([] { image_grid{}.svg(); }) == "image_grid: nothing to draw: no image");
    float const pixel = 0;
    CHECK(message_of([&] {
              image_grid{}.add(&pixel, shape{2, 1, 1});
          }) == "image_grid: the image is [2, 1, 1]: must be [1 or 3, height, width], at most 4096 each");
    CHECK(message_of([&] {
              image_grid{.low = 1}.add(&pixel, shape{1, 1, 1});
          }) == "image_grid: low = 1, high = 1: must be finite and low < high");
    image_grid chart{.columns = 40};
    chart.add(&pixel, shape{1, 1, 1});
    CHECK(message_of([&] { chart.svg(); }) ==
          "image_grid: columns = 40: must be >= 1 and have room in the width");
    chart = {.columns = 0, .cells = chart.cells};
    CHECK(message_of([&] { chart.svg(); }) ==
          "image_grid: columns = 0: must be >= 1 and have room in the width");
    chart.width = 20;
    CHECK(message_of([&] { chart.svg(); }) == "image_grid: width = 20: must be in [200, 10000]");
}
