// SPDX-License-Identifier: MIT
#include <descent/plot/heat_map.hpp>

#include <cmath>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>

#include "message.hpp"
#include "picture.hpp"

using namespace descent::plot;
using Catch::Matchers::WithinAbs;

namespace {

struct table {
    int height, width;
    std::vector<double> cells;
    int rows() const { return height; }
    int cols() const { return width; }
    double operator()(int row, int column) const { return cells[std::size_t(row * width + column)]; }
};

/// The cells: all rectangles but the page's and the 64 of the color bar, which come last.
std::vector<std::string> cells_of(std::string const& svg) {
    auto all = elements(svg, "<rect");
    return {all.begin() + 1, all.end() - 64};
}

}  // namespace

TEST_CASE("plot heat_map: cells in their places and colors") {
    heat_map chart{.title = "m & n"};
    chart.set(table{2, 3, {0, 1, 2, 3, 4, 5}});
    auto const svg = chart.svg();
    CHECK(malformed(svg) == "");
    auto const cells = cells_of(svg);
    REQUIRE(cells.size() == 6);
    for (std::size_t i = 0; i < 6; ++i)
        CHECK(cells[i].find(viridis(double(i) / 5).text()) != std::string::npos);
    CHECK(attribute(cells[3], "y")[0] > attribute(cells[0], "y")[0]);  // row 0 at the top
    CHECK(attribute(cells[1], "x")[0] > attribute(cells[0], "x")[0]);
    double const side = attribute(cells[1], "x")[0] - attribute(cells[0], "x")[0];
    CHECK_THAT(attribute(cells[3], "y")[0] - attribute(cells[0], "y")[0], WithinAbs(side, 0.02));  // square
}

TEST_CASE("plot heat_map: not square on request and for long matrices") {
    heat_map wide{.square = false};
    wide.set(table{1, 2, {0, 1}});
    CHECK(wide.svg().find("width=\"640\"") != std::string::npos);
    heat_map longer{};
    longer.set(table{1, 8, {0, 1, 2, 3, 4, 5, 6, 7}});
    auto const cell = cells_of(longer.svg()).at(0);
    CHECK(attribute(cell, "height")[0] > 2 * attribute(cell, "width")[0]);
}

TEST_CASE("plot heat_map: limits, gray for what is no number, numbers in the cells") {
    heat_map chart{.row_names = {"<a>", "b"}, .values = true, .low = -1, .high = 1};
    chart.set(table{2, 2, {-5, 1, std::nan(""), INFINITY}});
    auto const svg = chart.svg();
    CHECK(malformed(svg) == "");
    auto const cells = cells_of(svg);
    REQUIRE(cells.size() == 3);  // the two gray ones are neighbors and share one
    CHECK(cells[0].find("#440154") != std::string::npos);
    CHECK(cells[1].find("#fde725") != std::string::npos);
    CHECK(cells[2].find("#cccccc") != std::string::npos);
    for (char const* const text : {"fill=\"#ffffff\">\u22125<", "fill=\"#000000\">1<", ">&lt;a&gt;<", ">1.0<"})
        CHECK(svg.find(text) != svg.npos);
    CHECK(svg.find("nan") == svg.npos);
}

TEST_CASE("plot heat_map: a constant matrix, a single cell, a large matrix") {
    heat_map one{};
    one.set(table{1, 1, {7}});
    CHECK(malformed(one.svg()) == "");
    heat_map constant{};
    constant.set(table{3, 3, std::vector<double>(9, 0.0)});
    CHECK(cells_of(constant.svg()).size() == 3);  // one rectangle for each row
    heat_map large{};
    table noise{1000, 1000, std::vector<double>(1'000'000)};
    for (std::size_t i = 0; i < noise.cells.size(); ++i)
        noise.cells[i] = std::sin(double(i) * double(i));
    large.set(noise);
    CHECK(large.svg().size() < 4'000'000);
}

TEST_CASE("plot heat_map: bad input") {
    heat_map chart{};
    CHECK(message_of([&] { chart.svg(); }) == "heat_map: nothing to draw: 0 x 0 cells");
    chart.set(table{2, 2, {std::nan(""), INFINITY, -INFINITY, std::nan("")}});
    CHECK(message_of([&] { chart.svg(); }) == "heat_map: nothing to draw: no finite number");
    chart.set(table{2, 2, {1, 2, 3, 4}});
    chart.row_names = {"a"};
    CHECK(message_of([&] { chart.svg(); }) == "heat_map: 1 row names, 2 rows");
    chart.row_names.clear();
    chart.column_names = {"a", "b", "c"};
    CHECK(message_of([&] { chart.svg(); }) == "heat_map: 3 column names, 2 columns");
    chart.column_names.clear();
    chart.low = 5;
    CHECK(message_of([&] { chart.svg(); }) == "heat_map: low = 5, high = 4: must be finite and low <= high");
    chart.low = -INFINITY;
    CHECK(message_of([&] { chart.svg(); }) == "heat_map: low = -inf, high = 4: must be finite and low <= high");
    chart.low = 0;
    chart.cells.pop_back();
    CHECK(message_of([&] { chart.svg(); }) == "heat_map: 3 cells: must be 2 x 2");
}
