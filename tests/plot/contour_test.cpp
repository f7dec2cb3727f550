// SPDX-License-Identifier: MIT
#include <descent/plot/contour.hpp>

#include <cmath>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "message.hpp"
#include "picture.hpp"

using namespace descent::plot;

namespace {

/// The area within loops, holes taken off, by the shoelace formula of each and by which lies in which: all
/// loops run around the same way here or not, so each is taken by its absolute value, holes (odd depth) below
/// zero.
double area_of(std::vector<std::vector<point>> const& loops, bool second_is_hole = false) {
    double total = 0;
    for (std::size_t k = 0; k < loops.size(); ++k) {
        double twice = 0;
        auto const& loop = loops[k];
        for (std::size_t i = 0; i < loop.size(); ++i) {
            point const a = loop[i], b = loop[(i + 1) % loop.size()];
            twice += a.x * b.y - b.x * a.y;
        }
        total += (second_is_hole && k == 1 ? -1 : 1) * std::abs(twice) / 2;
    }
    return total;
}

std::vector<double> grid(std::size_t n, double (*f)(double x, double y)) {
    std::vector<double> made;
    for (std::size_t r = 0; r < n; ++r)
        for (std::size_t c = 0; c < n; ++c)
            made.push_back(f(double(c), double(r)));
    return made;
}

}  // namespace

TEST_CASE("plot level_loops: areas of a half plane, a disc, a ring and the whole grid") {
    auto const slope = grid(9, [](double x, double) { return x; });
    auto const half = detail::level_loops(slope, 9, 9, 2.5).find();
    REQUIRE(half.size() == 1);
    CHECK(std::abs(area_of(half) - 5.5 * 8) < 1e-12);
    CHECK(std::abs(area_of(detail::level_loops(slope, 9, 9, -1).find()) - 64) < 1e-12);
    CHECK(detail::level_loops(slope, 9, 9, 8.5).find().empty());
    auto const hill = grid(101, [](double x, double y) { return -std::hypot(x - 50, y - 50); });
    auto const disc = detail::level_loops(hill, 101, 101, -30).find();
    REQUIRE(disc.size() == 1);
    CHECK(std::abs(area_of(disc) / (900 * std::acos(-1.0)) - 1) < 1e-3);
    auto const rim = grid(101, [](double x, double y) { return -std::abs(std::hypot(x - 50, y - 50) - 30); });
    auto const ring = detail::level_loops(rim, 101, 101, -10).find();
    REQUIRE(ring.size() == 2);
    CHECK(std::abs(area_of(ring, true) / ((1600 - 400) * std::acos(-1.0)) - 1) < 2e-3);
    // A saddle: the mean of its corners lies below 0.6 and above 0.4.
    std::vector<double> const saddle{1, 0, 0, 1};
    CHECK(detail::level_loops(saddle, 2, 2, 0.6).find().size() == 2);
    CHECK(detail::level_loops(saddle, 2, 2, 0.4).find().size() == 1);
    // NaN is a hole, whose border runs along the grid's lines.
    auto pierced = grid(5, [](double, double) { return 1.0; });
    pierced[12] = std::nan("");
    CHECK(std::abs(area_of(detail::level_loops(pierced, 5, 5, 0.5).find(), true) - (16 - 2)) < 1e-12);
}

TEST_CASE("plot contour: bands, points and a ring on axes of any kind") {
    std::vector<double> xs, ys{0, 1, 2, 3}, heights;
    for (int i = 0; i <= 20; ++i)
        xs.push_back(std::pow(10.0, -4 + 0.2 * i));
    for (double const y : ys)
        for (double const x : xs)
            heights.push_back(std::log10(x) + y);
    contour chart{
        .title = "a & b", .x_label = "rate", .y_label = "kind", .log_x = true, .y_names = {"p", "q", "r"}};
    chart.set(xs, ys, heights);
    chart.add(std::vector<double>{1e-3, 1e9, -1, 1e-2}, std::vector<double>{0.5, 1, 1, 2.5},
              std::vector<double>{1, 2, 3, std::nan("")});
    chart.mark(1e-3, 0.5);
    auto const svg = chart.svg();
    CHECK(malformed(svg) == "");
    CHECK(elements(svg, "<circle").size() == 3);  // two points in sight, one ring
    CHECK(elements(svg, "<path").size() >= 7);
    for (char const* const label : {">p<", ">r<", ">rate<", ">a &amp; b</text"})
        CHECK(svg.find(label) != svg.npos);
    CHECK(svg.size() < 30'000);
    CHECK(svg.find("nan") == svg.npos);
    CHECK(svg == chart.svg());
    contour flat{};
    flat.set(ys, ys, std::vector<double>(16, 2.0));
    CHECK(malformed(flat.svg()) == "");
}

TEST_CASE("plot contour: bad input") {
    contour chart{};
    std::vector<double> const two{0, 1};
    CHECK(message_of([&] { chart.set(two, two, two); }) == "contour: 2 heights: must be 2 x 2");
    CHECK(message_of([&] { contour{}.svg(); }) == "contour: 0 xs: must be >= 2");
    CHECK(message_of([&] {
              chart.set(two, std::vector<double>{1, 1}, std::vector<double>(4));
          }) == "contour: ys[1] = 1: must be finite and rise");
    contour log{.log_x = true};
    CHECK(message_of([&] { log.set(two, two, std::vector<double>(4)); }) ==
          "contour: xs[0] = 0: must be finite, positive and rise");
    chart.set(two, two, std::vector<double>(4, std::nan("")));
    CHECK(message_of([&] { chart.svg(); }) == "contour: nothing to draw: no finite height");
    CHECK(message_of([&] { chart.add(two, two, std::vector<double>{1}); }) == "contour: 2 points, 1 heights");
}
