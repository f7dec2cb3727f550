// SPDX-License-Identifier: MIT
#include <descent/plot/svg.hpp>

#include <clocale>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include <descent/plot/detail/text_width.hpp>

#include "picture.hpp"

using namespace descent::plot;

TEST_CASE("plot svg: each element as text") {
    svg_writer out(200, 100, "");
    out.open_group("opacity=\"0.5\"");
    out.line({0, 1.5}, {10, -2.25}, "#123456", 2);
    out.circle({1, 2}, 3, "#abcdef");
    out.close_group();
    out.polyline({{0, 0}, {1.005, 2}, {3, 4}}, "#000000", 1.5, "6 3");
    out.text({5, 6}, "a<b", {.size = 10, .anchor = "end", .color = "#222222", .bold = true, .rotate = -90},
             "23");
    out.area({{{0, 0}, {1, 0}, {1, 1}}, {{2, 2}, {3.5, 2}, {3, 3}}}, "#ff0000", "opacity=\"0.5\"");
    CHECK(
        out.finish() ==
        "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"200\" height=\"100\" viewBox=\"0 0 "
        "200 100\" "
        "font-family=\"Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif\">\n"
        "<rect x=\"0\" y=\"0\" width=\"200\" height=\"100\" fill=\"#ffffff\"/>\n"
        "<g opacity=\"0.5\">\n"
        "<line x1=\"0\" y1=\"1.5\" x2=\"10\" y2=\"-2.25\" stroke=\"#123456\" stroke-width=\"2\"/>\n"
        "<circle cx=\"1\" cy=\"2\" r=\"3\" fill=\"#abcdef\"/>\n"
        "</g>\n"
        "<polyline points=\"0,0 1,2 3,4\" fill=\"none\" stroke=\"#000000\" stroke-width=\"1.5\" "
        "stroke-dasharray=\"6 3\" stroke-linejoin=\"round\" stroke-linecap=\"round\"/>\n"
        "<text x=\"-3.85\" y=\"6\" font-size=\"10\" text-anchor=\"end\" fill=\"#222222\" font-weight=\"bold\" "
        "transform=\"rotate(-90 5 6)\">a&lt;b</text>\n"
        "<text x=\"-3.85\" y=\"2\" font-size=\"7.5\" text-anchor=\"start\" fill=\"#222222\" "
        "font-weight=\"bold\" "
        "transform=\"rotate(-90 5 6)\">23</text>\n"
        "<path d=\"M0 0L1 0L1 1ZM2 2L3.5 2L3 3Z\" fill=\"#ff0000\" fill-rule=\"evenodd\" opacity=\"0.5\"/>\n"
        "</svg>\n");
    CHECK(malformed(out.finish()) == "");
}

TEST_CASE("plot svg: text is escaped") {
    CHECK(svg_writer::escape("a & b < c > \"d\" 'e'\n\x01") ==
          "a &amp; b &lt; c &gt; &quot;d&quot; &#39;e&#39;  ");
    CHECK(svg_writer::escape("10 \u00b5m, \u4e2d") == "10 \u00b5m, \u4e2d");
    svg_writer out(200, 100, "</title><script>&\"");
    out.text({0, 0}, "]]></text>&<g>");
    CHECK(malformed(out.finish()) == "");
    CHECK(elements(out.finish(), "<script").empty());
}

TEST_CASE("plot svg: numbers have at most two decimals and never a comma") {
    CHECK(svg_writer::number(0) == "0");
    CHECK(svg_writer::number(-0.001) == "0");
    CHECK(svg_writer::number(12) == "12");
    CHECK(svg_writer::number(0.5) == "0.5");
    CHECK(svg_writer::number(-3.14159) == "-3.14");
    CHECK(svg_writer::number(2.999) == "3");
    CHECK(svg_writer::number(7.05) == "7.05");
    for (char const* const name : {"de_DE.UTF-8", "fr_FR.UTF-8"}) {
        std::setlocale(LC_ALL, name);  // where it is not installed, the plain case is tested twice
        CHECK(svg_writer::number(1234.5) == "1234.5");
        std::setlocale(LC_ALL, "C");
    }
}

TEST_CASE("plot svg: the checker of these tests does find errors") {
    CHECK(malformed("<a><b/></a>") == "");
    CHECK(malformed("<a><b></a></b>") != "");
    CHECK(malformed("<a>") != "");
    CHECK(malformed("<a/><b/>") != "");
    CHECK(malformed("<a>x & y</a>") != "");
    CHECK(malformed("<a b=\"<\"/>") != "");
    CHECK(malformed("<a b=c/>") != "");
}

TEST_CASE("plot svg: widths and line breaks") {
    CHECK(detail::text_width("", 12) == 0);
    CHECK(detail::text_width("mm", 10) > detail::text_width("ii", 10));
    CHECK(detail::text_width("\u4e2d", 10) == 10);   // one character of three bytes
    CHECK(detail::text_width("\u00e9", 10) == 6.5);  // one character of two bytes
    CHECK(detail::wrapped("one two three", 10, 45) == std::vector<std::string>{"one two", "three"});
    CHECK(detail::wrapped("unbreakable", 10, 1) == std::vector<std::string>{"unbreakable"});
    CHECK(detail::wrapped("", 10, 45).empty());
}
