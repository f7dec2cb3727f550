// SPDX-License-Identifier: MIT
#include <descent/plot/lines.hpp>

#include <cmath>
#include <cstdio>
#include <fstream>
#include <limits>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>

#include "message.hpp"
#include "picture.hpp"

using namespace descent::plot;
using Catch::Matchers::WithinAbs;

namespace {

/// Where the label of a tick stands along the axis, or NaN.
double label_at(std::string const& svg, std::string const& label, char side) {
    for (std::string const& text : elements(svg, "<text"))
        if (text.find(">" + label + "<") != text.npos)
            return attribute(text, std::string(1, side))[0];
    return std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

TEST_CASE("plot lines: title, labels, legend and one polyline for each curve") {
    lines chart{.title = "Loss & <more>", .x_label = "epoch", .y_label = "\"loss\""};
    chart.add("adam", {1, 2, 3}, {3, 2, 1});
    chart.add("sgd", std::vector<float>{1, 2, 3}, std::vector<int>{4, 3, 2});
    auto const svg = chart.svg();
    CHECK(malformed(svg) == "");
    CHECK(elements(svg, "<title>Loss &amp; &lt;more&gt;</title>").size() == 1);
    for (char const* const text :
         {">epoch<", ">&quot;loss&quot;<", ">adam<", ">sgd<", ">Loss &amp; &lt;more&gt;</text"})
        CHECK(svg.find(text) != svg.npos);
    CHECK(elements(svg, "<polyline").size() == 4);  // two curves, two legend keys
    CHECK(svg.find("viewBox=\"0 0 640 400\"") != svg.npos);
    CHECK(svg == chart.svg());
}

TEST_CASE("plot lines: points stand where the ticks say") {
    lines chart{};
    chart.add("", {0, 10}, {-1, 1});
    auto const svg = chart.svg();
    auto const curve = elements(svg, "<polyline");
    REQUIRE(curve.size() == 1);
    auto const points = attribute(curve[0], "points");
    REQUIRE(points.size() == 4);
    CHECK_THAT(points[0], WithinAbs(label_at(svg, "0", 'x'), 0.02));
    CHECK_THAT(points[2], WithinAbs(label_at(svg, "10", 'x'), 0.02));
    double const baseline = 0.35 * 11.5;  // text is set with its middle at the tick
    CHECK_THAT(points[1], WithinAbs(label_at(svg, "\u22121.0", 'y') - baseline, 0.02));
    CHECK_THAT(points[3], WithinAbs(label_at(svg, "1.0", 'y') - baseline, 0.02));
    CHECK(points[1] > points[3]);  // y grows downward on the page
}

TEST_CASE("plot lines: six decades on a logarithmic axis are equally far apart") {
    lines chart{.log_y = true};
    chart.add("", {0, 1, 2, 3, 4, 5, 6}, {1, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6});
    auto const svg = chart.svg();
    CHECK(malformed(svg) == "");
    auto const points = attribute(elements(svg, "<polyline").at(0), "points");
    REQUIRE(points.size() == 14);
    for (std::size_t i = 0; i + 3 < points.size(); i += 2)
        CHECK_THAT(points[i + 3] - points[i + 1], WithinAbs((points[13] - points[1]) / 6, 0.03));
    // Exponents begin where their tens end: no renderer needs to know how a text is set within another.
    int raised = 0;
    std::vector<double> ends;
    for (std::string const& text : elements(svg, "<text"))
        if (text.find(">10<") != text.npos)
            ends.push_back(attribute(text, "x")[0]);
        else if (text.find("font-size=\"8.63\"") != text.npos) {
            CHECK((attribute(text, "x")[0] == ends.back() && text.find("text-anchor=\"start\"") != text.npos));
            ++raised;
        }
    CHECK((raised == 7 && ends.size() == 7));
}

TEST_CASE("plot lines: a band lies behind its curve") {
    lines chart{.log_y = true};
    CHECK(message_of([&] {
              chart.add_band(std::vector<double>{1}, std::vector<double>{1}, std::vector<double>{1});
          }) == "lines: a band needs a curve before it");
    chart.add("a", {0, 1, 2}, {10, 20, 30});
    chart.add_band(std::vector<double>{0, 1, 2}, std::vector<double>{8, -1, 1e-2},
                   std::vector<double>{12, 40, 1e3});
    auto const svg = chart.svg();
    CHECK(malformed(svg) == "");
    auto const band = elements(svg, "<path");
    REQUIRE(band.size() == 1);
    CHECK((band[0].find("fill=\"#0072b2\"") != band[0].npos &&
           svg.find("<path") < svg.rfind("<polyline points=\"")));
    CHECK(label_at(svg, "0.01", 'y') > label_at(svg, "10", 'y'));  // the axis reaches down to 10^-2
    CHECK(message_of([&] {
              chart.add_band(std::vector<double>{1}, std::vector<double>{1}, std::vector<double>{});
          }) == "lines: a band of 1 xs, 1 lows, 0 highs");
}

TEST_CASE("plot lines: points that cannot be drawn are gaps") {
    double const nan = std::nan(""), inf = std::numeric_limits<double>::infinity();
    lines chart{};
    chart.add("", {0, 1, 2, 3, 4, 5, 6, 7}, {1, 2, nan, 3, 4, inf, 5, nan});
    auto const svg = chart.svg();
    CHECK(elements(svg, "<polyline").size() == 2);
    CHECK(elements(svg, "<circle").size() == 1);  // the 5 between two gaps
    CHECK(svg.find("nan") == svg.npos);
    CHECK(svg.find("inf") == svg.npos);
    lines log{.log_x = true, .log_y = true};
    log.add("", {-1, 1, 2, 3, 4}, {1, 1, 0, 2, 3});
    CHECK(elements(log.svg(), "<polyline").size() == 1);
    CHECK(elements(log.svg(), "<circle").size() == 1);
}

TEST_CASE("plot lines: a single point, a constant curve, markers") {
    lines one{};
    one.add("", {3}, {5});
    CHECK(elements(one.svg(), "<circle").size() == 1);
    CHECK(malformed(one.svg()) == "");
    lines constant{.markers = true};
    constant.add("", std::vector<double>(5, 0.0));
    auto const points = attribute(elements(constant.svg(), "<polyline").at(0), "points");
    REQUIRE(points.size() == 10);
    CHECK(points[1] == points[9]);
    CHECK(elements(constant.svg(), "<circle").size() == 5);
}

TEST_CASE("plot lines: a million points stay a small file with every peak") {
    std::vector<double> ys(1'000'000);
    for (std::size_t i = 0; i < ys.size(); ++i)
        ys[i] = std::sin(double(i));
    ys[654'321] = 100;
    lines chart{};
    chart.add("", ys);
    auto const svg = chart.svg();
    CHECK(svg.size() < 100'000);
    auto const points = attribute(elements(svg, "<polyline").at(0), "points");
    double top = 1e9;
    for (std::size_t i = 1; i < points.size(); i += 2)
        top = std::min(top, points[i]);
    // 100 with a margin of 4 % of 101 above it, on an area that begins 14 pixels from the top.
    lines two{};
    two.add("", {0, 999'999}, {-1, 100});
    CHECK_THAT(top, WithinAbs(attribute(elements(two.svg(), "<polyline").at(0), "points")[3], 0.3));
}

TEST_CASE("plot lines: a long legend goes below and the page grows") {
    lines chart{};
    for (int i = 0; i < 40; ++i)
        chart.add("a method with quite a long name " + std::to_string(i), {0, 1}, {double(i), i + 1.0});
    auto const svg = chart.svg();
    auto const page = attribute(svg.substr(0, svg.find('\n')), "height");
    CHECK(page[0] > 400);
    for (std::string const& text : elements(svg, "<text"))
        CHECK(attribute(text, "y")[0] < page[0]);
}

TEST_CASE("plot lines: bad input") {
    lines chart{};
    CHECK(message_of([&] { chart.svg(); }) == "lines: nothing to draw: no finite point");
    CHECK(message_of([&] { chart.add("adam", {1, 2, 3}, {1, 2}); }) == "lines: 'adam': 3 xs, 2 ys");
    CHECK(chart.curves.empty());
    chart.add("nothing", std::vector<double>{});
    CHECK(message_of([&] { chart.svg(); }) == "lines: nothing to draw: no finite point");
    chart.add("bad", {1, 2}, {0, -1});
    chart.log_y = true;
    CHECK(message_of([&] { chart.svg(); }) ==
          "lines: nothing to draw: no finite point that is positive on the logarithmic axis");
    chart.log_y = false;
    chart.curves[1].ys.pop_back();
    CHECK(message_of([&] { chart.svg(); }) == "lines: 'bad': 2 xs, 1 ys");
    chart.curves.pop_back();
    chart.width = 10;
    CHECK(message_of([&] { chart.svg(); }) == "lines: width = 10: must be in [200, 10000]");
    chart.width = 640;
    chart.height = std::nan("");
    CHECK(message_of([&] { chart.svg(); }) == "lines: height = nan: must be in [150, 10000]");
    lines good{};
    good.add("", {1}, {1});
    CHECK(message_of([&] { good.save("no/such/a.svg"); }) ==
          "no/such/a.svg: cannot write: No such file or directory");
}

TEST_CASE("plot lines: save writes what svg returns") {
    lines chart{.title = "t"};
    chart.add("a", {1, 2}, {1, 2});
    std::string const path = "descent_plot_lines_test.svg";
    std::ofstream(path) << "older and longer than the picture" << std::string(100'000, ' ');
    chart.save(path);
    CHECK(!std::ifstream(path + ".tmp"));
    std::ifstream file(path);
    CHECK(std::string(std::istreambuf_iterator<char>(file), {}) == chart.svg());
    file.close();
    std::remove(path.c_str());
}
