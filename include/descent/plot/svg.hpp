// SPDX-License-Identifier: MIT
#pragma once

#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include <descent/core/error.hpp>
#include <descent/plot/detail/text_width.hpp>

namespace descent::plot {

/// A place on the page: pixels from the left and from the top.
struct point {
    double x = 0, y = 0;
};

/// How a line of text looks. `anchor` is the SVG text-anchor: start, middle or end.
struct text_style {
    double size = 12;
    std::string_view anchor = "middle";
    std::string_view color = "#222222";
    bool bold = false;
    double rotate = 0;  ///< degrees, clockwise, about the anchor
};

/// Writes SVG elements into a string. Coordinates are rounded to hundredths of a pixel, so the same picture is
/// the same text on every machine and in every locale.
class svg_writer {
public:
    /// `title` is what a screen reader says.
    svg_writer(double width, double height, std::string_view title) {
        out_ = descent::text(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"", number(width), "\" height=\"",
            number(height), "\" viewBox=\"0 0 ", number(width), " ", number(height),
            "\" font-family=\"Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif\">\n");
        if (!title.empty())
            out_ += descent::text("<title>", escape(title), "</title>\n");
        rect(0, 0, width, height, "#ffffff");
    }

    void rect(double x, double y, double width, double height, std::string_view fill,
              std::string_view more = {}) {
        open("rect");
        attribute("x", x), attribute("y", y), attribute("width", width), attribute("height", height);
        attribute("fill", fill);
        close(more);
    }

    void line(point from, point to, std::string_view stroke, double width = 1, std::string_view more = {}) {
        open("line");
        attribute("x1", from.x), attribute("y1", from.y), attribute("x2", to.x), attribute("y2", to.y);
        attribute("stroke", stroke), attribute("stroke-width", width);
        close(more);
    }

    void circle(point center, double radius, std::string_view fill, std::string_view more = {}) {
        open("circle");
        attribute("cx", center.x), attribute("cy", center.y), attribute("r", radius), attribute("fill", fill);
        close(more);
    }

    /// Straight lines from point to point; `dash` is an SVG dash array, or empty for a solid line.
    void polyline(std::vector<point> const& points, std::string_view stroke, double width,
                  std::string_view dash = {}) {
        open("polyline");
        out_ += " points=\"";
        for (std::size_t i = 0; i < points.size(); ++i)
            out_ += descent::text(i ? " " : "", number(points[i].x), ",", number(points[i].y));
        out_ += "\"";
        attribute("fill", "none"), attribute("stroke", stroke), attribute("stroke-width", width);
        if (!dash.empty())
            attribute("stroke-dasharray", dash);
        close("stroke-linejoin=\"round\" stroke-linecap=\"round\"");
    }

    /// The area within closed loops of points; what lies within two of them is a hole.
    void area(std::vector<std::vector<point>> const& loops, std::string_view fill, std::string_view more = {}) {
        open("path");
        out_ += " d=\"";
        for (std::vector<point> const& loop : loops) {
            for (std::size_t i = 0; i < loop.size(); ++i)
                out_ += descent::text(i ? "L" : "M", number(loop[i].x), " ", number(loop[i].y));
            out_ += "Z";
        }
        out_ += "\"";
        attribute("fill", fill), attribute("fill-rule", "evenodd");
        close(more);
    }

    /// One line of text with its baseline at the point; `power` is set behind it as an exponent.
    void text(point at, std::string_view content, text_style const& style = {}, std::string_view power = {}) {
        if (power.empty())
            return words(at, content, style, at);
        // Two texts that meet at one place: renderers do not agree on where a tspan stands under an anchor.
        double const small = 0.75 * style.size, base = detail::text_width(content, style.size),
                     raised = detail::text_width(power, small);
        double const meet = style.anchor == "start" ? base
                            : style.anchor == "end" ? -raised
                                                    : (base - raised) / 2;
        text_style left = style, right = style;
        left.anchor = "end", right.anchor = "start", right.size = small;
        words({at.x + meet, at.y}, content, left, at);
        words({at.x + meet, at.y - 0.4 * style.size}, power, right, at);
    }

    /// A picture from a link, such as "data:image/png;base64,...", with its pixels seen as squares.
    void image(double x, double y, double width, double height, std::string_view link) {
        open("image");
        attribute("x", x), attribute("y", y), attribute("width", width), attribute("height", height);
        attribute("href", link);
        close("preserveAspectRatio=\"none\" style=\"image-rendering:pixelated\"");
    }

    /// Puts what follows, up to close_group, under common attributes.
    void open_group(std::string_view attributes) { out_.append("<g ").append(attributes).append(">\n"); }
    void close_group() { out_ += "</g>\n"; }

    /// The finished document.
    std::string finish() const { return out_ + "</svg>\n"; }

    /// Text as XML character data: & < > " ' as entities, and control characters, which XML forbids, as blanks.
    static std::string escape(std::string_view content) {
        std::string safe;
        for (char const c : content) {
            switch (c) {
                case '&':
                    safe += "&amp;";
                    break;
                case '<':
                    safe += "&lt;";
                    break;
                case '>':
                    safe += "&gt;";
                    break;
                case '"':
                    safe += "&quot;";
                    break;
                case '\'':
                    safe += "&#39;";
                    break;
                default:
                    safe += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
            }
        }
        return safe;
    }

    /// At most two decimals, without trailing zeros.
    static std::string number(double value) {
        long long const hundredths = std::llround(value * 100);
        long long const size = hundredths < 0 ? -hundredths : hundredths;
        std::string written = descent::text(hundredths < 0 ? "-" : "", size / 100);
        if (size % 100 != 0) {
            written += '.';
            written += char('0' + size % 100 / 10);
            if (size % 10 != 0)
                written += char('0' + size % 10);
        }
        return written;
    }

private:
    /// A text that is turned about `center`.
    void words(point at, std::string_view content, text_style const& style, point center) {
        open("text");
        attribute("x", at.x), attribute("y", at.y), attribute("font-size", style.size);
        attribute("text-anchor", style.anchor), attribute("fill", style.color);
        if (style.bold)
            attribute("font-weight", "bold");
        if (style.rotate != 0)
            attribute("transform", descent::text("rotate(", number(style.rotate), " ", number(center.x), " ",
                                                 number(center.y), ")"));
        out_ += descent::text(">", escape(content), "</text>\n");
    }

    void open(std::string_view name) { out_.append("<").append(name); }
    void attribute(std::string_view name, std::string_view value) {
        out_.append(" ").append(name).append("=\"").append(value).append("\"");
    }
    void attribute(std::string_view name, double value) { attribute(name, number(value)); }
    void close(std::string_view more) {
        if (!more.empty())
            out_.append(" ").append(more);
        out_ += "/>\n";
    }

    std::string out_;
};

}  // namespace descent::plot
