// SPDX-License-Identifier: MIT
#include <descent/plot/scatter.hpp>

#include <cmath>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>

#include "message.hpp"
#include "picture.hpp"

using namespace descent::plot;
using Catch::Matchers::WithinAbs;

TEST_CASE("plot scatter: a dot for each point and a line through them") {
    scatter chart{.title = "Line fit"};
    chart.add("data", {0, 1, 2}, {1, 3, 5});
    chart.add_line("y = 2x + 1", 2, 1);
    auto const svg = chart.svg();
    CHECK(malformed(svg) == "");
    auto const dots = elements(svg, "<circle");
    REQUIRE(dots.size() == 4);  // one in the legend, written first
    auto const line = elements(svg, "<polyline");
    REQUIRE(line.size() == 2);
    auto const ends = attribute(line[1], "points");
    REQUIRE(ends.size() == 4);
    CHECK(ends[0] == attribute(dots[1], "cx")[0]);
    CHECK(ends[1] == attribute(dots[1], "cy")[0]);
    CHECK(ends[2] == attribute(dots[3], "cx")[0]);
    CHECK(ends[3] == attribute(dots[3], "cy")[0]);
    CHECK_THAT((ends[0] + ends[2]) / 2, WithinAbs(attribute(dots[2], "cx")[0], 0.02));
}

TEST_CASE("plot scatter: the line stays inside the axes even where it leaves the points") {
    scatter chart{};
    chart.add("", {0, 1}, {0, 1});
    chart.add_line("steep", 100, -50);
    auto const ends = attribute(elements(chart.svg(), "<polyline").at(1), "points");
    for (double const y : {ends[1], ends[3]}) {
        CHECK(y >= 0);
        CHECK(y <= 400);
    }
}

TEST_CASE("plot scatter: a straight line is bent by logarithmic axes, a curve is drawn as given") {
    scatter chart{.log_x = true, .log_y = true};
    chart.add("", {1, 10, 100}, {1, 10, 100});
    chart.add_line("", 1, 1);
    chart.add_curve("", std::vector<double>{1, 100}, std::vector<double>{1, 100});
    auto const drawn = elements(chart.svg(), "<polyline");
    REQUIRE(drawn.size() == 2);
    CHECK(attribute(drawn[0], "points").size() == 4);
    CHECK(attribute(drawn[1], "points").size() > 100);
}

TEST_CASE("plot scatter: points that cannot be drawn are left out") {
    scatter chart{};
    chart.add("", std::vector<float>{1, 2, 3}, std::vector<float>{1, std::nanf(""), 3});
    CHECK(elements(chart.svg(), "<circle").size() == 2);
    CHECK(malformed(chart.svg()) == "");
}

TEST_CASE("plot scatter: bad input") {
    scatter chart{};
    CHECK(message_of([&] { chart.svg(); }) == "scatter: nothing to draw: no finite point");
    chart.add_line("alone", 1, 0);  // a line needs points to say how long it is
    CHECK(message_of([&] { chart.svg(); }) == "scatter: nothing to draw: no finite point");
    CHECK(message_of([&] { chart.add("a", {1}, {1, 2}); }) == "scatter: 'a': 1 xs, 2 ys");
    CHECK(message_of([&] {
              chart.add_curve("c", std::vector<int>{1, 2}, std::vector<int>{});
          }) == "scatter: 'c': 2 xs, 0 ys");
}
