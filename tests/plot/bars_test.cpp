// SPDX-License-Identifier: MIT
#include <descent/plot/bars.hpp>

#include <cmath>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>

#include "message.hpp"
#include "picture.hpp"

using namespace descent::plot;
using Catch::Matchers::WithinAbs;

namespace {

std::vector<std::string> bars_of(std::string const& svg, std::size_t series) {
    std::vector<std::string> found;
    for (std::string const& rect : elements(svg, "<rect"))
        if (rect.find(series_color(series)) != rect.npos)
            found.push_back(rect);
    return found;
}

}  // namespace

TEST_CASE("plot bars: heights are in proportion and stand on zero") {
    bars chart{.groups = {"a", "b", "c"}};
    chart.add("", {1, 2, -1});
    auto const drawn = bars_of(chart.svg(), 0);
    REQUIRE(drawn.size() == 3);
    double const one = attribute(drawn[0], "height")[0];
    CHECK_THAT(attribute(drawn[1], "height")[0], WithinAbs(2 * one, 0.03));
    CHECK_THAT(attribute(drawn[2], "height")[0], WithinAbs(one, 0.03));
    double const foot = attribute(drawn[0], "y")[0] + one;
    CHECK_THAT(attribute(drawn[1], "y")[0] + 2 * one, WithinAbs(foot, 0.03));
    CHECK_THAT(attribute(drawn[2], "y")[0], WithinAbs(foot, 0.03));  // hangs below
}

TEST_CASE("plot bars: series stand side by side, with numbers above them") {
    bars chart{.title = "<&>", .groups = {"GD", "Adam & co"}, .values = true};
    chart.add("train", {93.5, 98.123});
    chart.add("test", std::vector<float>{91.25f, 94.0f});
    auto const svg = chart.svg();
    CHECK(malformed(svg) == "");
    auto const first = bars_of(svg, 0), second = bars_of(svg, 1);  // the legend's box comes first
    REQUIRE(first.size() == 3);
    REQUIRE(second.size() == 3);
    CHECK(attribute(first[1], "x")[0] + attribute(first[1], "width")[0] <= attribute(second[1], "x")[0]);
    CHECK(attribute(second[1], "x")[0] + attribute(second[1], "width")[0] <= attribute(first[2], "x")[0]);
    for (char const* const text : {">93.5<", ">98.12<", ">91.25<", ">94<", ">Adam &amp; co<"})
        CHECK(svg.find(text) != svg.npos);
}

TEST_CASE("plot bars: a number that cannot be drawn has no bar, and long names lean") {
    bars chart{.groups = {"a name that is far too long for its place", "b", "c", "d", "e", "f"}};
    chart.add("", {1, std::nan(""), INFINITY, 0, 2, 3});
    auto const svg = chart.svg();
    CHECK(bars_of(svg, 0).size() == 4);
    CHECK(svg.find("rotate(-35 ") != svg.npos);
    CHECK(malformed(svg) == "");
}

TEST_CASE("plot bars: all zero") {
    bars chart{.groups = {"a"}};
    chart.add("", {0});
    CHECK(malformed(chart.svg()) == "");
}

TEST_CASE("plot bars: bad input") {
    bars chart{.groups = {"a", "b"}};
    CHECK(message_of([&] { chart.svg(); }) == "bars: y: nothing to draw: no finite number");
    CHECK(message_of([&] { chart.add("test", {1, 2, 3}); }) == "bars: 'test': 3 values, 2 groups");
    chart.add("nan", {std::nan(""), std::nan("")});
    CHECK(message_of([&] { chart.svg(); }) == "bars: y: nothing to draw: no finite number");
    chart.groups.push_back("late");
    CHECK(message_of([&] { chart.svg(); }) == "bars: 'nan': 2 values, 3 groups");
    CHECK(message_of([] { bars{}.svg(); }) == "bars: y: nothing to draw: no finite number");
}
